import ControlProtocol
import Platform
import Settings

extension PicturePaths {
    /// What is kept of an inspection: what its line in the journal names.
    init(_ inspection: Inspection, seq: UInt64, settings: Configuration.Images) {
        // By the frame's day, and the number in the name: unique, and old ones are found by it.
        let place = "\(inspection.time.dayPath)/\(Name(seq: seq, inspection.pictureClass).stem)"
        if inspection.picture != nil, settings.saveImages.includes(inspection.verdict) { image = "images/\(place).jpg" }
        if inspection.judgement != nil, settings.saveHeatmaps.includes(inspection.verdict) {
            heatmap = "heatmaps/\(place).png"
        }
    }
}

extension Inspection {
    var pictureClass: PictureClass { PictureClass(verdict, isUncertain: judgement?.isUncertain == true) }
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
