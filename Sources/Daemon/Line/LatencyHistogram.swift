/// How many of some times were at most so long, since a start: what Prometheus makes percentiles of over any stretch, and of several
/// stations together.
package struct LatencyHistogram: Sendable, Equatable {
    /// Upper ends, in milliseconds: from what a line takes for its outputs to what no part waits for.
    package static let bounds: [Double] = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

    /// By upper end, those beyond the end before; the last are longer than all of them.
    private var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    package private(set) var sum = 0.0

    package init() {}

    package mutating func add(_ milliseconds: Double) {
        counts[Self.bounds.firstIndex { milliseconds <= $0 } ?? Self.bounds.count] += 1
        sum += milliseconds
    }

    package var count: UInt64 { counts.reduce(0, +) }

    /// With each upper end in milliseconds, how many were at most so long.
    package var cumulated: [(bound: Double, count: UInt64)] {
        var sum: UInt64 = 0
        return zip(Self.bounds, counts).map { bound, count in
            sum += count
            return (bound, sum)
        }
    }
}

/// What of the way from a complete frame to the journalled verdict is timed.
package enum LatencyStage: String, Sendable, CaseIterable {
    case wait, decode, embed, score, journal
    /// All of it.
    case total
}
