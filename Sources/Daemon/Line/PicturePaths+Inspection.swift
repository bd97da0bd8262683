import ControlProtocol
import Platform
import Settings

extension PicturePaths {
    /// What is kept of an inspection: what its line in the journal names.
    init(_ inspection: Inspection, seq: UInt64, settings: Configuration.Images) {
        // By the frame's day, and the number as name: unique, and old ones are found by it.
        let place = "\(inspection.time.dayPath)/\(seq)"
        if inspection.picture != nil, settings.saveImages.includes(inspection.verdict) { image = "images/\(place).jpg" }
        if inspection.judgement != nil, settings.saveHeatmaps.includes(inspection.verdict) {
            heatmap = "heatmaps/\(place).png"
        }
    }
}

extension Configuration.Images.Selection {
    fileprivate func includes(_ verdict: Verdict) -> Bool {
        switch self {
        case .all: true
        case .ng: verdict == .ng
        case .none: false
        }
    }
}
