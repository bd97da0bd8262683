import ControlProtocol
import Core
import Daemon
import Foundation
import Glibc
import Journal
import Logging
import NIOCore
import Platform
import ServiceLifecycle
import Settings
import Statistics
import Synchronization
import TestSupport

/// A journal in memory.
final class ListedVerdicts: VerdictSource {
    private struct State {
        var lines: [VerdictLine] = []
        var readers: [AsyncStream<Void>.Continuation] = []
    }
    private let state = Mutex(State())

    let identity: String? = "7f3c9a10d2b4e856"
    var lastSequence: UInt64 { state.withLock { $0.lines.last?.sequence ?? 0 } }

    func lines(from first: UInt64, count: Int) -> [VerdictLine] {
        state.withLock { Array($0.lines.filter { $0.sequence >= first }.prefix(count)) }
    }

    func lines(before end: UInt64, count: Int) -> [VerdictLine] {
        state.withLock { Array($0.lines.filter { $0.sequence < end }.suffix(count)) }
    }

    func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        continuation.yield()
        state.withLock { $0.readers.append(continuation) }
        return stream
    }

    func append(_ sequence: UInt64, _ verdict: Verdict, image: String? = nil) {
        let picture = image.map { #","image":"\#($0)""# } ?? ""
        append(sequence, #"{"seq":\#(sequence),"verdict":"\#(verdict.rawValue)"\#(picture)}"#)
    }

    /// As the journal has it.
    func append(_ record: InspectionRecord) throws {
        append(record.seq, String(decoding: try ControlCoding.encode(record), as: UTF8.self))
    }

    func append(_ sequence: UInt64, _ text: String) {
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

extension ShiftPlan {
    /// One shift a day.
    static var utc: ShiftPlan { ShiftPlan(zone: .gmt, shifts: [Shift(name: "day", minute: 0)]) }
}

/// The control server on a socket in a folder of its own, with a line and a fit that the test controls.
final class ControlHarness: Sendable {
    struct FitRefused: Error {}

    let folder: TemporaryFolder
    let socket: String
    let book: RecipeBook
    let recipe: Recipe
    let refit: RefitService
    let verdicts = ListedVerdicts()
    let events: EventJournal
    /// Below the events; works until a test has it fail.
    let eventDisk = FailingDisk(.never)
    private let eventLog: EventLog
    let index: IndexService
    let alarms: AlarmDesk
    let line: TestControl
    /// Of the operator's page; 0 = there is none.
    let pagePort: UInt16
    private let pageSocket: CInt
    /// Of the operator's page where it may act.
    let actionPort: UInt16
    private let actionSocket: CInt
    let pins = PinnedParts()

    private init(_ method: RecipeMethod, hasPage: Bool) throws {
        let page: (descriptor: CInt, port: UInt16) = try hasPage ? UnixClient.listener() : (-1, 0)
        pageSocket = page.descriptor
        pagePort = page.port
        let actions: (descriptor: CInt, port: UInt16) = try hasPage ? UnixClient.listener() : (-1, 0)
        (actionSocket, actionPort) = (actions.descriptor, actions.port)
        folder = try TemporaryFolder()
        socket = "\(folder.path)/control.sock"
        book = try RecipeBook.bottle(folder, method)
        recipe = try book.entry("bottle").recipe
        events = EventJournal(stateDirectory: folder.path, disk: eventDisk.disk, logger: .silent)
        eventLog = EventLog(events)
        index = IndexService(
            stateDirectory: folder.path, verdicts: verdicts, events: events, minFreeBytes: 0, logger: .silent)
        refit = RefitService(book: book, events: eventLog, logger: .silent)
        alarms = AlarmDesk(
            .init(), cameras: ["cam0"], stateDirectory: folder.path, verdicts: verdicts, logger: .silent)
        line = TestControl(
            LineReadings(
                health: Health([]),
                cameras: [
                    CameraReply(
                        name: "cam0", source: "folder", state: .inspecting, recipe: "bottle", frames: 7, dropped: 2,
                        counts: CountsReply(ok: 4, ng: 1, invalid: 2, causes: ["no_model": 2]))
                ],
                counts: CountsReply(ok: 4, ng: 1, invalid: 2, causes: ["no_model": 2]),
                latency: LatencyReply(p50: 20, p95: 30, p99: 40),
                storage: StorageReply(directory: folder.path, freeBytes: 1, lastSequence: 7, imagesDropped: 0)))
    }

    deinit {
        close(pageSocket)
        close(actionSocket)
    }

    /// Starts the server, runs `body` against it, and shuts it down in the way the daemon does.
    ///
    /// - Parameters:
    ///   - pageHosts: by which names the operator's page may be asked for; nil = there is no page.
    ///   - pageActions: what it may do, where it may.
    static func serve(
        _ change: (inout ControlSettings) -> Void = { _ in }, method: RecipeMethod = .tiny(limit: 0.25),
        fate: @escaping ImageStore.FateOf = { _ in nil }, pageHosts: [String]? = nil,
        pageActions: [Configuration.PageAction] = [],
        pin: PINHash? = nil, logger: Logger = .silent,
        _ body: (ControlHarness) async throws -> Void
    ) async throws {
        let harness = try ControlHarness(method, hasPage: pageHosts != nil)
        var settings = ControlSettings(socket: harness.socket)
        // Hundreds of tests share the machine's threads: only a test of a deadline sets one that can pass meanwhile.
        let patience = TimeAmount.minutes(2)
        (settings.headerTimeout, settings.requestTimeout, settings.idleTimeout) = (patience, patience, patience)
        change(&settings)
        let shots = ShotOperations(
            line: harness.line, refit: harness.refit, events: harness.eventLog, verdicts: harness.verdicts,
            stateDirectory: harness.folder.path, logger: logger)
        let server = ControlServer(
            settings: settings, station: "press-4", times: FindingTimes(), book: harness.book, refit: harness.refit,
            line: harness.line,
            verdicts: harness.verdicts, shots: shots, events: harness.eventLog,
            stream: PartStream(stateDirectory: harness.folder.path, logger: logger), desks: [Self.desk],
            alarms: harness.alarms,
            lots: LotDesk(cameras: ["cam0"], stateDirectory: harness.folder.path, logger: logger), index: harness.index,
            pins: harness.pins, fate: fate, plan: .utc, stateDirectory: harness.folder.path,
            logger: logger,
            reload: { _ in ReloadReply(applied: ["camera cam0 added"], needsRestart: ["control"]) })
        let page = PageServer(
            PageSettings(
                PagePlace(descriptor: pageHosts == nil ? nil : harness.pageSocket), hosts: pageHosts ?? [],
                actions: pageActions, pin: pin, at: PagePlace(descriptor: pageHosts == nil ? nil : harness.actionSocket)
            ),
            control: server, listening: PageListening(), logger: logger)
        let group = ServiceGroup(services: [harness.refit, server, page, shots], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                while (try? UnixClient(harness.socket)) == nil { try await Task.sleep(for: .milliseconds(2)) }
                try await body(harness)
            } catch {
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// A server alone, until it is cancelled.
    static func run(_ folder: TemporaryFolder, socket: String, group: String? = nil) async throws {
        try await server(folder, socket: socket, group: group).run()
    }

    /// One whose line has no camera.
    static func server(
        _ folder: TemporaryFolder, socket: String, group: String? = nil
    ) throws -> ControlServer {
        var settings = ControlSettings(socket: socket)
        settings.group = group
        let book = try RecipeBook.bottle(folder)
        let storage = StorageReply(directory: "", freeBytes: 0, lastSequence: 0, imagesDropped: 0)
        let line = TestControl(
            LineReadings(
                health: Health([Finding("cameras", .starting, "no frame")]), cameras: [], counts: CountsReply(),
                latency: nil, storage: storage))
        let events = EventLog.of(folder)
        let (refit, verdicts) = (RefitService(book: book, events: events, logger: .silent), ListedVerdicts())
        return ControlServer(
            settings: settings, station: "press-4", times: FindingTimes(), book: book, refit: refit, line: line,
            verdicts: verdicts,
            shots: ShotOperations(
                line: line, refit: refit, events: events, verdicts: verdicts, stateDirectory: folder.path,
                logger: .silent),
            events: events, stream: PartStream(stateDirectory: folder.path, logger: .silent),
            alarms: AlarmDesk(.init(), cameras: [], stateDirectory: folder.path, verdicts: verdicts, logger: .silent),
            lots: LotDesk(cameras: [], stateDirectory: folder.path, logger: .silent),
            index: IndexService(
                stateDirectory: folder.path, verdicts: verdicts, events: events.journal, minFreeBytes: 0,
                logger: .silent),
            plan: .utc, stateDirectory: folder.path, logger: .silent, reload: { _ in throw ReloadError.inProgress }
        )
    }

    /// Lines that nobody holds.
    private static var desk: OutputDesk {
        var io = Configuration.LineIO()
        (io.camera, io.chip, io.outputs[.alarm]) = ("cam0", "of nobody", Configuration.LineIO.Output())
        return OutputDesk(io)
    }

    func request(
        _ method: String, _ target: String, body: String = ""
    ) async throws -> UnixClient.Reply {
        try await UnixClient.request(method, target, socket: socket, body: Array(body.utf8))
    }

    /// Of the operator's page.
    ///
    /// - Parameter host: nil = no such line.
    func page(
        _ target: String, method: String = "GET", host: String? = "localhost", headers: [String] = [],
        body: String = "", isActing: Bool = false
    ) async throws -> UnixClient.Reply {
        let client = try UnixClient(port: isActing ? actionPort : pagePort)
        let head =
            ["\(method) \(target) HTTP/1.1"] + (host.map { ["Host: \($0)"] } ?? []) + headers
            + ["Connection: close", "Content-Length: \(body.utf8.count)"]
        client.send(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
        return try await client.reply()
    }

    /// A browser that follows the line.
    func follower(_ target: String, headers: [String] = [], from computer: UInt32 = 0) throws -> UnixClient {
        let client = try UnixClient(port: pagePort, from: computer)
        client.send((["GET \(target) HTTP/1.1", "Host: localhost"] + headers).joined(separator: "\r\n") + "\r\n\r\n")
        return client
    }

    /// Sends a picture; the answer says that it is being looked at.
    func post(_ picture: [UInt8], query: String = "") async throws -> UnixClient.Reply {
        try await UnixClient.request(
            "POST", "/v1/normals\(query)", socket: socket, headers: ["Content-Type: image/png"], body: picture)
    }

    /// Says what to take.
    func post(_ json: String, query: String = "") async throws -> UnixClient.Reply {
        try await UnixClient.request(
            "POST", "/v1/normals\(query)", socket: socket, headers: ["Content-Type: application/json"],
            body: Array(json.utf8))
    }

    /// Sends a picture and waits for the end of what becomes of it.
    @discardableResult
    func add(_ picture: [UInt8], query: String = "") async throws -> AddNormalsReply {
        try await end(of: post(picture, query: query).decoded(AddNormalsReply.self).operation)
    }

    /// Says what to take and waits for the end of what becomes of it.
    func take(_ json: String, query: String = "") async throws -> AddNormalsReply {
        try await end(of: post(json, query: query).decoded(AddNormalsReply.self).operation)
    }

    func end(of operation: UInt64) async throws -> AddNormalsReply {
        try await reply(operation) { $0.state != .running }
    }

    /// Asks where an operation stands until it is where the test wants it.
    func reply(_ operation: UInt64, _ isThere: (AddNormalsReply) -> Bool) async throws -> AddNormalsReply {
        while true {
            let reply = try await request("GET", "/v1/normals/operations/\(operation)").decoded(AddNormalsReply.self)
            if isThere(reply) { return reply }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    func waitForFit(_ fit: UInt64) async throws {
        while refit.status(of: "bottle").done < fit { try await Task.sleep(for: .milliseconds(2)) }
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

extension EventLog {
    static func of(_ folder: TemporaryFolder) -> EventLog { of(folder.path) }

    static func of(_ stateDirectory: String) -> EventLog {
        EventLog(EventJournal(stateDirectory: stateDirectory, logger: .silent))
    }
}

extension ControlHarness {
    struct Route: Hashable {
        var method: String
        var path: String
    }

    /// Every path of the daemon and its methods, as it names them itself; placeholders are `1`.
    func routes() async throws -> [Route] {
        let unknown = try await request("GET", "/nowhere").text
        let paths = unknown.matches(of: /\/(?:v1|healthz|metrics)[a-z0-9:\/]*/).map {
            String($0.0).replacing(/:[a-z0-9]+/, with: "1")
        }
        var routes: [Route] = []
        for path in paths {
            let head = try await request("PATCH", path).head
            guard let methods = head.firstMatch(of: /[Aa]llow: ([A-Z, ]+)/)?.1 else { continue }
            for method in methods.split(separator: ", ") { routes.append(Route(method: String(method), path: path)) }
        }
        return routes
    }

    func eventRecords(from first: UInt64 = 1) throws -> [EventRecord] {
        try events.lines(from: first, count: .max).map { try ControlCoding.decode(EventRecord.self, from: $0.bytes) }
    }
}
