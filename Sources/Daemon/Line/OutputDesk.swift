import CGPIO
package import ControlProtocol
import Glibc
import LineIO
package import Platform
package import Settings
import Synchronization

/// Where the line tells the lines of one camera what becomes of parts, and what others see of them.
///
/// Nobody who tells something waits: the thread of ``OutputLoop`` is rung and takes it. The lock is held for moments.
package final class OutputDesk: HealthSource {
    enum Message: Sendable {
        case begin(UInt64, at: Duration)
        /// `since` is when its line was in the journal.
        case decide(UInt64, OutputStateMachine.Outcome, since: Duration)
        case withdraw(UInt64)
        case clearAlarms
        case test(OutputSignal)
    }

    private struct State {
        var mail: [Message] = []
        /// Some of the mail was lost.
        var isOverfull = false
        var isStopping = false
        var numbers: UInt64 = 0
        var reply: IOReply
        var latencies = LatencyHistogram()
        /// No trigger would be judged, and nothing is under way.
        var isQuiet = true
    }

    /// With one piece of work of the chip.
    private static let patience = Duration.milliseconds(1500)
    /// More than may be under way by far: two for each part.
    private static let mailLimit = 4096

    package let io: Configuration.LineIO
    /// Rung when there is mail.
    let bell: CInt
    /// Whose lines they are, where it is no chip of this computer.
    let module: RemoteModule?
    /// Of the thread.
    package let progress = LoopProgress()
    private let state: Mutex<State>

    package init(_ io: Configuration.LineIO) {
        self.io = io
        let bell = fsac_gpio_bell()
        precondition(bell >= 0, "no eventfd: errno \(errno)")
        self.bell = bell
        module = io.driver == .modbus ? RemoteModule(io) { OutputDesk.ring(bell) } : nil
        state = Mutex(State(reply: IOReply(camera: io.camera, chip: io.chip, outage: "the lines are not held yet")))
    }

    deinit { close(bell) }

    // MARK: For the line

    /// A part begins. It is a reject until it is told to be OK.
    func announce(at time: ContinuousClock.Instant) -> UInt64 {
        // Of now: the two clocks differ by the time that the computer slept.
        let begun = Duration.microseconds(Moment.now.microseconds(of: time))
        let number = nextNumber()
        send(.begin(number, at: begun))
        return number
    }

    /// For a part that the thread of the lines begins itself.
    func nextNumber() -> UInt64 {
        state.withLock { state in
            state.numbers += 1
            return state.numbers
        }
    }

    /// A part has its line in the journal.
    func tell(_ number: UInt64, _ record: InspectionRecord) {
        send(.decide(number, OutputStateMachine.Outcome(record), since: .sinceBoot))
    }

    func withdraw(_ number: UInt64) { send(.withdraw(number)) }

    /// Why parts get no verdict; nil where they do.
    var hindrance: Invalidity? {
        guard io.required, let outage else { return nil }
        return Invalidity(.ioLost, outage)
    }

    /// Why the lines say nothing.
    private var outage: String? {
        if let silence = progress.hang(beyond: Self.patience) {
            return "the chip has not answered for \(silence.wholeSeconds)"
        }
        return state.withLock(\.reply.outage)
    }

    // MARK: For others

    package var reply: IOReply { state.withLock(\.reply) }
    package var latencies: LatencyHistogram { state.withLock(\.latencies) }
    package var isQuiet: Bool { state.withLock(\.isQuiet) }

    package func clearAlarms() { send(.clearAlarms) }
    package func test(_ signal: OutputSignal) { send(.test(signal)) }

    package var findings: [Finding] {
        let place = "io \(io.camera)"
        var findings = reply.alarms.map {
            Finding(warning: place, "alarm \($0): `fsacctl io acknowledge` once its cause is gone")
        }
        if let outage {
            findings.append(io.required ? Finding(place, .ioLost, outage) : Finding(warning: place, outage))
        }
        return findings
    }

    // MARK: For the thread

    func stop() {
        state.withLock { $0.isStopping = true }
        ring()
    }

    func take() -> (mail: [Message], isOverfull: Bool, isStopping: Bool) {
        // The bell first: what comes in between rings again.
        var count: UInt64 = 0
        _ = read(bell, &count, MemoryLayout.size(ofValue: count))
        return state.withLock { state in
            defer { (state.mail, state.isOverfull) = ([], false) }
            return (state.mail, state.isOverfull, state.isStopping)
        }
    }

    func show(_ reply: IOReply, _ latencies: LatencyHistogram, isQuiet: Bool) {
        state.withLock { ($0.reply, $0.latencies, $0.isQuiet) = (reply, latencies, isQuiet) }
    }

    private func send(_ message: Message) {
        state.withLock { state in
            if state.mail.count < Self.mailLimit { state.mail.append(message) } else { state.isOverfull = true }
        }
        ring()
    }

    private func ring() { Self.ring(bell) }

    private static func ring(_ bell: CInt) {
        var one: UInt64 = 1
        // Full only after 2^64 - 1 rings: then it rings anyway.
        _ = write(bell, &one, MemoryLayout.size(ofValue: one))
    }
}

extension OutputStateMachine.Outcome {
    /// What the lines may say of a journal line: an OK that is nowhere but in memory releases nothing.
    package init(_ record: InspectionRecord) {
        switch (record.verdict, record.stored) {
        case (.ok, .synced), (.ok, .written): self = .ok
        case (.ng, _): self = .ng
        case (.ok, _), (.invalid, _): self = .invalid
        }
    }
}
