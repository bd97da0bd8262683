public import ControlProtocol
public import Core

/// One frame's verdict with its evidence.
public struct Inspection: Sendable {
    public enum Outcome: Sendable {
        case judged(Judgement, limit: Float)
        case invalid(Invalidity)
    }

    public let frame: Frame
    /// Nil when the frame holds no picture.
    public internal(set) var image: Image?
    /// The model that judged, or would have.
    public internal(set) var generation: Int?
    public internal(set) var outcome: Outcome
    public internal(set) var latency = InspectionRecord.Latency()

    /// INVALID until somebody says otherwise.
    init(_ frame: Frame) {
        self.frame = frame
        outcome = .invalid(Invalidity(.noModel, "not inspected"))
    }

    /// A score at the limit is a reject. A score that is no number is no verdict: the pipeline lets none through, and if
    /// it did, it would be no OK.
    public var verdict: Verdict {
        switch outcome {
        case .judged(let judgement, let limit): judgement.score < limit ? .ok : .ng
        case .invalid: .invalid
        }
    }

    public var invalidity: Invalidity? {
        if case .invalid(let invalidity) = outcome { invalidity } else { nil }
    }

    public var judgement: Judgement? {
        if case .judged(let judgement, _) = outcome { judgement } else { nil }
    }
}

extension InspectionRecord {
    /// The journal line of an inspection.
    init(
        _ inspection: Inspection, seq: UInt64, durable: Bool, camera: String, recipe: String, pictures: PicturePaths
    ) {
        var limit: Float?
        if case .judged(_, let value) = inspection.outcome { limit = value }
        self.init(
            seq: seq, time: inspection.frame.capturedTime.rfc3339, camera: camera, recipe: recipe,
            generation: inspection.generation, frame: inspection.frame.name, part: nil, verdict: inspection.verdict,
            cause: inspection.invalidity?.cause.rawValue, score: inspection.judgement?.score, limit: limit,
            regions: inspection.judgement?.regions.map(Region.init) ?? [], latency: inspection.latency,
            image: pictures.image, heatmap: pictures.heatmap, durable: durable)
    }
}

extension InspectionRecord.Region {
    fileprivate init(_ region: Core.Region) {
        self.init(x: region.x, y: region.y, width: region.width, height: region.height, peak: region.peak)
    }
}
