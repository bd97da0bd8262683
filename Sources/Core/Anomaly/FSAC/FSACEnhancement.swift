// B rows of a batch, C width; share is gamma1 of eq. 9.

extension FSACNetwork {
    /// `CT = psi + share * VT` (eq. 9) where each picture is its own only key. It is another one for each picture, so it is never
    /// written out: its products follow from those of its summands.
    struct OwnEnhancement {
        /// `s(CF, CT)`, `[B, 2]`.
        var similarity: Matrix
        /// `VT`, `[B, C]`, for both anchors.
        private let visual: Matrix
        private let share: Float
        private let featureNorms: [Float]
        /// Norms of `CT`, `[B, 2]`.
        private var norms: Matrix

        /// - Parameter visual: `VT`, `[B, C]`.
        init(_ features: Matrix, _ anchors: Anchors, visual: Matrix, share: Float) {
            self.visual = visual
            self.share = share
            featureNorms = FSACCosines.norms(features)
            let anchorLengths = anchors.adapted.rowProducts(anchors.adapted)
            let along = features.rowProducts(visual)
            let lengths = visual.rowProducts(visual)
            let overlap = visual.multiplied(byTransposed: anchors.adapted)
            similarity = features.multiplied(byTransposed: anchors.adapted)
            norms = overlap
            for row in 0..<features.rows {
                for side in 0..<2 {
                    let squared = anchorLengths[side] + 2 * share * overlap[row, side] + share * share * lengths[row]
                    norms[row, side] = max(squared, 1e-16).squareRoot()
                    similarity[row, side] =
                        (similarity[row, side] + share * along[row]) / (featureNorms[row] * norms[row, side])
                }
            }
        }

        /// The derivatives by `CF`, `psi` (in `CT`) and `VT` from those by the similarities.
        func backward(
            _ gradient: Matrix, _ features: Matrix, _ anchors: Anchors
        ) -> (features: Matrix, anchors: Matrix, visual: Matrix) {
            let count = features.rows
            // Factors of the other vector, and of the vector itself; see FSACCosines.
            var across = gradient
            var own = gradient
            var (acrossSum, ownSum, featureOwn) = (
                [Float](repeating: 0, count: count), [Float](repeating: 0, count: count),
                [Float](repeating: 0, count: count)
            )
            var anchorOwn: [Float] = [0, 0]
            for row in 0..<count {
                for side in 0..<2 {
                    let pull = gradient[row, side] * similarity[row, side]
                    across[row, side] = gradient[row, side] / (featureNorms[row] * norms[row, side])
                    own[row, side] = pull / (norms[row, side] * norms[row, side])
                    acrossSum[row] += across[row, side]
                    ownSum[row] += own[row, side]
                    anchorOwn[side] -= own[row, side]
                    featureOwn[row] -= pull / (featureNorms[row] * featureNorms[row])
                }
            }
            var byFeatures = across.multiplied(by: anchors.adapted)
            byFeatures.add(visual, rowFactors: acrossSum, scale: share)
            byFeatures.add(features, rowFactors: featureOwn)
            var byAnchors = across.transposedProduct(features)
            byAnchors.add(anchors.adapted, rowFactors: anchorOwn)
            byAnchors.add(own.transposedProduct(visual), scale: -share)
            var byVisual = own.multiplied(by: anchors.adapted).scaled(by: -share)
            byVisual.add(features, rowFactors: acrossSum, scale: share)
            byVisual.add(visual, rowFactors: ownSum, scale: -share * share)
            return (byFeatures, byAnchors, byVisual)
        }
    }

    /// `CT = psi + share * VT` (eq. 9) where all pictures of the batch are keys (eq. 8).
    struct BatchEnhancement {
        /// `CF` and `CT`.
        let cosines: FSACCosines
        private let share: Float
        private let scale: Float
        /// `attended TFᵀ = meetings attentionᵀ`, `[2, 2]`.
        private let meetings: Matrix
        /// `softmax(attended TFᵀ / sqrt(C))`, `[2, B]`.
        private let textAttention: Matrix
        /// `VT = mixture echoes`, `[2, 2]`.
        private let mixture: Matrix

        init(
            _ features: Matrix, _ anchors: Anchors, _ attention: Matrix, share: Float, scale: Float,
            _ parallelism: Parallelism
        ) {
            self.share = share
            self.scale = scale
            meetings = anchors.attended.multiplied(byTransposed: anchors.answers)
            textAttention = meetings.multiplied(byTransposed: attention).scaled(by: scale).softmax()
            mixture = textAttention.multiplied(by: attention)
            var enhanced = anchors.adapted
            enhanced.add(mixture.multiplied(by: anchors.echoes), scale: share)
            cosines = FSACCosines(features, enhanced, parallelism)
        }

        func backward(
            _ gradient: Matrix, _ anchors: Anchors, _ attention: Matrix, _ parallelism: Parallelism
        ) -> Derivatives {
            let (byFeatures, byEnhanced) = cosines.backward(gradient, parallelism)
            let byVisual = byEnhanced.scaled(by: share)
            let byMixture = byVisual.multiplied(byTransposed: anchors.echoes)
            let byLogits = byMixture.multiplied(byTransposed: attention).softmaxBackward(textAttention)
                .scaled(by: scale)
            let byMeetings = byLogits.multiplied(by: attention)
            var byAttention = textAttention.transposedProduct(byMixture)
            byAttention.add(byLogits.transposedProduct(meetings))
            return Derivatives(
                features: byFeatures, anchors: byEnhanced, attention: byAttention,
                attended: byMeetings.multiplied(by: anchors.answers),
                answers: byMeetings.transposedProduct(anchors.attended),
                echoes: mixture.transposedProduct(byVisual))
        }
    }
}
