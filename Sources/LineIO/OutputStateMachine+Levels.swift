package import Settings

/// What the lines say at this moment, and when that changes.
extension OutputStateMachine {
    /// Nothing more is to come but pulses of rejects.
    package var isIdle: Bool { parts.isEmpty && rejects.isEmpty && !rejects.isActive(at: now) }

    /// No part is there, and none would be taken: `ok` may be tested.
    package var isQuiet: Bool { isIdle && !condition.isReady }

    /// On the lines at this moment.
    package var shown: Result? {
        switch display {
        case .idle: nil
        case .settling(let result, _), .valid(let result, _, _): result
        }
    }

    /// Whether the part's place is no longer open.
    func isShown(_ number: UInt64) -> Bool { shown?.number == number }

    /// What a PLC may take for a part's OK.
    private static let releasing: Set<OutputSignal> = [.ok, .resultValid]

    /// The active ones.
    package var levels: Set<OutputSignal> {
        // A part may have come since the test began.
        var levels = Set(tests.filter { now < $0.value && (isQuiet || !Self.releasing.contains($0.key)) }.keys)
        if rejects.isActive(at: now) { levels.insert(.reject) }
        if condition.isReady, !isOverrun, parts.count < Self.partLimit { levels.insert(.ready) }
        if condition.isHealthy { levels.insert(.healthy) }
        if !alarms.isEmpty || condition.hasAlarm { levels.insert(.alarm) }
        if !parts.isEmpty { levels.insert(.busy) }
        if let heartbeatSince, now >= heartbeatSince,
            (now - heartbeatSince).halves(of: heartbeatPeriod).isMultiple(of: 2)
        {
            levels.insert(.heartbeat)
        }
        switch display {
        case .idle: break
        case .settling(let result, let since): levels.formUnion(lines(of: result, since: since))
        case .valid(let result, let since, let risen):
            levels.formUnion(lines(of: result, since: since))
            if io.mode != .pulse || now < risen + pulse(.resultValid) { levels.insert(.resultValid) }
        }
        return levels.filter { io.outputs[$0] != nil }
    }

    func lines(of result: Result, since: Duration) -> Set<OutputSignal> {
        Set(
            Self.signals(of: result, delayed: io.rejectDelay != nil).filter {
                io.mode != .pulse || now < since + pulse($0)
            })
    }

    private static func signals(of result: Result, delayed: Bool) -> [OutputSignal] {
        let word: OutputSignal =
            switch result.outcome {
            case .ok: .ok
            case .ng: .ng
            case .invalid: .invalid
            }
        return word == .ok || delayed ? [word] : [word, .reject]
    }

    /// When ``levels`` change by themselves; nil = never.
    package var nextDeadline: Duration? {
        var times = [rejects.nextDeadline(after: now), confirmations.min()].compactMap(\.self) + tests.values
        if let heartbeatSince {
            let half = now < heartbeatSince ? -1 : (now - heartbeatSince).halves(of: heartbeatPeriod)
            times.append(heartbeatSince + heartbeatPeriod / 2 * (half + 1))
        }
        if let staleTime { times.append(staleTime) }
        switch display {
        case .idle(let since): if !results.isEmpty { times.append(since + gap) }
        case .settling(_, let since): times.append(since + .milliseconds(io.setupMilliseconds))
        case .valid(let result, let since, let risen):
            times += [risen + readTime, risen + pulse(.resultValid)]
            times += Self.signals(of: result, delayed: io.rejectDelay != nil).map { since + pulse($0) }
        }
        return times.filter { $0 > now }.min()
    }

    /// When an OK falls that a dead line says; nil = no OK is shown, or the line lives.
    var staleTime: Duration? {
        guard let deadSince, case .valid(let result, let since, _) = display, result.outcome == .ok
        else { return nil }
        return max(deadSince, since) + Self.deadPatience
    }

    private var heartbeatPeriod: Duration { .milliseconds(io.outputs[.heartbeat]?.periodMilliseconds ?? 1000) }
}

extension Duration {
    /// How many halves of a period fit into it.
    fileprivate func halves(of period: Duration) -> Int { Int(self / (period / 2)) }
}
