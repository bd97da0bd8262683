import Platform

/// When a frame was taken.
struct FrameTimes: Equatable {
    var sequence: UInt32
    /// Frames that the driver lost since the one before.
    var missed: UInt64
    /// Zero when the driver's time cannot be believed.
    var age: Duration
    var capturedAt: ContinuousClock.Instant
    var exposedAt: ContinuousClock.Instant
}

/// What the sequence numbers and times of a stream's frames mean, as far as they can be believed.
///
/// One stream's; a new one takes over what was learnt. Not the driver's word alone decides whether a frame was exposed
/// after a trigger: it has to err on the early side.
struct FrameClock {
    /// Until a period is known.
    private static let unknownPeriod = Duration.milliseconds(100)
    /// Intervals whose median is the period: half of them may be wrong.
    private static let remembered = 15
    /// How far in the future a frame may seem to be: the two clocks are read one after the other.
    private static let tolerance = Duration.milliseconds(10)
    /// A frame of before the stream began was left over in the driver; one of long before has a clock that is wrong.
    private static let longAgo = Duration.seconds(3600)

    let startedAt: Moment
    private let reported: Duration?
    private let exposure: Duration
    private let isExposureTrusted: Bool
    private var intervals: [Duration] = []
    /// Of the newest frame, with its time in microseconds of the monotonic clock.
    private var last: (sequence: UInt32, at: Int64)?
    /// The last moment at which no frame was ready.
    var emptyAt: ContinuousClock.Instant

    /// - Parameters:
    ///   - reported: the period that the driver gives.
    ///   - exposure: of a frame, zero when unknown.
    ///   - driver: uvcvideo says of every stamp that it is the exposure's start, and takes it when the frame's first bytes
    ///     arrive: after exposure, readout and compression. It is not believed.
    ///   - other: a clock of the same camera, from which the measured period is taken over.
    init(
        startedAt: Moment, reported: Duration? = nil, exposure: Duration = .zero, driver: String,
        learnedFrom other: Self? = nil
    ) {
        self.startedAt = startedAt
        self.reported = reported
        self.exposure = exposure
        isExposureTrusted = driver != "uvcvideo"
        intervals = other?.intervals ?? []
        emptyAt = startedAt.instant
    }

    /// The longer of what the driver says and what was measured (the median): some drivers always say 30 Hz.
    var period: Duration {
        // One long interval says nothing yet.
        let measured = intervals.count < 3 ? .zero : intervals.sorted()[intervals.count / 2]
        let period = max(reported ?? .zero, measured)
        return period > .zero ? period : Self.unknownPeriod
    }

    /// Older frames show what was, not what is: they waited in the driver while something stood still.
    var staleAge: Duration { max(period * 2 + exposure, .milliseconds(500)) }

    mutating func times(of buffer: DeviceBuffer, at now: Moment) -> FrameTimes {
        // A time that cannot be believed is that of taking the frame out of the queue.
        let age = age(of: buffer, at: now)
        let stamp = age.map { _ in buffer.microseconds ?? now.microseconds } ?? now.microseconds
        let missed = missed(before: buffer.sequence)
        var interval = Duration.zero
        // Only from neighbours: a gap would make the period longer than it is.
        if let last, buffer.sequence == last.sequence &+ 1, stamp > last.at {
            interval = .microseconds(stamp - last.at)
            intervals = intervals.suffix(Self.remembered - 1) + [interval]
        }
        last = (buffer.sequence, stamp)
        let capturedAt = now.instant - max(.zero, age ?? .zero)
        // Exposure takes a period at most, and readout another; automatic exposure makes this very frame's longer.
        let lead = max(period, interval) * 2
        // Without a time of its own a frame is only known not to have been there when the queue was empty.
        let exposedAt =
            if age == nil {
                min(emptyAt, now.instant) - lead
            } else {
                capturedAt - (buffer.isStartOfExposure && isExposureTrusted ? .zero : lead)
            }
        return FrameTimes(
            sequence: buffer.sequence, missed: missed, age: max(.zero, age ?? .zero), capturedAt: capturedAt,
            exposedAt: exposedAt)
    }

    /// Nil for times of another clock, from the future, or from long before the stream.
    private func age(of buffer: DeviceBuffer, at now: Moment) -> Duration? {
        guard let stamp = buffer.microseconds, stamp > 0 else { return nil }
        let believable = .zero - Self.tolerance...(now.instant - startedAt.instant) + Self.longAgo
        let age = Duration.microseconds(now.microseconds.subtractingReportingOverflow(stamp).partialValue)
        return believable.contains(age) ? age : nil
    }

    /// Numbers wrap after 2^32 - 1; one that goes back is a count that began again.
    private func missed(before sequence: UInt32) -> UInt64 {
        guard let last else { return 0 }
        let gap = sequence &- last.sequence &- 1
        return gap < 1 << 31 ? UInt64(gap) : 0
    }
}
