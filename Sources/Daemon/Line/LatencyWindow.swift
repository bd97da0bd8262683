import ControlProtocol

/// The newest 1000 of some times, in milliseconds, and their percentiles.
struct LatencyWindow: Sendable {
    private static let length = 1000

    /// In no order.
    private var times: [Double] = []
    private var oldest = 0

    mutating func add(_ milliseconds: Double) {
        if times.count < Self.length {
            times.append(milliseconds)
        } else {
            times[oldest] = milliseconds
            oldest = (oldest + 1) % Self.length
        }
    }

    /// By nearest rank; nil before the first.
    var reply: LatencyReply? {
        guard !times.isEmpty else { return nil }
        let sorted = times.sorted()
        func percentile(_ percent: Int) -> Double { sorted[(sorted.count * percent + 99) / 100 - 1] }
        return LatencyReply(p50: percentile(50), p95: percentile(95), p99: percentile(99))
    }
}
