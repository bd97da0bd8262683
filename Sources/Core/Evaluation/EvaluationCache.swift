internal import Foundation
internal import Glibc
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
        /// SHA-256 of the shots, in their order.
        var shots: [String] = []
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

    package let directory: String
    /// Bytes of all files, at most; the longest unused are removed.
    package let capacity: Int

    package init(directory: String, capacity: Int = 512 << 20) {
        self.directory = directory
        self.capacity = capacity
    }

    /// A run of an earlier evaluation; nil when there is none.
    func run(_ key: Key, seed: Int) -> EvaluationRun? {
        // Whatever cannot be read is computed again.
        guard let path = try? path(key), let data = FileManager.default.contents(atPath: path),
            let entry = try? JSONDecoder().decode(Entry.self, from: data), entry.run.seed == seed,
            entry.run.pictures.count == key.pictures.count, entry.misjudged.allSatisfy(\.isWellFormed)
        else { return nil }
        // Its time of modification is that of its last use.
        utimensat(AT_FDCWD, path, nil, 0)
        var run = entry.run
        run.misjudged = entry.misjudged
        run.isCached = true
        return run
    }

    /// Keeps a run, under its name only when it is complete, and makes room for it.
    ///
    /// - Throws: what the file system says. The run itself is as good as before.
    func keep(_ run: EvaluationRun, _ key: Key) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let data = try JSONEncoder().encode(Entry(run: run, misjudged: run.misjudged))
        try Disk().replace(try path(key), with: [UInt8](data))
        try makeRoom()
    }

    private func path(_ key: Key) throws -> String { try directory + "/" + key.name() + Self.ending }

    private static let ending = ".run.json"

    private func makeRoom() throws {
        let keys: Set<URLResourceKey> = [.fileSizeKey, .contentModificationDateKey]
        var files: [(url: URL, bytes: Int, used: Date)] = []
        for url in try FileManager.default.contentsOfDirectory(
            at: URL(filePath: directory), includingPropertiesForKeys: Array(keys))
        where url.lastPathComponent.hasSuffix(Self.ending) {
            let values = try url.resourceValues(forKeys: keys)
            files.append((url, values.fileSize ?? 0, values.contentModificationDate ?? .distantPast))
        }
        var total = files.map(\.bytes).reduce(0, +)
        for file in files.sorted(by: { $0.used < $1.used }) where total > capacity {
            try FileManager.default.removeItem(at: file.url)
            total -= file.bytes
        }
    }
}
