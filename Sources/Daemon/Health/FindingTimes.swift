import ControlProtocol
package import Platform
import Synchronization

/// Since when things are not as they should be. ``Health`` itself remembers nothing: whoever looks at it regularly shows it here.
package final class FindingTimes: Sendable {
    /// What makes a finding the same as the one before: its reason may count seconds or parts.
    private struct Key: Hashable {
        let place: String
        let state: String?

        init(_ finding: Finding) { (place, state) = (finding.place, finding.state?.rawValue) }
    }

    private let begun = Mutex<[Key: WallTime]>([:])

    package init() {}

    /// Notes what is new in it, and forgets what is over.
    ///
    /// - Returns: when each of its findings began.
    @discardableResult
    package func see(_ health: Health) -> (Finding) -> WallTime {
        let now = WallTime.now
        let times = begun.withLock { begun in
            let keys = (health.causes + health.warnings).map(Key.init)
            begun = Dictionary(keys.map { ($0, begun[$0] ?? now) }) { first, _ in first }
            return begun
        }
        return { times[Key($0)] ?? now }
    }
}
