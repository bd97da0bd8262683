extension PartRegion: Codable {
    private enum CodingKeys: String, CodingKey {
        case picture, shape, reason, shots, extent, elongation, share
    }

    private enum ShapeName: String, Codable {
        case full, box, pose
    }

    private enum Reason: String, Codable {
        case regionOfInterest = "region_of_interest"
        case oneShot = "one_shot"
        case otherSizes = "other_sizes"
        case noPart = "no_part"
        case fillsPicture = "fills_picture"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(picture, forKey: .picture)
        switch shape {
        case .full(let whole):
            try container.encode(ShapeName.full, forKey: .shape)
            try container.encode(Self.reason(whole), forKey: .reason)
            if case .noPart(let shots) = whole { try container.encode(shots, forKey: .shots) }
        case .box(let extent, let share):
            try container.encode(ShapeName.box, forKey: .shape)
            try container.encode(extent, forKey: .extent)
            try container.encode(share, forKey: .share)
        case .pose(let extent, let elongation, let share):
            try container.encode(ShapeName.pose, forKey: .shape)
            try container.encode(extent, forKey: .extent)
            try container.encode(elongation, forKey: .elongation)
            try container.encode(share, forKey: .share)
        }
    }

    /// - Throws: `DecodingError`, also when the numbers make no region.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        picture = try container.decode(PixelSize.self, forKey: .picture)
        switch try container.decode(ShapeName.self, forKey: .shape) {
        case .full:
            shape = .full(because: try Self.whole(container))
        case .box:
            shape = .box(
                try container.decode(PartExtent.self, forKey: .extent),
                share: try container.decode(Double.self, forKey: .share))
        case .pose:
            shape = .pose(
                try container.decode(PartExtent.self, forKey: .extent),
                elongation: try container.decode(Double.self, forKey: .elongation),
                share: try container.decode(Double.self, forKey: .share))
        }
        guard isPossible else {
            throw DecodingError.dataCorruptedError(
                forKey: .extent, in: container,
                debugDescription:
                    "expected a region of a picture of \(picture.width) x \(picture.height), got \(extent)")
        }
    }

    /// Whether it is of positive size, and a box lies in the picture.
    private var isPossible: Bool {
        guard picture.width > 0, picture.height > 0, extent.width > 0, extent.height > 0,
            extent.width.isFinite, extent.height.isFinite
        else { return false }
        if case .pose = shape { return true }
        return extent.left >= 0 && extent.top >= 0 && extent.right <= Double(picture.width)
            && extent.bottom <= Double(picture.height)
    }

    private static func reason(_ whole: Whole) -> Reason {
        switch whole {
        case .regionOfInterest: .regionOfInterest
        case .oneShot: .oneShot
        case .otherSizes: .otherSizes
        case .noPart: .noPart
        case .fillsPicture: .fillsPicture
        }
    }

    private static func whole(_ container: KeyedDecodingContainer<CodingKeys>) throws -> Whole {
        switch try container.decode(Reason.self, forKey: .reason) {
        case .regionOfInterest: .regionOfInterest
        case .oneShot: .oneShot
        case .otherSizes: .otherSizes
        case .noPart: .noPart(shots: try container.decode(Int.self, forKey: .shots))
        case .fillsPicture: .fillsPicture
        }
    }
}
