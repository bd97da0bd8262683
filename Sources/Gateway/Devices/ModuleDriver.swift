import ControlClient
import ControlProtocol
import Platform
import Synchronization

/// One remote I/O module at work: a thread that does what fsacd orders, and one that looks at the inputs and whether orders still come.
///
/// Whatever goes wrong (the module does not answer, fsacd does not order, an input's change cannot be told) ends the session, and the
/// outputs are made inactive before another one begins.
final class ModuleDriver: Sendable {
    /// fsacd repeats its order each quarter of a second.
    private static let silence = Duration.seconds(1)
    private static let pause = Duration.milliseconds(500)
    /// For fsacd to take a report.
    private static let patience = Duration.milliseconds(500)

    /// From fsacd's first order to the end.
    private struct Session {
        let number: UInt64
        let connection: ModbusConnection
        var outputs: Int
        var inputs: Int
        var orderedAt: ContinuousClock.Instant
        /// Why it is over.
        var failure: String?
    }

    let settings: ModuleSettings
    private let client: DaemonClient
    private let session = Monitor<Session?>(nil)
    private let trouble: DeviceTrouble
    /// Of the thread that looks.
    let turns = Atomic<UInt64>(0)

    init(_ settings: ModuleSettings, client: DaemonClient) {
        (self.settings, self.client) = (settings, client)
        trouble = DeviceTrouble(of: "module \(settings.name)", well: "driven")
    }

    func start() {
        NamedThread.start("fsac-module", niceness: -5) { [self] in
            while true {
                drive()
                MonotonicTime.sleep(Self.pause)
            }
        }
        NamedThread.start("fsac-inputs", niceness: -5) { [self] in
            var levels: (session: UInt64, bits: [Bool])?
            while true {
                let begun = ContinuousClock.now
                look(&levels)
                turns.wrappingAdd(1, ordering: .relaxed)
                MonotonicTime.sleep(settings.poll - (.now - begun))
            }
        }
    }

    /// For people.
    var line: String { trouble.line }

    // MARK: Orders

    /// One session, from its beginning to its end.
    private func drive() {
        do {
            let connection = try ModbusConnection(settings.device)
            let address = "\(settings.device.address.host):\(settings.device.address.port)"
            try client.follow(ControlPath.ioModule, query: ["name": settings.name, "address": address]) { _, line in
                try carryOut(try ControlCoding.decode(ModuleOrder.self, from: line), connection)
            }
            tell("fsacd ended the session")
        } catch let error as DeviceError {
            tell("\(settings.device.address.host): \(error)")
        } catch {
            tell(ErrorWords.of(error))
        }
        makeSafe()
    }

    private func carryOut(_ order: ModuleOrder, _ connection: ModbusConnection) throws {
        session.withLock { session in
            if session?.number != order.session {
                session = Session(
                    number: order.session, connection: connection, outputs: order.outputs.count, inputs: order.inputs,
                    orderedAt: .now)
            }
            session?.orderedAt = .now
        }
        try checkSession()
        try connection.setOutputs(order.outputs, settings)
        // Ended meanwhile by the other thread, whose word is the last.
        try checkSession()
        try report(ModuleReport(name: settings.name, session: order.session, written: order.number))
        trouble.tell(nil)
    }

    private func checkSession() throws {
        if let failure = session.read({ $0?.failure }) { throw Ended(description: failure) }
    }

    private struct Ended: Error, CustomStringConvertible {
        let description: String
    }

    private func report(_ report: ModuleReport) throws {
        try client.tell(ControlPath.ioModule, report, timeout: Self.patience)
    }

    // MARK: The end of a session

    /// All outputs inactive, by the connection there is or by a new one; what cannot be reached is the module's own watchdog's.
    private func makeSafe() {
        guard
            let last = session.withLock({ session in
                defer { session = nil }
                return session
            })
        else { return }
        let off = [Bool](repeating: false, count: last.outputs)
        do throws(DeviceError) {
            try last.connection.setOutputs(off, settings)
        } catch {
            // Where this fails, too, the next session begins with it.
            try? ModbusConnection(settings.device).setOutputs(off, settings)
        }
    }

    /// Why a session is over, to people and to fsacd, which may be what is away.
    private func tell(_ words: String) {
        trouble.tell(words)
        try? report(ModuleReport(name: settings.name, trouble: words))
    }

    // MARK: Inputs

    private func look(_ levels: inout (session: UInt64, bits: [Bool])?) {
        guard let current = session.read(\.self), current.failure == nil else {
            levels = nil
            return
        }
        guard .now - current.orderedAt < Self.silence else {
            return end(current, "fsacd has ordered nothing for a second")
        }
        guard current.inputs > 0 else { return }
        do {
            let answer = try current.connection.ask(
                .readInputs(address: settings.inputsAt, count: current.inputs))
            // Not before the edge: the part's frame begins after it.
            let time = MonotonicTime.nanoseconds
            guard case .bits(let bits) = answer else { return }
            defer { levels = (current.number, bits) }
            guard let levels, levels.session == current.number else { return }
            let changes = bits.indices.filter { bits[$0] != levels.bits[$0] }.map {
                ModuleReport.Change(input: $0, active: bits[$0], time: time)
            }
            guard !changes.isEmpty else { return }
            try report(ModuleReport(name: settings.name, session: current.number, changes: changes))
        } catch {
            end(current, "inputs: \(ErrorWords.of(error))")
        }
    }

    /// By the thread that looks: the other one may wait for fsacd.
    private func end(_ current: Session, _ words: String) {
        session.withLock { session in
            if session?.number == current.number { session?.failure = words }
        }
        // Where this fails it is the module's watchdog that does it.
        try? current.connection.setOutputs([Bool](repeating: false, count: current.outputs), settings)
        tell(words)
    }
}
