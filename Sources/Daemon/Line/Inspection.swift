import Capture
package import ControlProtocol
package import Core
import Platform

/// One part's verdict with its evidence. Made on the inspection thread, immutable from then on; the journal's thread
/// makes its line of it.
package struct Inspection: Sendable {
    package enum Outcome: Sendable {
        case judged(Judgement, limit: Float)
        /// Scored while the recipe is commissioned: no verdict that anybody may act on.
        case muted(score: Float)
        case invalid(Invalidity)
    }

    package let part: Part
    /// Nil when the frame holds none that decodes.
    package internal(set) var picture: Picture?
    /// Of the frame; nil when there is none that says it.
    var frameSize: PixelSize?
    /// The model that judged, or would have.
    package internal(set) var generation: Int?
    package internal(set) var outcome: Outcome
    /// What of the picture as a whole is not as in the shots; nil when nothing is, or nobody looked.
    package internal(set) var sceneShift: SceneShift?
    /// Who set the limit of a verdict; nil = calibration.
    package internal(set) var limitBy: LimitOrigin?
    /// Where an OK score lies between what is typical and the limit.
    package internal(set) var position: Double?
    package internal(set) var latency = InspectionRecord.Latency()
    /// Computes what is kept of the part to teach the model by; nil = nothing is to be.
    var streamPart: (@Sendable (_ number: UInt64, _ score: Float) -> StreamPart?)?
    /// Parts that are to be kept, at most.
    var partsWanted = 0

    /// INVALID until somebody says otherwise: whatever is forgotten on the way is no OK.
    init(_ part: Part) {
        self.part = part
        outcome = .invalid(Invalidity(.noModel, "not inspected"))
    }

    /// Nil when a trigger got none.
    var frame: Frame? {
        // The other side is the reason, which the outcome has, too.
        try? part.frame.get()
    }

    /// When the frame was complete, or else the trigger came.
    /// From where latency counts.
    var since: ContinuousClock.Instant { frame?.capturedAt ?? part.trigger?.triggeredAt ?? .now }

    /// As ``since``, by the wall clock.
    var time: WallTime { frame?.capturedTime ?? part.trigger?.triggeredTime ?? .now }

    /// A score that is no number is no verdict: the pipeline lets none through, and if it did, it would be no OK.
    package var verdict: Verdict {
        switch outcome {
        case .judged(let judgement, let limit): judgement.score.isReject(at: limit) ? .ng : .ok
        case .muted, .invalid: .invalid
        }
    }

    package var invalidity: Invalidity? {
        switch outcome {
        case .judged: nil
        case .muted:
            Invalidity(.commissioning, "outputs are muted until `fsacctl commission --apply` or `--cancel`")
        case .invalid(let invalidity): invalidity
        }
    }

    var score: Float? {
        switch outcome {
        case .judged(let judgement, _): judgement.score
        case .muted(let score): score
        case .invalid: nil
        }
    }

    package var judgement: Judgement? {
        if case .judged(let judgement, _) = outcome { judgement } else { nil }
    }

    /// Whether a model may learn from it: a part that was OK beyond doubt, in a picture that is as the shots are, or that ran while
    /// known-good ones are asked for.
    var mayTeach: Bool {
        switch outcome {
        case .judged(let judgement, _): verdict == .ok && !judgement.isUncertain && sceneShift == nil
        case .muted: true
        case .invalid: false
        }
    }

    /// What others are told of it, by where its line is. An INVALID part keeps its own cause.
    func shown(_ landing: Landing) -> Inspection {
        guard let reason = landing.refusal, case .judged = outcome else { return self }
        var shown = self
        shown.outcome = .invalid(Invalidity(.storageFailed, reason))
        shown.position = nil
        return shown
    }
}

extension InspectionRecord {
    /// The journal line of an inspection.
    init(
        _ inspection: Inspection, lot: String?, seq: UInt64, stored: Stored, pictures: PicturePaths
    ) {
        // Only of a verdict: with INVALID a limit would look as if the score had been compared.
        var limit: Float?
        if case .judged(_, let value) = inspection.outcome { limit = value }
        self.init(
            seq: seq, time: inspection.time.rfc3339, camera: inspection.part.camera,
            recipe: inspection.part.recipe.name, generation: inspection.generation,
            frame: inspection.frame?.name ?? "", digest: inspection.frame?.file?.digest,
            part: inspection.part.trigger?.part, triggerID: inspection.part.trigger?.id, lot: lot,
            verdict: inspection.verdict,
            cause: inspection.invalidity?.cause.rawValue, detail: inspection.invalidity?.detail,
            sceneShift: inspection.sceneShift?.description,
            score: inspection.score, limit: limit, limitBy: limit == nil ? nil : inspection.limitBy,
            uncertain: inspection.judgement?.isUncertain == true ? true : nil,
            regions: inspection.judgement?.regions.map(Region.init) ?? [], latency: inspection.latency,
            image: pictures.image, heatmap: pictures.heatmap, stored: stored)
    }
}

extension InspectionRecord.Region {
    fileprivate init(_ region: Core.Region) {
        self.init(x: region.x, y: region.y, width: region.width, height: region.height, peak: region.peak)
    }
}
