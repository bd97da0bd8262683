/// Tells the edges of one input that count from bounce, without threads and clocks. Times are of the monotonic clock.
///
/// The first edge counts, at the moment at which the kernel stamped it; others within the lock-out are bounce. Edges
/// that were lost, because nobody read them in time, are known by the gap in their numbers: each of a trigger's may have
/// been a part.
package struct EdgeCounter: Sendable {
    package enum Reading: Sendable, Equatable {
        case accepted
        case bounce
        /// So many edges, before the one that tells of it.
        case lost(Int)
    }

    private let lockout: Duration
    /// Number of the newest edge that was seen; the kernel counts from 1.
    private var number: UInt32 = 0
    /// Of the newest accepted edge.
    package private(set) var accepted: Duration?

    package init(lockout: Duration) { self.lockout = lockout }

    /// What an edge means, in this order.
    package mutating func count(number edge: UInt32, at time: Duration) -> [Reading] {
        // Numbers wrap around after 2^32.
        let lost = edge &- number &- 1
        number = edge
        var readings: [Reading] = lost > 0 ? [.lost(Int(lost))] : []
        // After a gap nobody knows whether an edge was the first of its part: it counts.
        if lost == 0, let accepted, time - accepted < lockout {
            readings.append(.bounce)
        } else {
            accepted = time
            readings.append(.accepted)
        }
        return readings
    }
}
