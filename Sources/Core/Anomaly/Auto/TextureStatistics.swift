internal import Glibc

// N patches, D width.

/// What the patches of a picture have in common, against the same of the shots: finds what changes a whole picture so evenly
/// that no single patch is unusual, such as a coarser weave.
///
/// A picture is described by the mean and the logarithm of the standard deviation of each feature over its patches. How far good
/// pictures differ in them is told by the quarters of the shots.
package struct TextureStatistics: Sendable, Equatable {
    /// Of the joined features, the columns that are looked at.
    package let columns: Range<Int>
    /// `[D]`: mean and standard deviation of each feature over all patches of the shots.
    let mean: [Float]
    let deviation: [Float]
    /// `[2 D]`: the shots' mean description, and the variance of one picture's.
    let centre: [Float]
    let variance: [Float]
    /// A good part's distance stays below it.
    package let tolerance: Float
    /// How much a larger distance counts: 0 (not at all) ... 1.
    package let weight: Float

    init(
        columns: Range<Int>, mean: [Float], deviation: [Float], centre: [Float], variance: [Float],
        tolerance: Float = 1, weight: Float = 1
    ) {
        self.columns = columns
        self.mean = mean
        self.deviation = deviation
        self.centre = centre
        self.variance = variance
        self.tolerance = tolerance
        self.weight = weight
    }

    /// - Parameter shots: at least one, each with a patch that counts.
    package init(shots: [ShotFeatures.View], columns: Range<Int>) {
        let rows = shots.map { Self.rows(of: $0.features, $0.mask, columns) }
        let all = Matrix(joiningRows: rows)
        let (mean, deviation) = all.columnMoments()
        func description(_ rows: Matrix) -> [Float] { Self.description(rows, mean, deviation) }
        let whole = rows.map(description)
        let centre = Matrix(joining: whole).columnMoments().mean
        // Each shot's quarters around their own mean: what shots differ in as a whole is not a quarter's doing.
        var squares = [Float](repeating: 0, count: centre.count)
        for view in shots {
            let quarters = view.features.grid.quarters.map { patches in
                description(Self.rows(of: view.features, view.mask.narrowed(to: patches), columns))
            }
            let deviation = Matrix(joining: quarters).columnMoments().deviation
            for index in squares.indices { squares[index] += deviation[index] * deviation[index] }
        }
        // A mean over four times as many patches varies a quarter as much.
        let scale = 1 / Float(4 * shots.count)
        self.init(
            columns: columns, mean: mean, deviation: deviation, centre: centre,
            variance: squares.map { $0 * scale + Self.smallestVariance })
    }

    private static let smallestVariance: Float = 1e-3

    package func with(tolerance: Float, weight: Float) -> TextureStatistics {
        TextureStatistics(
            columns: columns, mean: mean, deviation: deviation, centre: centre, variance: variance,
            tolerance: tolerance, weight: weight)
    }

    /// The most that the texture alone raises a score by.
    private static let largestFactor: Float = 1.5

    /// What a picture's score is multiplied with: 1 while its texture is like the shots'.
    package func factor(for features: PatchFeatures, counting mask: PatchMask) -> Float {
        let excess = distance(of: features, counting: mask) / tolerance
        return powf(min(max(excess, 1), Self.largestFactor), 2 * weight)
    }

    /// Root mean square of the standardised differences from the shots.
    package func distance(of features: PatchFeatures, counting mask: PatchMask) -> Float {
        let description = Self.description(Self.rows(of: features, mask, columns), mean, deviation)
        var sum: Float = 0
        for index in description.indices {
            let difference = description[index] - centre[index]
            sum += difference * difference / variance[index]
        }
        return (sum / Float(description.count)).squareRoot()
    }

    private static func rows(of features: PatchFeatures, _ mask: PatchMask, _ columns: Range<Int>) -> Matrix {
        mask.rows(of: features.columns(columns, localAveraging: false).rows)
    }

    /// `[2 D]`: mean and log deviation of each feature, in the shots' deviations.
    private static func description(_ rows: Matrix, _ mean: [Float], _ deviation: [Float]) -> [Float] {
        let own = rows.columnMoments()
        let means = own.mean.indices.map { (own.mean[$0] - mean[$0]) / deviation[$0] }
        let spreads = own.deviation.indices.map { logf(own.deviation[$0] / deviation[$0]) }
        return means + spreads
    }
}

extension PatchGrid {
    /// The patches of each quarter of the picture.
    fileprivate var quarters: [[Int]] {
        let (down, across) = (max(rows / 2, 1), max(columns / 2, 1))
        return [0, rows - down].flatMap { top in
            [0, columns - across].map { left in
                (top..<top + down).flatMap { row in (left..<left + across).map { row * columns + $0 } }
            }
        }
    }
}

extension Matrix {
    /// Mean and standard deviation of each column, the latter never 0.
    fileprivate func columnMoments() -> (mean: [Float], deviation: [Float]) {
        var sums = [Double](repeating: 0, count: columns)
        var squares = sums
        values.withUnsafeBufferPointer { values in
            for row in 0..<rows {
                for column in 0..<columns {
                    let value = Double(values[row * columns + column])
                    sums[column] += value
                    squares[column] += value * value
                }
            }
        }
        let count = Double(rows)
        let mean = sums.map { $0 / count }
        let deviation = zip(squares, mean).map { max($0 / count - $1 * $1, 0).squareRoot() + 1e-6 }
        return (mean.map { Float($0) }, deviation.map { Float($0) })
    }

    /// One row each.
    fileprivate init(joining rows: [[Float]]) {
        self.init(rows: rows.count, columns: rows[0].count, values: Array(rows.joined()))
    }
}
