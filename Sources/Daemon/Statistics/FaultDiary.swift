import ControlProtocol
package import Platform

/// What of the line's faults is written down: when each began and ended. Faults that are shorter than ``patience`` are not, and one
/// that comes back within it has not been away: a camera that comes and goes fills no disk.
package struct FaultDiary: Sendable {
    package static let patience = Duration.seconds(3)

    private struct Key: Hashable {
        var place: String
        var state: LineState
    }

    private struct Fault {
        var reason: String
        var since: WallTime
        var seenAt: ContinuousClock.Instant
        var isTold = false
        /// Since when it is not there.
        var gone: (at: ContinuousClock.Instant, until: WallTime)?
    }

    private var faults: [Key: Fault] = [:]

    package init() {}

    /// - Parameters:
    ///   - causes: of the line's health, now.
    ///   - wall: now, too.
    /// - Returns: events to be written.
    package mutating func look(_ causes: [Finding], at now: ContinuousClock.Instant, _ wall: WallTime) -> [Change] {
        var present: Set<Key> = []
        for cause in causes {
            // The end of the run is an event of its own.
            guard let state = cause.state, state != .stopping else { continue }
            let key = Key(place: cause.place, state: state)
            present.insert(key)
            faults[key, default: Fault(reason: cause.reason, since: wall, seenAt: now)].gone = nil
        }
        return faults.keys.sorted { ($0.place, $0.state.rawValue) < ($1.place, $1.state.rawValue) }
            .compactMap { look($0, isThere: present.contains($0), at: now, wall) }
    }

    private mutating func look(
        _ key: Key, isThere: Bool, at now: ContinuousClock.Instant, _ wall: WallTime
    ) -> Change? {
        guard var fault = faults[key] else { return nil }
        let name = ["place": EventValue.text(key.place), "state": .text(key.state.rawValue)]
        guard !isThere else {
            guard !fault.isTold, now - fault.seenAt >= Self.patience else { return nil }
            faults[key]?.isTold = true
            let words = EventValue.text(PrintableText.line(fault.reason, atMost: 200))
            return Change(.state, after: name.merging(["reason": words, "since": .text(fault.since.rfc3339)]) { $1 })
        }
        let gone = fault.gone ?? (now, wall)
        fault.gone = gone
        // One that was too short to be told is forgotten.
        let isOver = !fault.isTold || now - gone.at >= Self.patience
        faults[key] = isOver ? nil : fault
        guard isOver, fault.isTold else { return nil }
        return Change(.state, before: name.merging(["until": .text(gone.until.rfc3339)]) { $1 })
    }
}
