package import ControlProtocol
import Platform

/// When the line gave no verdicts, by the event journal: events of faults, ends and starts, in the order of their numbers.
package struct Downtime: Sendable {
    package static let notRunning = "not_running"

    private struct Interval {
        var state: String
        var from: Int64
        /// Nil = it goes on.
        var to: Int64?
    }

    /// By place and state.
    private var open: [String: Int] = [:]
    private var intervals: [Interval] = []
    private var stoppedAt: Int64?
    private var isRunning = false

    package init() {}

    /// - Parameter lastSign: the newest verdict before a time: of a daemon that was killed nobody wrote down when.
    package mutating func add(_ event: EventRecord, lastSign: (_ before: Int64) throws -> Int64?) rethrows {
        guard let time = WallTime(rfc3339: event.time)?.microsecondsSince1970 else { return }
        switch event.event {
        case .start:
            let end = if let stoppedAt { Int64?.some(stoppedAt) } else { try lastSign(time) }
            if let end, isRunning || stoppedAt != nil {
                closeAll(at: end)
                intervals.append(Interval(state: Self.notRunning, from: end, to: time))
            } else {
                closeAll(at: time)
            }
            (stoppedAt, isRunning) = (nil, true)
        case .stop:
            closeAll(at: time)
            (stoppedAt, isRunning) = (time, false)
        case .state: change(event, time)
        default: break
        }
    }

    private mutating func change(_ event: EventRecord, _ time: Int64) {
        if let key = Self.key(event.after) {
            guard open[key.key] == nil else { return }
            open[key.key] = intervals.count
            intervals.append(Interval(state: key.state, from: Self.time(event.after["since"]) ?? time, to: nil))
        } else if let key = Self.key(event.before), let index = open.removeValue(forKey: key.key) {
            intervals[index].to = Self.time(event.before["until"]) ?? time
        }
    }

    private mutating func closeAll(at time: Int64) {
        for index in open.values { intervals[index].to = max(time, intervals[index].from) }
        open = [:]
    }

    private static func key(_ values: [String: EventValue]) -> (key: String, state: String)? {
        guard case .text(let state) = values["state"], case .text(let place) = values["place"] else { return nil }
        return ("\(place) \(state)", state)
    }

    private static func time(_ value: EventValue?) -> Int64? {
        guard case .text(let text) = value else { return nil }
        return WallTime(rfc3339: text)?.microsecondsSince1970
    }

    /// What lies between two times, a fault that goes on until `now`.
    package func result(from: Int64, to: Int64, now: Int64) -> (states: [DowntimeReply], seconds: Double) {
        let end = min(to, now)
        var running = intervals
        if let stoppedAt { running.append(Interval(state: Self.notRunning, from: stoppedAt, to: nil)) }
        let cut = running.compactMap { interval -> (state: String, from: Int64, to: Int64)? in
            let (start, stop) = (max(interval.from, from), min(interval.to ?? end, end))
            return start < stop ? (interval.state, start, stop) : nil
        }
        let states = Dictionary(grouping: cut, by: \.state).map { state, intervals in
            DowntimeReply(
                state: state, count: intervals.count, seconds: Self.covered(intervals.map { ($0.from, $0.to) }))
        }
        return (
            states.sorted { ($1.seconds, $0.state) < ($0.seconds, $1.state) },
            Self.covered(cut.map { ($0.from, $0.to) })
        )
    }

    /// Seconds of a union.
    private static func covered(_ intervals: [(from: Int64, to: Int64)]) -> Double {
        var (sum, end) = (Int64(0), Int64.min)
        for interval in intervals.sorted(by: { $0.from < $1.from }) where interval.to > end {
            sum += interval.to - max(interval.from, end)
            end = interval.to
        }
        return Double(sum) / 1e6
    }
}
