internal import Glibc

/// A mild change that a good part's picture may show on the line: what calibration tries on shots that were left out.
enum ShotVariant: Equatable {
    /// Every value times a factor: exposure.
    case brightness(Float)
    /// Distances from the mean grey times a factor.
    case contrast(Float)
    /// A move by shares of the picture's height and width; the border repeats.
    case shift(rows: Float, columns: Float)
    case rotation(degrees: Double)

    /// Most telling first: when there are many shots, only the first few are tried.
    static let all: [ShotVariant] = [
        .rotation(degrees: 2), .brightness(1.05), .shift(rows: 0.015, columns: 0.01), .contrast(0.95),
        .rotation(degrees: -2), .brightness(0.95), .shift(rows: -0.01, columns: -0.015),
    ]

    /// The variants to try on each of `shotCount` shots: all of them up to 4 shots, then fewer, so that at most 32 pictures
    /// are scored (and at least the shot itself).
    static func chosen(shotCount: Int) -> ArraySlice<ShotVariant> { all.prefix(max(32 / shotCount, 1) - 1) }

    func applied(to image: Image) -> Image {
        switch self {
        case .brightness(let factor): image.adjusted(brightness: factor)
        case .contrast(let factor): image.adjusted(contrast: factor)
        case .shift(let rows, let columns):
            image.translated(
                rows: Int((rows * Float(image.height)).rounded()), columns: Int((columns * Float(image.width)).rounded()))
        case .rotation(let degrees): image.rotated(byDegrees: degrees)
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

    /// The patches whose centre shows the shot; the others show only the repeated border, which is no part of a good part.
    package func patchesInside(_ grid: PatchGrid) -> [Int] {
        let angle = degrees * .pi / 180
        let (height, width) = (Double(image.height), Double(image.width))
        return (0..<grid.count).filter { patch in
            let y = ((Double(patch / grid.columns) + 0.5) / Double(grid.rows) - 0.5) * height
            let x = ((Double(patch % grid.columns) + 0.5) / Double(grid.columns) - 0.5) * width
            let sourceX = cos(angle) * x - sin(angle) * y
            let sourceY = sin(angle) * x + cos(angle) * y
            return abs(sourceX) <= width / 2 + 1e-6 && abs(sourceY) <= height / 2 + 1e-6
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
            height: Int((Double(height) * scale).rounded()), width: Int((Double(width) * scale).rounded()), filter: .bilinear)
    }
}
