import CGPIO
import ControlProtocol
import Glibc
import LineIO
import Logging
import Platform
import Settings

/// Holds the lines of one camera and does what ``OutputStateMachine`` says, on a thread of its own: waits for edges,
/// for what the line tells, and for the next deadline. Nothing in it waits for anything else.
struct OutputLoop {
    /// Between two looks at how the line does, and two tries to get the lines.
    private static let (lookPeriod, retryPeriod) = (Duration.milliseconds(100), Duration.seconds(1))
    /// At the end, for rejects of parts between camera and ejector.
    private static let endPatience = Duration.seconds(2)
    /// So often edges are read, 16 at a time, before outputs have their turn again: an input that never rests holds up none.
    private static let readLimit = 64

    private let desk: OutputDesk
    private let line: InspectionLine
    private let tell: @Sendable (_ outage: String?) -> Void
    private let timer: CInt
    private var machine: OutputStateMachine
    private var counters: [InputSignal: EdgeCounter] = [:]
    /// Since when the lines are held.
    private var heldSince = Duration.zero
    private var counts: [String: UInt64] = ["triggers": 0, "bounces": 0, "triggers_lost": 0, "outages": 0]
    /// What the lines were set to; nil = not since they are held.
    private var levels: Set<OutputSignal>?
    private var path: String?
    private var outage: String? = "the lines are not held yet"
    private var latencies = LatencyWindow()
    private var allLatencies = LatencyHistogram()
    /// When the journal lines were there whose results are not on the lines yet.
    private var waiting: [Duration] = []
    private var nextLook = Duration.zero
    private var stopBy: Duration?

    /// - Parameter tell: hears of the loss of the lines, with the reason, and of their return; must not block.
    init(_ desk: OutputDesk, _ line: InspectionLine, tell: @escaping @Sendable (_ outage: String?) -> Void) {
        self.desk = desk
        self.line = line
        self.tell = tell
        timer = fsac_gpio_timer()
        precondition(timer >= 0, "no timerfd: errno \(errno)")
        machine = OutputStateMachine(desk.io, now: .sinceBoot)
    }

    /// Ends after the desk's `stop()`, with all lines inactive.
    mutating func run() {
        desk.progress.begin()
        defer {
            desk.progress.end()
            close(timer)
        }
        while !isOver {
            do throws(LinesError) {
                if let module = desk.module {
                    try hold(ModuleLines(module))
                } else {
                    try hold(GPIOLines(desk.io))
                }
            } catch {
                lost("\(error)")
                rest()
            }
        }
    }

    /// Until the end, or until the lines are lost.
    private mutating func hold(_ lines: borrowing some OutputLines & ~Copyable) throws(LinesError) {
        held(lines.path)
        do throws(LinesError) {
            while !isOver {
                try set(lines)
                if wait(for: lines.descriptor) { throw .gone(chip: lines.path) }
                try read(lines)
                attend()
            }
            try lines.set([])
        } catch .gone(let chip) {
            lost("\(LinesError.gone(chip: chip))")
            // Given back only after the pause: the kernel tells of the end while it still removes the chip, and frees the
            // interrupts of its inputs there. Whoever closes at the same moment frees them a second time: the kernel's heap
            // is damaged, the thread ended, and its lines are held for ever (seen with Linux 6.1).
            rest()
        }
    }

    /// Until the next try, also at the end.
    private mutating func rest() {
        let retry = Duration.sinceBoot + Self.retryPeriod
        while .sinceBoot < retry, desk.module?.isOffered != true {
            _ = wait(for: nil)
            attend()
        }
    }

    private var isOver: Bool {
        guard let stopBy else { return false }
        return machine.isIdle || .sinceBoot >= stopBy
    }

    // MARK: The chip

    private mutating func held(_ path: String) {
        (self.path, outage, levels, heldSince) = (path, nil, nil, .sinceBoot)
        // Edges are counted from the request on.
        counters = desk.io.inputs.mapValues { EdgeCounter(lockout: .milliseconds($0.lockoutMilliseconds)) }
        machine.linesTaken(now: heldSince)
        publish()
        tell(nil)
    }

    private mutating func lost(_ reason: String) {
        if path != nil { counts["outages", default: 0] += 1 }
        let isNews = outage != reason
        (path, outage, levels) = (nil, reason, nil)
        machine.linesLost(now: .sinceBoot)
        publish()
        if isNews { tell(reason) }
    }

    private mutating func set(_ lines: borrowing some OutputLines & ~Copyable) throws(LinesError) {
        let wanted = machine.levels
        guard wanted != levels else { return }
        try lines.set(wanted)
        levels = wanted
        let now = Duration.sinceBoot
        for since in waiting {
            let milliseconds = StageClock.milliseconds(now - since)
            latencies.add(milliseconds)
            allLatencies.add(milliseconds)
        }
        waiting = []
        publish()
    }

    private mutating func read(_ lines: borrowing some OutputLines & ~Copyable) throws(LinesError) {
        for _ in 0..<Self.readLimit {
            let edges = try lines.edges()
            if edges.isEmpty { return }
            for edge in edges { count(edge) }
        }
    }

