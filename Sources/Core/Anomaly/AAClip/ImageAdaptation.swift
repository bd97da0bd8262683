internal import Glibc

// N patches, D width of the image tower, C width of the text's space, S side of the picture.

/// The second stage of AA-CLIP's training: adapters and projections of the image tower learn to lay patches beside the text that
/// says what they show. The loss of a picture is the cross-entropy of its detection embedding (its inner products with both texts
/// are the logits), and of each level the ``SimilarityLoss`` of its map.
package struct ImageAdaptation {
    private let tower: AAClipImageTower
    private let tape: AAClipImageTape
    private let parallelism: Parallelism

    package init(_ tower: AAClipImageTower, _ parallelism: Parallelism) {
        self.tower = tower
        self.parallelism = parallelism
        tape = AAClipImageTape(tower)
    }

    /// The loss of one picture.
    ///
    /// - Parameters:
    ///   - input: `[3, S, S]`.
    ///   - mask: `[S * S]`, 1 where the part is defective, else 0.
    ///   - share: of the picture in its batch; the gradient is multiplied by it.
    ///   - gradients: the derivatives by all adapters' weights are added here.
    package func loss(
        _ input: Tensor, mask: [Float], isDefective: Bool, _ anchors: TextAnchors, share: Float,
        into gradients: Storage
    ) -> Double {
        let adapters = tower.adapters
        let tokens = tower.levelTokens(of: input, recording: tape)
        let similarity = SimilarityLoss(grid: tower.network.grid, side: tower.input.height)
        var total = 0.0
        var tokenGradients: [Matrix] = []
        for (index, tokens) in tokens.enumerated() {
            var derivatives = similarity.gradients(adapters.level(index, tokens, parallelism), anchors, mask: mask)
            total += derivatives.loss
            derivatives.features.scale(by: share)
            tokenGradients.append(
                adapters.levelBackward(index, tokens, derivatives.features, into: gradients, parallelism))
        }
        let last = tokens.count - 1
        let (loss, gradient) = Self.classification(
            adapters.detection(tokens[last], parallelism), isDefective: isDefective, anchors)
        tokenGradients[last].add(
            adapters.detectionBackward(tokens[last], gradient.map { $0 * share }, into: gradients, parallelism))
        tower.backward(tokenGradients, through: tape, into: gradients)
        return total + loss
    }

    /// Cross-entropy of a softmax over the inner products with both texts, and its derivatives by the embedding.
    static func classification(
        _ embedding: [Float], isDefective: Bool, _ anchors: TextAnchors
    ) -> (loss: Double, gradient: [Float]) {
        let direction = zip(anchors.abnormal, anchors.normal).map { $0 - $1 }
        let logit = zip(direction, embedding).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let probability = 1 / (1 + exp(-logit))
        let label: Double = isDefective ? 1 : 0
        return (
            log1p(exp(isDefective ? -logit : logit)), direction.map { Float(probability - label) * $0 }
        )
    }
}
