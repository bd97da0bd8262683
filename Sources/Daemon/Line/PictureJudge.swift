import ControlProtocol
import Core

/// Judges stored pictures as the line would, beside the line: with an extractor of its own, and used by one thread at a time.
/// Without the guards of light and freshness: the picture has had its verdict, or is offered as a shot.
struct PictureJudge {
    let model: ActiveModel
    private let extractor: FeatureExtractor

    init(_ model: ActiveModel) {
        self.model = model
        extractor = model.makeExtractor()
    }

    func judge(_ bytes: [UInt8]) throws(Invalidity) -> Judgement {
        let picture = Picture(.file, bytes: bytes)
        let size = try InspectionPipeline.size(of: picture)
        try FrameGuards.check(size, expected: nil, area: model.area)
        let image = try InspectionPipeline.decode(picture, model.area, side: model.pictureSide)
        let features = model.features(image, extractor)
        return try InspectionPipeline.finite(model.judge(features, size.height, size.width), limit: model.limit)
    }
}
