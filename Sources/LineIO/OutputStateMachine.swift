package import Settings

/// What a camera's output lines say, without threads, clocks and hardware: parts, verdicts, inputs and time in, levels and the
/// next deadline out. Times are of the monotonic clock; whoever asks gives the present one, which never goes back.
///
/// Everything fails to the safe side. A part is decided once: by its result on the lines, or by its reject pulse, whichever
/// comes first. `ok` is active for the part alone whose OK came in time; what is late, forgotten, or too much, is a reject.
package struct OutputStateMachine: Sendable {
    package enum Outcome: Sendable, Equatable { case ok, ng, invalid }

    /// How the line does.
    package struct Condition: Sendable, Equatable {
        /// A trigger now would be judged.
        package var isReady = false
        package var isHealthy = false
        /// Every loop moves, and frames are fresh.
        package var isAlive = false
        /// The parts ask for somebody.
        package var hasAlarm = false

        package init() {}

        package init(isReady: Bool, isHealthy: Bool, isAlive: Bool, hasAlarm: Bool = false) {
            (self.isReady, self.isHealthy, self.isAlive) = (isReady, isHealthy, isAlive)
            self.hasAlarm = hasAlarm
        }
    }

    package enum Alarm: String, Sendable, CaseIterable {
        /// Parts or results came faster than they were read. None is OK until nothing is under way any more.
        case overrun
        /// Edges came faster than they were read.
        case triggerLost = "trigger_lost"
        /// The sensor behind the ejector saw nothing.
        case rejectNotConfirmed = "reject_not_confirmed"
    }

    /// Since the start.
    package struct Counts: Sendable, Equatable {
        package var parts: UInt64 = 0
        package var ok: UInt64 = 0
        package var ng: UInt64 = 0
        package var invalid: UInt64 = 0
        /// Of those invalid, the parts that nothing was said of in time.
        package var late: UInt64 = 0
        /// Pulses that the next one cut.
        package var overlapped: UInt64 = 0
        /// Parts that are not on the lines at all, for too many waited.
        package var overrun: UInt64 = 0

        package init() {}
    }

    package struct Result: Sendable, Equatable {
        package let number: UInt64
        package internal(set) var outcome: Outcome
    }

    enum Display {
        /// Nothing is shown, since then.
        case idle(since: Duration)
        /// The result's lines stand, and `result_valid` does not yet.
        case settling(Result, since: Duration)
        /// `result_valid` has risen.
        case valid(Result, since: Duration, risen: Duration)
    }

    /// Parts that may be without a result, and results that may wait.
    package static let partLimit = 64
    private static let handshakeLimit = 8
    private static let testPulse = Duration.milliseconds(500)
    /// An OK that stands for long falls when the line has been dead for so long.
    static let deadPatience = Duration.seconds(1)
    /// After the lines were taken the heartbeat stands still for longer than a PLC waits for it: it sees each restart.
    private static let silence = Duration.seconds(2)

    let io: Configuration.LineIO
    private(set) var now: Duration
    /// Parts without a result on the lines, in their order.
    private(set) var parts: [UInt64] = []
    /// Those that have one, which waits to be shown.
    private(set) var results: [Result] = []
    private(set) var display: Display
    /// The next result has a clean start: a trigger came (`latch`).
    private var isClearing = false
    private(set) var rejects: RejectSchedule
    /// By when a reject has to be confirmed, in their order.
    private(set) var confirmations: [Duration] = []
    private(set) var heartbeatSince: Duration?
    /// See ``silence``.
    private var silentUntil = Duration.zero
    /// Since when parts get no verdicts; nil while they do.
    private(set) var deadSince: Duration?
    private(set) var tests: [OutputSignal: Duration] = [:]
    private(set) var condition = Condition()
    /// See ``Alarm/overrun``.
    private(set) var isOverrun = false
    package private(set) var alarms: Set<Alarm> = []
    package private(set) var counts = Counts()

    package init(_ io: Configuration.LineIO, now: Duration) {
        self.io = io
        self.now = now
        // Nothing is known of what the lines did before.
        display = .idle(since: now)
        deadSince = now
        rejects = RejectSchedule(
            pulse: Self.milliseconds(io.outputs[.reject]?.pulseMilliseconds), gap: .milliseconds(io.gapMilliseconds))
    }

    private static func milliseconds(_ count: Int?) -> Duration { .milliseconds(count ?? 0) }

    func pulse(_ signal: OutputSignal) -> Duration { Self.milliseconds(io.outputs[signal]?.pulseMilliseconds) }

    /// So long a result stands before the next one may take its place.
    var readTime: Duration { io.outputs[.resultValid] == nil ? .milliseconds(20) : pulse(.resultValid) }

    var gap: Duration { .milliseconds(io.gapMilliseconds) }

    // MARK: What happens

    /// The lines are held from now on: at the start, or again.
    package mutating func linesTaken(now: Duration) {
        advance(to: now)
        silentUntil = now + Self.silence
        heartbeatSince = nil
        // What is between sensor and ejector now was triggered when nobody read the line.
        if let delay = io.rejectDelay { rejects.hold(until: now + delay) }
    }

    /// The lines are held no more. What they said is over, and no part that is under way is OK.
    package mutating func linesLost(now: Duration) {
        advance(to: now)
        if let shown { parts.removeAll { $0 == shown.number } }
        display = .idle(since: now)
        tests = [:]
        fail(now: now)
    }

    /// A part has begun: its trigger came then. It will be rejected unless an OK comes in time.
    ///
    /// - Returns: false = too many are under way: it will be no result on the lines.
    package mutating func begin(_ number: UInt64, at time: Duration, now: Duration) -> Bool {
        advance(to: now)
        counts.parts += 1
        isClearing = io.mode == .latch
        if let delay = io.rejectDelay, !rejects.add(number, at: time + delay) {
            counts.overrun += 1
            overrun()
            return false
        }
        return admit(number, now: now)
    }

    /// A trigger was lost between these two moments: the part is somewhere, and has no verdict.
    package mutating func lose(_ number: UInt64, after: Duration?, before: Duration, now: Duration) {
        advance(to: now)
        counts.parts += 1
        alarms.insert(.triggerLost)
        if let delay = io.rejectDelay {
            // All that passes the ejector between the two is rejected.
            rejects.add(number, at: max((after ?? before) + delay, now), holdUntil: before + delay)
        }
        if admit(number, now: now) { decide(number, .invalid, now: now) }
    }

    private mutating func admit(_ number: UInt64, now: Duration) -> Bool {
        guard parts.count < Self.partLimit else {
            counts.overrun += 1
            overrun()
            return false
        }
        parts.append(number)
        advance(to: now)
        return true
    }

    /// What became of a part. What comes too late, or a second time, changes nothing.
    package mutating func decide(_ number: UInt64, _ outcome: Outcome, now: Duration) {
        advance(to: now)
        guard parts.contains(number), !isShown(number), !results.contains(where: { $0.number == number }) else {
            return
        }
        add(Result(number: number, outcome: isOverrun ? .invalid : outcome))
        advance(to: now)
    }

    /// The part was none after all: nobody promised it anything. A reject that is scheduled stays.
    package mutating func withdraw(_ number: UInt64, now: Duration) {
        if io.rejectDelay == nil, !isShown(number), !results.contains(where: { $0.number == number }) {
            parts.removeAll { $0 == number }
        }
        advance(to: now)
    }

    /// An edge of the input: with `handshake` the result was read, else, and where no result stands, alarms were seen.
    ///
    /// - Parameter time: of the edge; one from before the result could be read is none.
    /// - Returns: whether it was alarms that were seen.
    @discardableResult
    package mutating func acknowledge(at time: Duration, now: Duration) -> Bool {
        advance(to: now)
        defer { advance(to: now) }
        switch display {
        case .valid(_, _, let risen) where io.mode == .handshake:
            if time >= risen { display = .idle(since: now) }
        // It is the result's alone while one stands: an alarm would be gone before anybody has seen it.
        case .settling where io.mode == .handshake: break
        default:
            alarms = []
            return true
        }
        return false
    }

    /// Somebody saw them. A result goes on waiting for the line's own acknowledgement.
    package mutating func clearAlarms(now: Duration) {
        advance(to: now)
        alarms = []
    }

    /// The sensor behind the ejector saw something.
    package mutating func confirmReject(at time: Duration, now: Duration) {
        // Those that it comes too late for are an alarm.
        if let place = confirmations.firstIndex(where: { time <= $0 }) { confirmations.remove(at: place) }
        advance(to: now)
    }

    /// Every part that is under way becomes INVALID: the lines were away, or a verdict got lost.
    package mutating func fail(now: Duration) {
        advance(to: now)
        for number in parts where !isShown(number) && !results.contains(where: { $0.number == number }) {
            results.append(Result(number: number, outcome: .invalid))
        }
        for place in results.indices { results[place].outcome = .invalid }
        advance(to: now)
    }

    package mutating func set(_ condition: Condition, now: Duration) {
        advance(to: now)
        self.condition = condition
        deadSince = condition.isAlive ? nil : deadSince ?? now
        heartbeatSince = condition.isAlive ? heartbeatSince ?? max(now, silentUntil) : nil
        advance(to: now)
    }

    /// One pulse on a line, for whoever looks at the wiring.
    package mutating func test(_ signal: OutputSignal, now: Duration) {
        advance(to: now)
        tests[signal] = now + Self.testPulse
    }

    // MARK: Time

    /// Does everything whose time has come. What begins late is as long as any: lengths count from now.
    package mutating func advance(to time: Duration) {
        now = max(now, time)
        while advanceRejects() || advanceDisplay() {}
        for late in confirmations where late <= now {
            alarms.insert(.rejectNotConfirmed)
            confirmations.removeAll { $0 == late }
        }
        tests = tests.filter { now < $0.value }
    }

    private mutating func advanceRejects() -> Bool {
        let isUnderWay = rejects.isActive(at: now)
        let due = rejects.advance(to: now)
        if isUnderWay, !due.isEmpty { counts.overlapped += 1 }
        for number in due {
            if let place = results.firstIndex(where: { $0.number == number }) {
                // Its OK waited for too long.
                if results[place].outcome == .ok { (results[place].outcome, counts.late) = (.invalid, counts.late + 1) }
            } else if parts.contains(number), !isShown(number) {
                counts.late += 1
                add(Result(number: number, outcome: .invalid))
            }
        }
        if !due.isEmpty { awaitConfirmation() }
        return !due.isEmpty
    }

    private mutating func advanceDisplay() -> Bool {
        switch display {
        case .idle(let since):
            guard !results.isEmpty else {
                // Whoever counts results has nothing to count any more.
                if parts.isEmpty { isOverrun = false }
                return false
            }
            guard now >= since + gap else { return false }
            show(results.removeFirst())
        case .settling(let result, let since):
            guard now >= since + .milliseconds(io.setupMilliseconds) else { return false }
            display = .valid(result, since: since, risen: now)
            parts.removeAll { $0 == result.number }
        case .valid(let result, let since, let risen):
            let isStale = staleTime.map { now >= $0 } ?? false
            guard isStale || io.mode != .handshake && now >= risen + readTime else { return false }
            let lines = lines(of: result, since: since)
            let isOver = io.mode == .pulse && lines.isEmpty
            // The ejector gets all of its pulse: only the next reject cuts it.
            if io.mode == .pulse, lines.contains(.reject), results.first?.outcome == .ok { return false }
            guard isStale || isOver || !results.isEmpty || isClearing else { return false }
            if !isOver, io.mode == .pulse { counts.overlapped += 1 }
            display = .idle(since: now)
            isClearing = false
        }
        return true
    }

    private mutating func show(_ result: Result) {
        display = .settling(result, since: now)
        // Where a newer part has been triggered already it stands no longer than it takes to be read.
        isClearing = io.mode == .latch && parts.contains { $0 != result.number }
        switch result.outcome {
        case .ok:
            counts.ok += 1
            rejects.cancel(result.number)
            return
        case .ng: counts.ng += 1
        case .invalid: counts.invalid += 1
        }
        if io.rejectDelay == nil { awaitConfirmation() }
    }

    private mutating func awaitConfirmation() {
        guard let confirm = io.inputs[.rejectConfirm], confirmations.count < RejectSchedule.limit else { return }
        confirmations.append(now + .milliseconds(confirm.windowMilliseconds))
    }

    private mutating func add(_ result: Result) {
        results.append(result)
        if results.count > (io.mode == .handshake ? Self.handshakeLimit : Self.partLimit) { overrun() }
    }

    private mutating func overrun() {
        alarms.insert(.overrun)
        isOverrun = true
        for place in results.indices { results[place].outcome = .invalid }
    }
}
