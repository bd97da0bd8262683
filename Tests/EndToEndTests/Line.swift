import ControlProtocol
import Foundation
import Glibc

/// A line of its own for one test: state, configuration, replayed frames and the daemon, all in a temporary folder.
final class Line {
    let folder: String
    let models: String
    private(set) var daemon: Program?
    private var starts = 0

    var state: String { "\(folder)/state" }
    var frames: String { "\(folder)/frames" }
    var socket: String { "\(folder)/control.sock" }
    var configurationPath: String { "\(folder)/config.toml" }

    /// - Parameters:
    ///   - frames: pictures by file name; replayed over and over in the order of their names.
    init(
        frames pictures: [String: [UInt8]], rateHertz: Double = 25, models: String = Weights.directory,
        method: String = "patch-memory", extra: String = ""
    ) throws {
        // Short, because the path of a Unix socket has to fit into 107 bytes.
        folder = "/tmp/fsac-\(UUID().uuidString.prefix(8))"
        self.models = models
        try FileManager.default.createDirectory(atPath: "\(folder)/frames", withIntermediateDirectories: true)
        for (name, bytes) in pictures { try Data(bytes).write(to: URL(filePath: "\(folder)/frames/\(name)")) }
        try configure(rateHertz: rateHertz, method: method, extra: extra)
    }

    deinit {
        daemon?.send(SIGKILL)
        // A folder that stays behind in /tmp breaks no test.
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Writes the configuration; `camera` is appended to the camera's table, `extra` to the recipe's.
    func configure(
        rateHertz: Double = 25, camera: String = "", method: String = "patch-memory", extra: String = ""
    ) throws {
        let text = """
            state_directory = "\(state)"
            models_directory = "\(models)"

            [control]
            socket = "\(socket)"

            [camera]
            source = "folder"
            path = "\(frames)"
            mode = "replay"
            rate_hz = \(rateHertz)
            \(camera)

            [journal]
            # This machine may be busy; what a disk that does not answer does is tested elsewhere.
            sync_deadline_ms = 60000

            [images]
            save_images = "all"
            save_heatmaps = "all"

            [recipe]
            name = "part"
            backbone = "efficientnet-lite0"
            method = "\(method)"
            input_size = 160
            rotations = 1
            \(extra)

            """
        try text.write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }

    // MARK: The daemon

    /// Starts the daemon and waits until it answers.
    func start(environment: [String: String] = [:]) async throws {
        let daemon = try launch(environment: environment)
        try await eventually("the daemon to answer", evidence: { daemon.standardError }) {
            guard daemon.isRunning else {
                throw TookTooLong(what: "a daemon that ended", evidence: daemon.standardError)
            }
            return try await self.fsacctl("status").exitCode == 0
        }
    }

    /// Starts a daemon without waiting.
    @discardableResult
    func launch(environment: [String: String] = [:]) throws -> Program {
        starts += 1
        let program = try Program(
            "fsacd", ["--config", configurationPath], folder: folder, label: "fsacd-\(starts)",
            environment: environment)
        daemon = program
        return program
    }

    /// - Returns: the exit code.
    func stop() async throws -> Int32 {
        daemon?.send(SIGTERM)
        return try await daemon?.exitCode(within: .seconds(15)) ?? 0
    }

    /// Sends a signal to the daemon.
    func send(_ signal: Int32) { daemon?.send(signal) }

    func kill() async throws {
        daemon?.send(SIGKILL)
        try await daemon?.exitCode()
    }

    /// The lines on standard error of all daemons of this line.
    var daemonMessages: [Substring] {
        (0..<starts).flatMap { start in
            let bytes = FileManager.default.contents(atPath: "\(folder)/fsacd-\(start + 1).err") ?? Data()
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        }
    }

    // MARK: The client

    func fsacctl(_ arguments: String...) async throws -> Program.Output {
        try await Program.run("fsacctl", arguments + ["--socket", socket], folder: folder)
    }

    func status() async throws -> StatusReply {
        let output = try await fsacctl("status", "--json")
        return try ControlCoding.decode(StatusReply.self, from: Data(output.standardOutput.utf8))
    }

    /// Writes a picture next to the frames' folder, for `add-normal`.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    /// What a monitor sees.
    func health() async throws -> (status: Int, reply: HealthReply) {
        let reply = try await SocketRequest.get(ControlPath.health, socket: socket)
        return (reply.status, try ControlCoding.decode(HealthReply.self, from: reply.body))
    }

    // MARK: The journal

    var journal: Journal { get throws { try Journal(stateDirectory: state) } }

    /// Waits until the journal goes to `sequence`.
    func inspect(until sequence: UInt64) async throws {
        try await eventually("verdict \(sequence)", evidence: { self.daemon?.standardError ?? "" }) {
            try (self.journal.records.last?.seq ?? 0) >= sequence
        }
    }

    /// Waits for `count` more verdicts, and gives them.
    @discardableResult
    func inspect(next count: UInt64) async throws -> [JournalRecord] {
        let last = try journal.records.last?.seq ?? 0
        // Counted: behind a crash numbers go on further on.
        try await eventually("\(count) verdicts after \(last)", evidence: { self.daemon?.standardError ?? "" }) {
            try self.journal.records.count { $0.seq > last } >= count
        }
        return try journal.records.filter { $0.seq > last }
    }

    /// As ``inspect(next:)``, of a model alone: it is swapped in a moment after whoever asked for it has the answer.
    func inspectByModel(next count: UInt64) async throws -> [JournalRecord] {
        let last = try journal.records.last?.seq ?? 0
        func found() throws -> [JournalRecord] { try journal.records.filter { $0.seq > last && $0.generation != nil } }
        try await eventually("\(count) verdicts by a model", evidence: { self.daemon?.standardError ?? "" }) {
            try found().count >= count
        }
        return try found()
    }
}

/// The weights that `make weights` leaves.
enum Weights {
    /// `$FSAC_MODELS`, else `models` of this package.
    static let directory: String =
        ProcessInfo.processInfo.environment["FSAC_MODELS"]
        ?? URL(filePath: #filePath).appending(path: "../../../models").standardizedFileURL.path

    static var areThere: Bool {
        FileManager.default.fileExists(atPath: "\(directory)/efficientnet-lite0.safetensors")
    }
}
