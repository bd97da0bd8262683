// N patches, C width of the text's space, S side of the picture.

/// The first stage of AA-CLIP's training: adapters of the text tower learn to tell normal from abnormal, before the image tower
/// has any. The loss of a batch is the ``SimilarityLoss`` of its pictures' maps, and a tenth of the square of the mean inner
/// product of both texts, which keeps them apart.
///
/// Patches are those of CLIP's last block in the space of the text, of norm 1, with the picture's embedding, of norm 1, added to
/// each: a patch of a defective picture is suspicious by that alone. Where the paper's code differs: it replaces attention in
/// the last 19 blocks by attention of values to values, and there among the pictures of a batch at one place rather than among
/// the patches of a picture, so that a picture's features would hang on its neighbours.
package struct TextAdaptation {
    /// Of the inner products' square.
    private static let orthogonality: Float = 0.1

    /// A picture as this stage needs it.
    package struct Example {
        /// `[N, C]`.
        let features: Matrix
        /// `[S * S]`, 1 where the part is defective, else 0.
        let mask: [Float]
        /// Its prompts.
        let object: Int

        package init(features: Matrix, mask: [Float], object: Int) {
            self.features = features
            self.mask = mask
            self.object = object
        }
    }

    /// What is said of an object, in tokens.
    package struct Prompts: Sendable {
        let normal: [[Int32]]
        let abnormal: [[Int32]]

        package init(normal: [[Int32]], abnormal: [[Int32]]) {
            self.normal = normal
            self.abnormal = abnormal
        }
    }

    private let tower: AAClipTextTower
    private let prompts: [Prompts]
    private let similarity: SimilarityLoss

    /// - Parameter prompts: of each object.
    package init(_ tower: AAClipTextTower, prompts: [Prompts], grid: PatchGrid, side: Int) {
        self.tower = tower
        self.prompts = prompts
        similarity = SimilarityLoss(grid: grid, side: side)
    }

    /// What a picture's patches are for this stage, from CLIP's features, see ``TextAdaptation``.
    ///
    /// - Parameters:
    ///   - patches: in the space of the text, `[N, C]`.
    ///   - embedding: `[C]`.
    package static func features(patches: Matrix, embedding: [Float]) -> Matrix {
        var result = patches
        result.normalizeRows()
        var whole = Matrix(rows: 1, columns: embedding.count, values: embedding)
        whole.normalizeRows()
        for row in 0..<result.rows {
            for column in 0..<result.columns { result[row, column] += whole[0, column] }
        }
        return result
    }

    /// Both texts of an object, as the adapters are now.
    package func anchors(of object: Int) -> TextAnchors {
        TextAnchors(
            normal: PromptAnchor(tower.embeddings(of: prompts[object].normal)).direction,
            abnormal: PromptAnchor(tower.embeddings(of: prompts[object].abnormal)).direction)
    }

    /// The loss of a batch.
    ///
    /// - Parameter gradients: the derivatives by the text adapters' weights are added here.
    package func loss(_ batch: [Example], into gradients: Storage) -> Double {
        let share = 1 / Float(batch.count)
        let objects = Set(batch.map(\.object)).sorted()
        let texts = Dictionary(uniqueKeysWithValues: objects.map { ($0, Texts(prompts[$0], tower)) })
        func product(_ example: Example) -> Float { texts[example.object]?.product ?? 0 }
        let meanProduct = batch.reduce(0) { $0 + product($1) * share }
        var loss = Double(Self.orthogonality * meanProduct * meanProduct)
        for object in objects {
            guard let text = texts[object] else { continue }
            let own = batch.filter { $0.object == object }
            var direction = [Float](repeating: 0, count: text.anchors.normal.count)
            for example in own {
                let derivatives = similarity.gradients(example.features, text.anchors, mask: example.mask)
                loss += derivatives.loss * Double(share)
                for (index, value) in derivatives.direction.enumerated() { direction[index] += value * share }
            }
            let factor = 2 * Self.orthogonality * meanProduct * share * Float(own.count)
            text.backward(direction, crossing: factor, tower, into: gradients)
        }
        return loss
    }

    /// Both texts of an object with what the way back needs.
    private struct Texts {
        let anchors: TextAnchors
        private let normal: PromptAnchor
        private let abnormal: PromptAnchor
        private let tapes: [AAClipTextTape]

        init(_ prompts: Prompts, _ tower: AAClipTextTower) {
            let (embeddings, tapes) = tower.embeddings(recording: prompts.normal + prompts.abnormal)
            let count = prompts.normal.count
            normal = PromptAnchor(embeddings.rows(Array(0..<count)))
            abnormal = PromptAnchor(embeddings.rows(Array(count..<embeddings.rows)))
            anchors = TextAnchors(normal: normal.direction, abnormal: abnormal.direction)
            self.tapes = tapes
        }

        /// Of both texts.
        var product: Float { zip(anchors.normal, anchors.abnormal).reduce(0) { $0 + $1.0 * $1.1 } }

        /// - Parameters:
        ///   - direction: derivatives by `T- - T+`.
        ///   - factor: the derivative by the inner product.
        func backward(_ direction: [Float], crossing factor: Float, _ tower: AAClipTextTower, into gradients: Storage) {
            let byNormal = zip(direction, anchors.abnormal).map { factor * $1 - $0 }
            let byAbnormal = zip(direction, anchors.normal).map { factor * $1 + $0 }
            let rows = Matrix(joiningRows: [normal.backward(byNormal), abnormal.backward(byAbnormal)])
            tower.backward(rows, through: tapes, into: gradients)
        }
    }
}
