internal import Glibc

/// A rectangle, fractions of pixels included: upright in a picture, or along a part's axes about its centroid.
package struct PartExtent: Sendable, Equatable, Codable {
    package let left: Double
    package let top: Double
    package let right: Double
    package let bottom: Double

    package init(left: Double, top: Double, right: Double, bottom: Double) {
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom
    }

    package var width: Double { right - left }
    package var height: Double { bottom - top }
    var area: Double { width * height }

    /// The smallest one around both.
    func union(_ other: PartExtent) -> PartExtent {
        PartExtent(
            left: min(left, other.left), top: min(top, other.top), right: max(right, other.right),
            bottom: max(bottom, other.bottom))
    }

    func grown(across: Double, down: Double) -> PartExtent {
        PartExtent(left: left - across, top: top - down, right: right + across, bottom: bottom + down)
    }
}

/// How a part lies in a picture, in pixels; x to the right, y down.
package struct PartPose: Sendable, Equatable {
    /// The centroid of its mask, `(x, y)`.
    package let centre: SIMD2<Double>
    /// The main axis, of length 1. Of its two directions the one in which the third moment is positive: towards the end that reaches
    /// farther from the centroid. A part that is the same from both ends has no such direction; noise chooses one.
    package let along: SIMD2<Double>
    /// The ratio of the standard deviations along and across the main axis; at least 1.
    package let elongation: Double
    /// Of the mask's cells, along the main axis and across it, from the centroid.
    package let extent: PartExtent

    /// - Parameters:
    ///   - height: of the picture that the mask is of; `width`, too.
    package init(of mask: PartMask, height: Int, width: Int) {
        let scale = SIMD2(Double(width) / Double(mask.columns), Double(height) / Double(mask.rows))
        let points = mask.isPart.indices.filter { mask.isPart[$0] }
            .map { SIMD2(Double($0 % mask.columns) + 0.5, Double($0 / mask.columns) + 0.5) * scale }
        let count = Double(points.count)
        let centre = points.reduce(.zero, +) / count
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for point in points {
            let d = point - centre
            xx += d.x * d.x / count
            yy += d.y * d.y / count
            xy += d.x * d.y / count
        }
        let spread = hypot((xx - yy) / 2, xy)
        let angle = atan2(2 * xy, xx - yy) / 2
        var along = SIMD2(cos(angle), sin(angle))
        if points.reduce(0, { $0 + pow(($1 - centre).along(along), 3) }) < 0 { along = -along }
        let distances = points.map { ($0 - centre).along(along) }
        let offsets = points.map { ($0 - centre).along(along.across) }
        self.centre = centre
        self.along = along
        elongation = (((xx + yy) / 2 + spread) / max((xx + yy) / 2 - spread, 1e-6)).squareRoot()
        extent = PartExtent(
            left: distances.min() ?? 0, top: offsets.min() ?? 0, right: distances.max() ?? 0, bottom: offsets.max() ?? 0
        )
    }
}

extension SIMD2<Double> {
    /// A quarter of a turn from x towards y.
    var across: SIMD2<Double> { SIMD2(-y, x) }

    /// How far it reaches in a direction of length 1.
    func along(_ direction: SIMD2<Double>) -> Double { (self * direction).sum() }
}
