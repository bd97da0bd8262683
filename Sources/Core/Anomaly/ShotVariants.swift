internal import Glibc

/// What may differ between two pictures of good parts that stand on the line one after the other: a little of everything at
/// once. Calibration tries such variants on shots that were left out.
struct ShotVariant: Equatable {
    let degrees: Double
    /// Moves by shares of the picture's height and width.
    let rows: Float
    let columns: Float
    /// Factors of every value, and of its distance from the mean grey.
    let brightness: Float
    let contrast: Float
    /// About the picture's centre.
    var scale = 1.0

    private static let all = [
        ShotVariant(degrees: 2, rows: 0.015, columns: -0.01, brightness: 1.05, contrast: 1),
        ShotVariant(degrees: -2, rows: -0.01, columns: -0.015, brightness: 0.95, contrast: 1),
        ShotVariant(degrees: 1, rows: 0.01, columns: 0.02, brightness: 1, contrast: 1.05),
        ShotVariant(degrees: -1, rows: -0.02, columns: 0.01, brightness: 1, contrast: 0.95),
        ShotVariant(degrees: 1.5, rows: -0.015, columns: 0.015, brightness: 0.97, contrast: 1.03),
        ShotVariant(degrees: -1.5, rows: 0.02, columns: 0, brightness: 1.03, contrast: 0.97),
        ShotVariant(degrees: 0.5, rows: 0, columns: -0.02, brightness: 0.97, contrast: 0.97),
    ]

    /// The variants to try on each of `shotCount` shots. Real shots say better than made ones how good parts differ: a variant
    /// is also blurred by its resampling, which moves a fine texture farther than another good part does. So they stand in
    /// only where there is nothing else, with one shot.
    static func chosen(shotCount: Int) -> [ShotVariant] { shotCount == 1 ? all : [] }

    /// What fine views remember of an only shot besides itself and its turned copies: a little turned, smaller and larger. Lit otherwise
    /// they would hide defects (docs/accuracy.md).
    static let remembered = [(4, 1), (-4, 1), (0, 0.93), (0, 1.07)].map { degrees, scale in
        ShotVariant(degrees: degrees, rows: 0, columns: 0, brightness: 1, contrast: 1, scale: scale)
    }

    func applied(to image: Image) -> Image {
        (degrees == 0 ? image : image.rotated(byDegrees: degrees)).scaled(by: scale)
            .translated(
                rows: Int((rows * Float(image.height)).rounded()),
                columns: Int((columns * Float(image.width)).rounded())
            )
            .adjusted(brightness: brightness, contrast: contrast)
    }

    /// Where what ``applied(to:)`` gives lies in the picture that it is made of; of variants that are not moved.
    func placement(in image: Image) -> ViewPlacement {
        let scaled = ViewPlacement { x, y in (0.5 + (x - 0.5) / scale, 0.5 + (y - 0.5) / scale) }
        return scaled.through(RotatedCopy.placement(height: image.height, width: image.width, degrees: degrees))
    }

    /// The patches to judge a variant by: those that lie an eighth of the picture away from its border or farther. Nearer ones
    /// see the repeated border, which looks like a defect and is none.
    static func interior(of grid: PatchGrid) -> [Int] {
        (0..<grid.count).filter { patch in
            let row = (Double(patch / grid.columns) + 0.5) / Double(grid.rows)
            let column = (Double(patch % grid.columns) + 0.5) / Double(grid.columns)
            return (0.125...0.875).contains(row) && (0.125...0.875).contains(column)
        }
    }
}

/// A copy of a shot turned about its centre.
package struct RotatedCopy {
    package let image: Image
    private let degrees: Double

    package init(of image: Image, degrees: Double) {
        self.image = degrees == 0 ? image : image.rotated(byDegrees: degrees)
        self.degrees = degrees
    }

    /// Where the copy lies in the shot.
    var placement: ViewPlacement { Self.placement(height: image.height, width: image.width, degrees: degrees) }

    static func placement(height: Int, width: Int, degrees: Double) -> ViewPlacement {
        let (sine, cosine) = Image.sineAndCosine(ofDegrees: degrees)
        let (height, width) = (Double(height), Double(width))
        return ViewPlacement { across, down in
            let (x, y) = ((across - 0.5) * width, (down - 0.5) * height)
            return ((cosine * x - sine * y) / width + 0.5, (sine * x + cosine * y) / height + 0.5)
        }
    }

    /// The patches whose centre shows the shot; the others show the repeated border, nothing of a good part.
    ///
    /// - Parameter isInspected: whether a place of the shot counts, by its shares of the width and the height.
    package func patchesInside(
        _ grid: PatchGrid, _ isInspected: (_ across: Double, _ down: Double) -> Bool = { _, _ in true }
    ) -> [Int] {
        let angle = degrees * .pi / 180
        let (height, width) = (Double(image.height), Double(image.width))
        return (0..<grid.count).filter { patch in
            let y = ((Double(patch / grid.columns) + 0.5) / Double(grid.rows) - 0.5) * height
            let x = ((Double(patch % grid.columns) + 0.5) / Double(grid.columns) - 0.5) * width
            let sourceX = cos(angle) * x - sin(angle) * y
            let sourceY = sin(angle) * x + cos(angle) * y
            return abs(sourceX) <= width / 2 + 1e-6 && abs(sourceY) <= height / 2 + 1e-6
                && isInspected(sourceX / width + 0.5, sourceY / height + 0.5)
        }
    }
}

extension Image {
    /// The picture, made smaller if it is much finer than an input of `inputSize` can show: turning 5 million pixels would take
    /// longer than embedding them. Twice the input's size is kept, so that the last resampling still does the filtering.
    func reducedForVariants(inputSize: Int) -> Image {
        let limit = 2 * inputSize
        guard min(height, width) > limit else { return self }
        let scale = Double(limit) / Double(min(height, width))
        return resized(
            height: Int((Double(height) * scale).rounded()), width: Int((Double(width) * scale).rounded()),
            filter: .bilinear)
    }
}
