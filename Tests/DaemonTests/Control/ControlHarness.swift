import ControlProtocol
import Core
import Daemon
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A journal in memory.
final class ListedVerdicts: VerdictSource {
    private struct State {
        var lines: [VerdictLine] = []
        var readers: [AsyncStream<Void>.Continuation] = []
    }
    private let state = Mutex(State())

    var lastSequence: UInt64 { state.withLock { $0.lines.last?.sequence ?? 0 } }

    func lines(from first: UInt64, count: Int) -> [VerdictLine] {
        state.withLock { Array($0.lines.filter { $0.sequence >= first }.prefix(count)) }
    }

    func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        continuation.yield()
        state.withLock { $0.readers.append(continuation) }
        return stream
    }

    func append(_ sequence: UInt64, _ verdict: Verdict, image: String? = nil) {
        let picture = image.map { #","image":"\#($0)""# } ?? ""
        let text = #"{"seq":\#(sequence),"verdict":"\#(verdict.rawValue)"\#(picture)}"#
        state.withLock { state in
            state.lines.append(VerdictLine(sequence: sequence, bytes: Array(text.utf8)))
            for reader in state.readers { reader.yield() }
        }
    }

    /// What retention does.
    func forget(before sequence: UInt64) {
        state.withLock { state in state.lines.removeAll { $0.sequence < sequence } }
    }
}

/// The control server on a socket in a folder of its own, with a line and a fit that the test controls.
final class ControlHarness: Sendable {
    struct FitRefused: Error {}

    let folder: TemporaryFolder
    let socket: String
    let recipe: Recipe<TinyModel>
    let refit: RefitService<TinyModel>
    let verdicts = ListedVerdicts()
    let readings: Mutex<LineReadings>

    private init() throws {
        folder = try TemporaryFolder()
        socket = "\(folder.path)/control.sock"
        recipe = try Recipe(stateDirectory: folder.path, name: "bottle", kind: TinyModel.kind, logger: .silent) { _ in }
        refit = RefitService(recipe: recipe, logger: .silent) { shots, _, _ in
            TinyModel(shots: shots.map(\.sha256).sorted(), limit: 0.25)
        }
        readings = Mutex(
            LineReadings(
                state: .inspecting, reason: nil,
                camera: CameraReply(name: "cam0", source: "folder", frames: 7, dropped: 2),
                counts: CountsReply(ok: 4, ng: 1, invalid: 2, causes: ["no_model": 2]),
                latency: LatencyReply(p50: 20, p95: 30, p99: 40),
                storage: StorageReply(directory: folder.path, freeBytes: 1, lastSequence: 7, imagesDropped: 0)))
    }

    /// Starts the server, runs `body` against it, and shuts it down in the way the daemon does.
    static func serve(
        _ change: (inout ControlSettings) -> Void = { _ in }, _ body: (ControlHarness) async throws -> Void
    ) async throws {
        let harness = try ControlHarness()
        var settings = ControlSettings(socket: harness.socket)
        change(&settings)
        let server = ControlServer(
            settings: settings, recipe: harness.recipe, refit: harness.refit, verdicts: harness.verdicts,
            stateDirectory: harness.folder.path, logger: .silent,
            line: { harness.readings.withLock { $0 } })
        let group = ServiceGroup(services: [harness.refit, server], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                while (try? UnixClient(harness.socket)) == nil { try await Task.sleep(for: .milliseconds(2)) }
                try await body(harness)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func request(
        _ method: String, _ target: String, body: String = ""
    ) async throws -> UnixClient.Reply {
        try await UnixClient.request(method, target, socket: socket, body: Array(body.utf8))
    }

    func add(_ picture: [UInt8], query: String = "") async throws -> UnixClient.Reply {
        try await UnixClient.request(
            "POST", "/v1/normals\(query)", socket: socket, headers: ["Content-Type: image/png"], body: picture)
    }

    func waitForFit(_ fit: UInt64) async throws {
        while refit.status.done < fit { try await Task.sleep(for: .milliseconds(2)) }
    }
}

extension UnixClient.Reply {
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try ControlCoding.decode(type, from: body)
    }

    var errorCode: ErrorCode? {
        // Nil is what a test sees when the body is no error envelope.
        try? decoded(ErrorReply.self).error.code
    }
}
