package import ControlProtocol
package import Platform
package import Settings

/// When somebody has to look at a camera's parts, and what nobody has acknowledged yet. Without locks and clocks.
package struct AlarmWatch: Sendable, Equatable {
    package struct Alarm: Codable, Sendable, Equatable {
        package let kind: AlarmKind
        package let reason: String
        /// RFC 3339.
        package let since: String
    }

    private let settings: Configuration.Alarm
    /// In the order in which they came; of each kind one.
    package private(set) var alarms: [Alarm]
    private var ngInARow = 0
    private var invalidInARow = 0
    /// Of the newest OK and NG parts, which ones were NG.
    private var newest: [Bool] = []
    private var lastPart: ContinuousClock.Instant

    /// - Parameters:
    ///   - alarms: of before the start.
    ///   - now: from when on a part is waited for.
    package init(_ settings: Configuration.Alarm, alarms: [Alarm] = [], now: ContinuousClock.Instant) {
        self.settings = settings
        self.alarms = alarms
        lastPart = now
    }

    /// Counts a part. Those of commissioning are no production.
    ///
    /// - Returns: alarms that it raised.
    package mutating func note(
        _ verdict: Verdict, cause: String?, at now: ContinuousClock.Instant, _ wall: WallTime
    ) -> [Alarm] {
        count(verdict, cause: cause)
        lastPart = now
        return raise(wall)
    }

    /// Counts a part of before the start, which raises nothing by itself.
    package mutating func count(_ verdict: Verdict, cause: String?) {
        guard cause != InvalidCause.commissioning.rawValue else { return }
        switch verdict {
        case .ok: (ngInARow, invalidInARow) = (0, 0)
        case .ng: (ngInARow, invalidInARow) = (ngInARow + 1, 0)
        case .invalid: invalidInARow += 1
        }
        guard verdict != .invalid, settings.ngOfLast.count == 2 else { return }
        newest.append(verdict == .ng)
        if newest.count > settings.ngOfLast[1] { newest.removeFirst() }
    }

    /// - Returns: the alarm that no part has come, once it is one.
    package mutating func look(at now: ContinuousClock.Instant, _ wall: WallTime) -> [Alarm] {
        let isLate = settings.noPartSeconds > 0 && now - lastPart >= .seconds(settings.noPartSeconds)
        return isLate ? raise(wall, noPart: true) : []
    }

    /// Raises what the counts say.
    package mutating func raise(_ wall: WallTime, noPart: Bool = false) -> [Alarm] {
        var due: [(kind: AlarmKind, reason: String)] = []
        if settings.consecutiveNG > 0, ngInARow >= settings.consecutiveNG {
            due.append((.consecutiveNG, "\(settings.consecutiveNG) NG in a row"))
        }
        let rejects = newest.count { $0 }
        if settings.ngOfLast.count == 2, rejects >= settings.ngOfLast[0] {
            due.append((.ngOfLast, "\(rejects) NG among the newest \(newest.count) parts"))
        }
        if settings.consecutiveInvalid > 0, invalidInARow >= settings.consecutiveInvalid {
            due.append((.consecutiveInvalid, "\(settings.consecutiveInvalid) INVALID in a row"))
        }
        if noPart { due.append((.noPart, "no part for \(settings.noPartSeconds) s")) }
        let new = due.filter { due in !alarms.contains { $0.kind == due.kind } }
            .map { Alarm(kind: $0.kind, reason: $0.reason, since: wall.rfc3339) }
        alarms += new
        return new
    }

    /// From here on everything is counted anew: what goes on as before is an alarm again after as many parts.
    ///
    /// - Parameter seen: the alarms that somebody saw; what came since stays.
    package mutating func acknowledge(_ seen: [Alarm], at now: ContinuousClock.Instant) {
        self = AlarmWatch(settings, alarms: alarms.filter { !seen.contains($0) }, now: now)
    }

    /// Whether the output `ready` has to be inactive.
    package var stops: Bool { settings.stop && !alarms.isEmpty }
}
