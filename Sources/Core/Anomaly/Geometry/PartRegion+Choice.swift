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
    /// - Parameters:
    ///   - count: how many shots, at least one.
    ///   - shot: one of them as the model sees it, all of one scene and decoded alike. One at a time: hundreds take gigabytes.
    package static func chosen<Failure>(
        from count: Int, _ shot: (Int) throws(Failure) -> Image
    ) throws(Failure) -> PartRegion {
        precondition(count > 0, "region of no shots")
        let first = try shot(0)
        let picture = PixelSize(height: first.height, width: first.width)
        guard count > 1 else { return full(picture, .oneShot) }
        var masks: [(box: PartMask, pose: PartMask)] = []
        for number in 0..<count {
            let image = number == 0 ? first : try shot(number)
            guard image.height == picture.height, image.width == picture.width else {
                return full(picture, .otherSizes)
            }
            let contrast = BackgroundContrast(image)
            guard let box = contrast.mask(level: PartMask.boxLevel), let pose = contrast.mask(level: PartMask.poseLevel)
            else { continue }
            masks.append((box, pose))
        }
        guard masks.count == count else { return full(picture, .noPart(shots: count - masks.count)) }
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
