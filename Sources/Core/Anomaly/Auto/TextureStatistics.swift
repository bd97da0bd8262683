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
    let rule: TextureRule

    init(
        columns: Range<Int>, mean: [Float], deviation: [Float], centre: [Float], variance: [Float],
        tolerance: Float = 1, weight: Float = 1, rule: TextureRule = .cautious
    ) {
        self.columns = columns
        self.mean = mean
        self.deviation = deviation
        self.centre = centre
        self.variance = variance
        self.tolerance = tolerance
        self.weight = weight
        self.rule = rule
    }

    /// - Parameter shots: at least one, each with a patch that counts.
    package init(shots: [ShotFeatures.View], columns: Range<Int>) {
        self.init(shots.map { TextureSample($0, columns: columns) }, columns: columns)
    }

    /// - Parameter samples: of at least one shot.
    init(_ samples: [TextureSample], columns: Range<Int>) {
        let all = ColumnMoments(joining: samples.map(\.whole))
        let (mean, deviation) = (all.mean, all.deviation)
        let centre = ColumnMoments(Matrix(joining: samples.map { $0.whole.description(mean, deviation) })).mean
        // Each shot's quarters around their own mean: what shots differ in as a whole is not a quarter's doing.
        var squares = [Float](repeating: 0, count: centre.count)
        for sample in samples {
            let quarters = sample.quarters.map { $0.description(mean, deviation) }
            let deviation = ColumnMoments(Matrix(joining: quarters)).deviation
            for index in squares.indices { squares[index] += deviation[index] * deviation[index] }
        }
        // A mean over four times as many patches varies a quarter as much.
        let scale = 1 / Float(4 * samples.count)
        self.init(
            columns: columns, mean: mean, deviation: deviation, centre: centre,
            variance: squares.map { $0 * scale + Self.smallestVariance })
    }

    private static let smallestVariance: Float = 1e-3

    package func with(tolerance: Float, weight: Float, rule: TextureRule) -> TextureStatistics {
        TextureStatistics(
            columns: columns, mean: mean, deviation: deviation, centre: centre, variance: variance,
            tolerance: tolerance, weight: weight, rule: rule)
    }

    /// What a picture's score is multiplied with: 1 while its texture is like the shots'.
    package func factor(for features: PatchFeatures, counting mask: PatchMask) -> Float {
        let excess = distance(of: features, counting: mask) / tolerance
        return powf(min(max(excess, 1), rule.largestExcess), rule.exponent * weight)
    }

    /// Root mean square of the standardised differences from the shots.
    package func distance(of features: PatchFeatures, counting mask: PatchMask) -> Float {
        distance(of: ColumnMoments(features, mask, columns))
    }

    func distance(of whole: ColumnMoments) -> Float {
        let description = whole.description(mean, deviation)
        var sum: Float = 0
        for index in description.indices {
            let difference = description[index] - centre[index]
            sum += difference * difference / variance[index]
        }
        return (sum / Float(description.count)).squareRoot()
    }

}

/// How a score grows with how far a texture is beyond what good ones have. Chosen looking at simulated textiles (docs/accuracy.md).
package struct TextureRule: Codable, Sendable, Equatable {
    /// In tolerances; what is more counts no more.
    let largestExcess: Float
    /// Of the excess, at full weight.
    let exponent: Float

    enum CodingKeys: String, CodingKey {
        case exponent
        case largestExcess = "largest_excess"
    }

    /// Of a single shot, which does not show how much good textures differ, and of models that do not say.
    package static let cautious = TextureRule(largestExcess: 1.5, exponent: 2)
    /// From two shots on.
    package static let steep = TextureRule(largestExcess: 2, exponent: 3)

    var isWellFormed: Bool { (1...16).contains(largestExcess) && (0...16).contains(exponent) }
}

/// All that statistics need to know of a shot.
struct TextureSample {
    let whole: ColumnMoments
    /// Of the picture's four.
    fileprivate let quarters: [ColumnMoments]

    /// - Parameter view: with a patch that counts.
    init(_ view: ShotFeatures.View, columns: Range<Int>) {
        whole = ColumnMoments(view.features, view.mask, columns)
        quarters = view.features.grid.quarters.map { patches in
            ColumnMoments(view.features, view.mask.narrowed(to: patches), columns)
        }
    }
}

/// Sums over the patches of a picture, or of several.
struct ColumnMoments {
    private let count: Double
    /// `[D]`.
    private let sums: [Double]
    private let squares: [Double]

    fileprivate init(_ features: PatchFeatures, _ mask: PatchMask, _ columns: Range<Int>) {
        self.init(mask.rows(of: features.columns(columns, localAveraging: false).rows))
    }

    fileprivate init(_ rows: Matrix) {
        var sums = [Double](repeating: 0, count: rows.columns)
        var squares = sums
        rows.values.withUnsafeBufferPointer { values in
            for row in 0..<rows.rows {
                for column in 0..<rows.columns {
                    let value = Double(values[row * rows.columns + column])
                    sums[column] += value
                    squares[column] += value * value
                }
            }
        }
        (count, self.sums, self.squares) = (Double(rows.rows), sums, squares)
    }

    /// - Parameter pieces: at least one.
    fileprivate init(joining pieces: [ColumnMoments]) {
        count = pieces.reduce(0) { $0 + $1.count }
        sums = pieces[0].sums.indices.map { column in pieces.reduce(0) { $0 + $1.sums[column] } }
        squares = pieces[0].sums.indices.map { column in pieces.reduce(0) { $0 + $1.squares[column] } }
    }

    /// `[D]`.
    fileprivate var mean: [Float] { sums.map { Float($0 / count) } }

    /// `[D]`: standard deviations, never 0.
    fileprivate var deviation: [Float] {
        zip(squares, sums).map { square, sum in
            let mean = sum / count
            return Float(max(square / count - mean * mean, 0).squareRoot() + 1e-6)
        }
    }

    /// `[2 D]`: mean and log deviation of each feature, in the shots' deviations.
    fileprivate func description(_ mean: [Float], _ deviation: [Float]) -> [Float] {
        let (own, spread) = (self.mean, self.deviation)
        let means = own.indices.map { (own[$0] - mean[$0]) / deviation[$0] }
        let spreads = spread.indices.map { logf(spread[$0] / deviation[$0]) }
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
