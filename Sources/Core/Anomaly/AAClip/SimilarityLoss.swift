internal import Glibc

// N patches, C width of the text's space, S side of the picture.

/// How far a level's similarity map is from the truth about the pixels, as AA-CLIP's code has it: `100 s(f, T)` for both texts is
/// upsampled, the softmax of both is the map, and focal loss (Lin et al. 2017, gamma 2) and the dice loss of both classes
/// (Milletari et al. 2016, 1 added above and below) are added up.
package struct SimilarityLoss: Sendable {
    private static let scale: Float = 100
    /// Of the labels of the focal loss, and added to its probabilities.
    private static let smoothing = 1e-5

    package struct Gradients: Equatable {
        package let loss: Double
        /// By the patches, `[N, C]`.
        package internal(set) var features: Matrix
        /// By `T- - T+`, `[C]`: by `T-`, and by `T+` with the other sign.
        package let direction: [Float]
    }

    private let upsampling: GridResampling
    private let adjoint: GridResampling

    package init(grid: PatchGrid, side: Int) {
        upsampling = GridResampling(from: grid, to: PatchGrid(rows: side, columns: side), .alignedBilinear)
        adjoint = upsampling.adjoint
    }

    /// - Parameters:
    ///   - features: `[N, C]`.
    ///   - mask: `[S * S]`, 1 where the part is defective, else 0.
    package func gradients(_ features: Matrix, _ anchors: TextAnchors, mask: [Float]) -> Gradients {
        let direction = zip(anchors.abnormal, anchors.normal).map { $0 - $1 }
        let row = Matrix(rows: 1, columns: direction.count, values: direction)
        // A softmax of two is a function of their difference, which upsampling keeps.
        let logits = features.multiplied(byTransposed: row).values.map { Self.scale * $0 }
        let (loss, pixels) = Self.loss(upsampling.applied(to: logits), mask: mask)
        let patches = Matrix(
            rows: features.rows, columns: 1, values: adjoint.applied(to: pixels).map { Self.scale * $0 })
        return Gradients(
            loss: loss, features: patches.multiplied(by: row),
            direction: patches.transposedProduct(features).values)
    }

    /// Of a picture's pixels.
    ///
    /// - Parameter logits: of "defective" against "good".
    /// - Returns: also the derivatives by `logits`.
    package static func loss(_ logits: [Float], mask: [Float]) -> (loss: Double, gradient: [Float]) {
        precondition(logits.count == mask.count, "similarity loss: \(logits.count) for \(mask.count) pixels")
        var (bad, good) = (Dice(), Dice())
        let probabilities = logits.map { 1 / (1 + exp(-Double($0))) }
        for (p, y) in zip(probabilities, mask) {
            bad.add(p, Double(y))
            good.add(1 - p, 1 - Double(y))
        }
        var focal = 0.0
        var gradient: [Float] = []
        gradient.reserveCapacity(mask.count)
        let count = Double(mask.count)
        for (p, y) in zip(probabilities, mask) {
            let sign: Double = y > 0.5 ? 1 : -1
            // Of the right class, its label being 1 - smoothing and the other's smoothing.
            let right = y > 0.5 ? p : 1 - p
            let q = (1 - smoothing) * right + smoothing * (1 - right) + smoothing
            focal -= (1 - q) * (1 - q) * log(q) / count
            let slope = (2 * (1 - q) * log(q) - (1 - q) * (1 - q) / q) * (1 - 2 * smoothing) * sign / count
            let total = slope + bad.slope(Double(y)) - good.slope(1 - Double(y))
            gradient.append(Float(total * p * (1 - p)))
        }
        return (focal + bad.loss + good.loss, gradient)
    }

    /// `1 - (2 sum(p y) + 1) / (sum(p) + sum(y) + 1)`.
    private struct Dice {
        private var both = 0.0
        private var either = 0.0

        mutating func add(_ p: Double, _ y: Double) {
            both += p * y
            either += p + y
        }

        var loss: Double { 1 - (2 * both + 1) / (either + 1) }

        /// By the p of a pixel.
        func slope(_ y: Double) -> Double {
            ((2 * both + 1) - 2 * y * (either + 1)) / ((either + 1) * (either + 1))
        }
    }
}
