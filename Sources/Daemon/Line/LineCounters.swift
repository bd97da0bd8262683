package import ControlProtocol
import Core
package import Platform

/// What the line, or a camera, counted since it was started. Verdicts in the journal only.
package struct LineCounters: Sendable {
    package private(set) var ok: UInt64 = 0
    package private(set) var ng: UInt64 = 0
    /// Of both, those near the limit.
    package private(set) var uncertain: UInt64 = 0
    /// By the cause's name in the journal.
    package private(set) var invalid: [String: UInt64] = [:]
    package private(set) var lastVerdict: WallTime?
    /// Of the newest frame that said it.
    private(set) var frameSize: PixelSize?
    /// The newest parts that got no verdict, without one in between that got one, with the generation in use at the last.
    package private(set) var unjudged: (count: Int, latest: Invalidity, generation: Int?)?
    /// The newest frames that do not decode.
    private(set) var undecodable = 0
    /// Milliseconds from frame to journalled verdict of the newest judged parts.
    private var latencies = LatencyWindow()
    /// Of all judged parts.
    package private(set) var stages: [LatencyStage: LatencyHistogram] = [:]

    package init() {}

    package mutating func count(_ inspection: Inspection, milliseconds: Double) {
        // By the wall clock, for people.
        lastVerdict = .now
        frameSize = inspection.frameSize ?? frameSize
        switch inspection.outcome {
        case .invalid(let invalidity):
            invalid[invalidity.cause.rawValue, default: 0] += 1
            switch invalidity.cause.consequence {
            case .state: unjudged = ((unjudged?.count ?? 0) + 1, invalidity, inspection.generation)
            // A part without a frame says nothing about what comes with one.
            case .saidElsewhere(.cameraLost): break
            // Also a frame that waits for a model: it passed all guards.
            case .saidElsewhere, .none: unjudged = nil
            }
            undecodable = invalidity.cause == .decodeFailed ? undecodable + 1 : 0
            return
        case .muted:
            invalid[InvalidCause.commissioning.rawValue, default: 0] += 1
            (unjudged, undecodable) = (nil, 0)
            return
        case .judged(let judgement, _):
            if inspection.verdict == .ok { ok += 1 } else { ng += 1 }
            if judgement.isUncertain { uncertain += 1 }
        }
        (unjudged, undecodable) = (nil, 0)
        latencies.add(milliseconds)
        let latency = inspection.latency
        for (stage, time) in [
            (LatencyStage.wait, latency.wait), (.decode, latency.decode), (.embed, latency.embed),
            (.score, latency.score),
            (.journal, max(0, milliseconds - latency.total)), (.total, milliseconds),
        ] { stages[stage, default: LatencyHistogram()].add(time) }
    }

    package var verdicts: CountsReply {
        CountsReply(ok: ok, ng: ng, uncertain: uncertain, invalid: invalid.values.reduce(0, +), causes: invalid)
    }

    /// Percentiles by nearest rank over the newest 1000 judged parts; nil before the first.
    package var latency: LatencyReply? { latencies.reply }
}