    private mutating func count(_ edge: LineEdge) {
        let now = Duration.sinceBoot
        let before = counters[edge.signal]?.accepted ?? heldSince
        for reading in counters[edge.signal]?.count(number: edge.number, at: edge.time) ?? [] {
            switch (reading, edge.signal) {
            case (.bounce, _): counts["bounces", default: 0] += 1
            case (.lost(let count), .trigger):
                counts["triggers_lost", default: 0] += UInt64(count)
                for _ in 0..<count {
                    let number = desk.nextNumber()
                    machine.lose(number, after: before, before: edge.time, now: now)
                    answer(number, at: edge.time, now, Invalidity(.triggerLost, "its edge was not read in time"))
                }
            // What was not acknowledged goes on waiting, and what was not confirmed is an alarm.
            case (.lost, .acknowledge), (.lost, .rejectConfirm): break
            case (.accepted, .trigger):
                counts["triggers", default: 0] += 1
                let number = desk.nextNumber()
                let isAdmitted = machine.begin(number, at: edge.time, now: now)
                let reason = "\(OutputStateMachine.partLimit) parts or more are under way"
                answer(number, at: edge.time, now, isAdmitted ? nil : Invalidity(.triggerOverrun, reason))
            case (.accepted, .acknowledge):
                if machine.acknowledge(at: edge.time, now: now) { line.alarms?.noteSeen(desk.io.camera) }
            case (.accepted, .rejectConfirm): machine.confirmReject(at: edge.time, now: now)
            }
        }
    }

    /// The part goes to the camera's queue, with its frame to come or with why it gets none.
    private mutating func answer(_ number: UInt64, at time: Duration, _ now: Duration, _ invalidity: Invalidity?) {
        let isTaken = line.takeTrigger(
            camera: desk.io.camera, number: number, at: ContinuousClock.now - (now - time), invalidity)
        if !isTaken { machine.decide(number, .invalid, now: now) }
    }

    // MARK: The line

    /// What was told since, and what time brings.
    private mutating func attend() {
        let (mail, isOverfull, isStopping) = desk.take()
        if isStopping, stopBy == nil { stopBy = .sinceBoot + Self.endPatience }
        for message in mail {
            let now = Duration.sinceBoot
            switch message {
            case .begin(let number, let time): _ = machine.begin(number, at: time, now: now)
            case .decide(let number, let outcome, let since):
                // Lines that nobody holds release nothing, also not later.
                machine.decide(number, outage == nil ? outcome : .invalid, now: now)
                if machine.shown?.number == number { waiting.append(since) }
            case .withdraw(let number): machine.withdraw(number, now: now)
            case .clearAlarms: machine.clearAlarms(now: now)
            case .test(let signal): machine.test(signal, now: now)
            }
        }
        let now = Duration.sinceBoot
        if isOverfull { machine.fail(now: now) }
        if now >= nextLook || stopBy != nil {
            machine.set(stopBy == nil && outage == nil ? line.condition(of: desk.io.camera) : .init(), now: now)
            nextLook = now + Self.lookPeriod
        }
        machine.advance(to: now)
        if !mail.isEmpty || path == nil { publish() }
    }

    /// Until something happens.
    ///
    /// - Returns: whether the chip is gone.
    private func wait(for lines: CInt?) -> Bool {
        let wake = max(.nanoseconds(1), min(machine.nextDeadline ?? nextLook, nextLook))
        _ = fsac_gpio_set_timer(timer, UInt64(wake / .nanoseconds(1)))
        var files = [desk.bell, timer, lines ?? -1].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // Waiting is no work. The timer ends it in any case.
        desk.progress.end()
        _ = poll(&files, nfds_t(files.count), -1)
        desk.progress.begin()
        return files[2].revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
    }

    private func publish() {
        let io = desk.io
        let outputs = io.outputs.sorted { $0.key.rawValue < $1.key.rawValue }.map { signal, output in
            IOReply.Line(
                signal: signal.rawValue, line: output.line.text, isOutput: true, isActive: levels?.contains(signal))
        }
        let inputs = io.inputs.sorted { $0.key.rawValue < $1.key.rawValue }.map { signal, input in
            IOReply.Line(signal: signal.rawValue, line: input.line.text, isOutput: false, isActive: nil)
        }
        let counted = machine.counts
        var counts = counts
        for (name, count) in [
            ("parts", counted.parts), ("ok", counted.ok), ("ng", counted.ng), ("invalid", counted.invalid),
            ("late", counted.late), ("overlapped", counted.overlapped), ("overrun", counted.overrun),
        ] { counts[name] = count }
        desk.show(
            IOReply(
                camera: io.camera, chip: io.chip, path: path, outage: outage, lines: outputs + inputs,
                alarms: machine.alarms.map(\.rawValue).sorted(), counts: counts, latency: latencies.reply),
            allLatencies, isQuiet: machine.isQuiet)
    }
}

extension Configuration.LineIO.Line {
    fileprivate var text: String {
        switch self {
        case .offset(let offset): "\(offset)"
        case .name(let name): name
        }
    }
}
