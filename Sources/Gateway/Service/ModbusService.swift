import ControlClient
import ControlProtocol
import Platform
import Synchronization

/// The Modbus server at work: a thread that follows the daemon's stream, one that serves PLCs, and tasks that carry out what they ask
/// for. All of them meet at the desk, which is locked for moments.
final class ModbusService: Sendable {
    /// Between two attempts to reach the daemon.
    private static let pause = Duration.milliseconds(250)

    private let client: DaemonClient
    private let settings: ModbusSettings
    private let clerk: ModbusClerk
    private let desk: Mutex<ModbusDesk>
    private let server: Monitor<ModbusServer?> = Monitor(nil)
    private let mirrors: Monitor<[MirrorWriter]> = Monitor([])
    /// On the side of PLCs, as it was told.
    private let troubles = Mutex<[String]>([])
    /// Of the server's loop, which turns ten times a second.
    private let movement = Mutex(LoopMovement(within: .seconds(2)))

    /// Reads what was kept of the units.
    init(_ settings: ModbusSettings, client: DaemonClient, stateDirectory: String) throws {
        self.client = client
        self.settings = settings
        let places = ModbusPlaces(directory: stateDirectory)
        clerk = ModbusClerk(client: client, places: places)
        desk = Mutex(
            ModbusDesk(
                settings, places: try places.read(units: settings.cameras.count), start: .random(in: 1...UInt16.max)))
    }

    func start() throws {
        if settings.isServer {
            let server = try ModbusServer(settings) { [self] frame, mayWrite in answer(frame, mayWrite: mayWrite) }
            server.start()
            self.server.withLock { $0 = server }
        }
        for mirror in settings.mirrors { start(mirror) }
        NamedThread.start("fsac-events") { [self] in
            while true { follow() }
        }
        GatewayLog.say(.notice, "modbus: serving \(settings.cameras.joined(separator: ", "))")
    }

    private func start(_ settings: MirrorSettings) {
        guard let index = self.settings.cameras.firstIndex(of: settings.camera) else { return }
        let mirror = MirrorWriter(settings) { [self] pdu in
            answer(ModbusFrame(transaction: 0, unit: UInt8(index + 1), pdu: pdu), mayWrite: true).pdu
        }
        mirror.start()
        mirrors.withLock { $0.append(mirror) }
    }

    /// Whether the loop that serves PLCs moves.
    var isMoving: Bool {
        guard let server = server.read(\.self) else { return true }
        return movement.withLock { $0.goesOn(server.turns.load(ordering: .relaxed)) }
    }

    /// For people.
    var line: String {
        let (isKnown, state) = desk.withLock { ($0.view.isKnown(at: .now), $0.view.status?.state) }
        let clients = server.read { $0?.clients.load(ordering: .relaxed) } ?? 0
        let line = isKnown ? state?.rawValue ?? "" : "not known: fsacd does not answer"
        let server = settings.isServer ? ["\(clients) Modbus clients"] : []
        return (["line \(line)"] + server + mirrors.read { $0.map(\.line) } + troubles.withLock(\.self))
            .joined(separator: "; ")
    }

    /// In the log when it begins and when it is over. Called each half second.
    func look() {
        let found = desk.withLock { $0.troubles(at: .now) }
        let known = troubles.withLock { troubles in
            defer { troubles = found }
            return troubles
        }
        for trouble in found where !known.contains(trouble) { GatewayLog.say(.warning, "modbus: \(trouble)") }
        for trouble in known where !found.contains(trouble) { GatewayLog.say(.notice, "modbus: over: \(trouble)") }
    }

    private func answer(_ frame: ModbusFrame, mayWrite: Bool) -> ModbusFrame {
        let (reply, order) = desk.withLock { desk in
            desk.answer(frame, mayWrite: mayWrite, at: .now, time: .now)
        }
        // Its own task: the PLC has its reply, and asks again how it went.
        if let order {
            Task {
                let outcome = await clerk.carryOut(order)
                desk.withLock { $0.finish(order, outcome, at: .now) }
            }
        }
        return reply
    }

    // MARK: The daemon's stream

    private enum Break: Error {
        /// Verdicts that were left to the journal have room now.
        case readAgain
    }

    /// One connection to the daemon, from its beginning to its end.
    private func follow() {
        var place = desk.withLock { desk in
            defer { desk.begin() }
            return desk.place
        }
        place["heartbeat_ms"] = "\(StationView.heartbeatMilliseconds)"
        var hasBegun = false
        do {
            try client.events(place) { event in
                if !hasBegun {
                    hasBegun = true
                    GatewayLog.say(.notice, "fsacd: connected")
                }
                let isFull = desk.withLock { desk in
                    desk.take(event, at: .now)
                    return desk.wantsToReadAgain
                }
                if case .gap(let gap) = event {
                    GatewayLog.say(.warning, "fsacd: the journal has no numbers \(gap.from) to \(gap.to) (any more)")
                }
                if isFull { throw Break.readAgain }
            }
            GatewayLog.say(.warning, "fsacd: ended the stream")
        } catch Break.readAgain {
            return
        } catch DaemonError.refused(let body) where body.code == .invalidRequest && place["since"] != nil {
            // A place that the journal does not have: it is another one, or was set back.
            GatewayLog.say(
                .warning, "fsacd: \(body.message): the journal is another one, beginning with its newest lines")
            desk.withLock { $0.forgetPlace() }
        } catch {
            tell(error, hadBegun: hasBegun)
        }
        desk.withLock { $0.end(at: .now) }
        MonotonicTime.sleep(Self.pause)
    }

    private let lastTrouble = Mutex("")

    /// Once, as long as it is the same.
    private func tell(_ error: any Error, hadBegun: Bool) {
        let words = ErrorWords.of(error)
        let isNew = lastTrouble.withLock { last in
            defer { last = words }
            return hadBegun || last != words
        }
        if isNew { GatewayLog.say(.warning, "fsacd: \(words)") }
    }
}
