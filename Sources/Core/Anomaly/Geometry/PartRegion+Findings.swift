extension PartRegion {
    /// What the fine view looks at and why, in a line each, for people.
    package var findings: [String] {
        switch shape {
        case .full(let reason):
            return ["looked at closely: all that is inspected, for \(reason.text)"]
        case .box(let extent, let share):
            return [
                "looked at closely: \(Self.size(extent)) at (\(Self.whole(extent.left)), \(Self.whole(extent.top))) of "
                    + "\(pictureText), the box around the part in all shots (\(Self.percent(share)) of the picture); the "
                    + "rest is watched coarsely"
            ]
        case .pose(let extent, let elongation, let share):
            return [
                "looked at closely: \(Self.size(extent)) of \(pictureText) along the part, wherever it lies and however it "
                    + "is turned: in all shots it is at least \(Self.tenths(elongation)) times as long as wide, and so this "
                    + "needs \(Self.percent(share)) of what an upright box would",
                "a frame in which no part is found is INVALID (part_not_found)",
            ]
        }
    }

    private var pictureText: String { "\(picture.width) x \(picture.height)" }

    private static func size(_ extent: PartExtent) -> String { "\(whole(extent.width)) x \(whole(extent.height))" }
    private static func whole(_ value: Double) -> Int { Int(value.rounded()) }
    private static func percent(_ share: Double) -> String { "\(whole(share * 100)) %" }
    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

extension PartRegion.Whole {
    fileprivate var text: String {
        switch self {
        case .regionOfInterest: "that was set by hand (roi, ignore)"
        case .oneShot: "one shot does not show where the next part will lie"
        case .otherSizes: "the shots are not of one size"
        case .noPart(let shots):
            "in \(shots) shot\(shots == 1 ? "" : "s") no part stands out from a plain background along the border"
        case .fillsPicture: "the part fills most of it"
        }
    }
}
