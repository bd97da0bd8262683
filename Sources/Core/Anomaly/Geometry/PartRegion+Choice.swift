extension PartRegion {
    /// A part that is less elongated has no axis that could be relied upon.
    private static let leastElongation = 1.6
    /// Of the upright box's area: a pose that saves less is not worth its uncertainty.
    private static let mostOfUpright = 0.6
    /// Of the picture's area: a box that saves less is not worth an edge that the part may cross.
    private static let mostOfPicture = 0.8
    /// Of a side, on both ends: a part does not lie exactly as the shots.
    private static let margin = 0.06

    /// The region that suits the shots, by where a part stands out from a smooth background in each of them.
    ///
    /// - Parameter shots: as the model sees them, all of one scene and decoded alike.
    /// - Precondition: at least one.
    package static func chosen(from shots: [Image]) -> PartRegion {
        precondition(!shots.isEmpty, "region of no shots")
        let picture = PixelSize(height: shots[0].height, width: shots[0].width)
        guard shots.count > 1 else { return full(picture, .oneShot) }
        guard shots.allSatisfy({ $0.height == picture.height && $0.width == picture.width }) else {
            return full(picture, .otherSizes)
        }
        let masks = shots.compactMap { shot -> (box: PartMask, pose: PartMask)? in
            let contrast = BackgroundContrast(shot)
            guard let box = contrast.mask(level: PartMask.boxLevel), let pose = contrast.mask(level: PartMask.poseLevel)
            else { return nil }
            return (box, pose)
        }
        guard masks.count == shots.count else {
            return full(picture, .noPart(shots: shots.count - masks.count))
        }
        let poses = masks.map { PartPose(of: $0.pose, height: picture.height, width: picture.width) }
        let posed = posedExtent(poses)
        let upright = uprightExtent(masks.map(\.box), picture)
        let elongation = poses.map(\.elongation).min() ?? 1
        if elongation >= leastElongation, posed.area < mostOfUpright * upright.area {
            return PartRegion(
                picture: picture, shape: .pose(posed, elongation: elongation, share: posed.area / upright.area))
        }
        let share = upright.area / Double(picture.height * picture.width)
        guard share < mostOfPicture else { return full(picture, .fillsPicture) }
        return PartRegion(picture: picture, shape: .box(upright, share: share))
    }

    /// Around all shots' parts, each laid along its own axis.
    private static func posedExtent(_ poses: [PartPose]) -> PartExtent {
        let extent = poses.dropFirst().reduce(poses[0].extent) { $0.union($1.extent) }
        // A rod's width says little about how far it bends.
        return extent.grown(across: margin * extent.width, down: margin * max(extent.height, extent.width / 8))
    }

    /// Around all shots' parts, within the picture.
    private static func uprightExtent(_ masks: [PartMask], _ picture: PixelSize) -> PartExtent {
        let boxes = masks.map { $0.box(height: picture.height, width: picture.width) }
        let box = boxes.dropFirst().reduce(boxes[0]) { $0.union($1) }
        let grown = box.grown(across: margin * box.width, down: margin * box.height)
        return PartExtent(
            left: max(grown.left, 0), top: max(grown.top, 0), right: min(grown.right, Double(picture.width)),
            bottom: min(grown.bottom, Double(picture.height)))
    }
}
