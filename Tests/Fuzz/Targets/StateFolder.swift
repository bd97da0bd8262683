import Core
import Daemon
import Foundation
import Logging
import Platform
import Synchronization

/// A folder for targets that read files.
struct StateFolder {
    static let shared = Mutex(StateFolder())

    private let path: String

    private init() {
        path = "/dev/shm/fsac-fuzz-\(getpid())"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    private func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        let url = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// A start with a planted document.
    func readRecipe(_ bytes: [UInt8]) throws {
        let names = ["limit.json", "commission.json", "current", "fit.json", "settings"]
        let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let name = names.first(where: { $0 == line }) else { return }
        try? FileManager.default.removeItem(atPath: "\(path)/state")
        try FileManager.default.createDirectory(
            atPath: "\(path)/state/recipes/bottle/models", withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: Self.fixtures + "/version2/padim", toPath: "\(path)/state/recipes/bottle/models/1")
        try write(bytes.dropFirst(line.utf8.count + 1), to: "state/recipes/bottle/\(name)")
        let model = try FittedModel.load(from: Self.fixtures + "/version2/padim")
        let recipe = try Recipe(
            stateDirectory: "\(path)/state", name: "bottle", kind: model.kind,
            logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() })
        ) { _ in }
        _ = recipe.view.isFitDue
        _ = recipe.view.active?.limit
    }

    /// The tensors are those of the fixture that the document is made from.
    func readModel(_ bytes: [UInt8]) throws {
        try write(bytes, to: "model/model.json")
        let text = String(decoding: bytes, as: UTF8.self)
        let fixture = Self.tensors.first { text.contains($0.sha256) } ?? Self.tensors[0]
        try write(fixture.bytes, to: "model/model.safetensors")
        let model = try FittedModel.load(from: "\(path)/model")
        _ = model.findings
        _ = "\(model.kind)"
    }

    func readSidecar(_ bytes: [UInt8]) throws {
        try write(bytes, to: "a.json")
        _ = try WeightsSidecar.read(path: "\(path)/a.json")
    }

    func recoverJournal(_ bytes: [UInt8]) throws {
        let folder = "\(path)/journal"
        try? FileManager.default.removeItem(atPath: folder)
        try write(bytes, to: "journal/00000000000000000001.jsonl")
        let start = JournalRecovery.run(folder: folder, disk: Disk())
        precondition(start.lastSequence <= 1 << 60, "segment: number \(start.lastSequence)")
    }

    /// Of the models in the fixtures.
    private static let tensors: [(sha256: String, bytes: [UInt8])] = {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: fixtures + "/version2").sorted()) ?? []
        return folders.compactMap { name in
            guard let data = FileManager.default.contents(atPath: "\(fixtures)/version2/\(name)/model.safetensors")
            else { return nil }
            return (hexadecimal(SHA256.digest(of: data)), Array(data))
        }
    }()

    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../CoreTests/Fixtures").standardizedFileURL.path
}
