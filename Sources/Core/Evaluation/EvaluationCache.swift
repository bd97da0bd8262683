internal import Foundation
import Platform

/// Finished runs of evaluations, one file a run, named by everything that determines its outcome.
///
/// A file that is damaged or missing is no error: the run is computed again. Nothing here can make a run wrong.
package struct EvaluationCache: Sendable {
    /// What determines a run.
    package struct Key: Encodable, Sendable {
        /// SHA-256 of the program: another build may compute otherwise.
        package var program: String
        package var backbone: BackboneIdentity
        package var settings: MethodSettings
        package var threads: Int
        /// Whether fits made synthetic anomalies.
        var hasAnomalies = true
        /// SHA-256 of the shots, in their order.
        var shots: [String] = []
        /// SHA-256 of the parts that taught it.
        var stream: [String] = []
        /// Name, SHA-256 of the bytes and of the mask of each test picture, in their order.
        var pictures: [[String]] = []

        package init(program: String, backbone: BackboneIdentity, settings: MethodSettings, threads: Int) {
            self.program = program
            self.backbone = backbone
            self.settings = settings
            self.threads = threads
        }

        /// The SHA-256 of the program that runs.
        package static func runningProgram() throws -> String {
            try sha256(ofFile: "/proc/self/exe")
        }

        func name() throws -> String {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return hexadecimal(SHA256.digest(of: try encoder.encode(self)))
        }
    }

    private struct Entry: Codable {
        let run: EvaluationRun
        let misjudged: [MisjudgedPicture]
    }

    private let folder: CacheFolder
    package var directory: String { folder.path }

    /// - Parameter capacity: bytes of all files, at most; the longest unused are removed.
    package init(directory: String, capacity: Int = 512 << 20) {
        folder = CacheFolder(path: directory, ending: ".run.json", capacity: capacity)
    }

    /// A run of an earlier evaluation; nil when there is none.
    func run(_ key: Key, seed: Int) -> EvaluationRun? {
        // Whatever cannot be read is computed again.
        guard let path = try? path(key), let data = FileManager.default.contents(atPath: path),
            let entry = try? JSONDecoder().decode(Entry.self, from: data), entry.run.seed == seed,
            entry.run.pictures.count == key.pictures.count, entry.misjudged.allSatisfy(\.isWellFormed)
        else { return nil }
        folder.touch(path)
        var run = entry.run
        run.misjudged = entry.misjudged
        run.isCached = true
        return run
    }

    /// Keeps a run, under its name only when it is complete, and makes room for it.
    ///
    /// - Throws: what the file system says. The run itself is as good as before.
    func keep(_ run: EvaluationRun, _ key: Key) throws {
        try folder.create()
        let data = try JSONEncoder().encode(Entry(run: run, misjudged: run.misjudged))
        try Disk().replace(try path(key), with: [UInt8](data))
        try folder.makeRoom()
    }

    private func path(_ key: Key) throws -> String { try folder.file(key.name()) }
}
