// N patches, C embedding width.

/// The picture compared with words for good and bad parts by CLIP as it is.
package struct ZeroShotMethod: Method {
    package init() {}

    package static let about = MethodDescription(
        name: "clip-zero-shot",
        summary: "the picture compared with words for good and bad parts; needs a CLIP backbone",
        reference: "CLIP-AC with the prompts of Jeong et al., CVPR 2023, <https://arxiv.org/abs/2303.14814>")
    package static let headers: [any ScorerHeader.Type] = [ZeroShot.Header.self]
    package static let needs = MethodNeeds(text: .required, embedding: true)

    package static func layers(default defaults: [Int], text: [Int]) -> [Int] { text.last.map { [$0] } ?? defaults }

    package func fit(_ setup: FitSetup) -> any ScorerFit { ZeroShotFit(anchors: setup.requiredAnchors) }
    package func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int { 0 }
}

/// CLIP as it is: is the picture more like the words for a bad part or like those for a good one? Nothing is learnt; the shots
/// only say where the limit is.
///
/// The image score is the odds of the abnormal text, see ``TextAnchors/odds(of:temperature:)``. The map compares each patch
/// with the texts; it says where, the image score says how much.
///
/// - SeeAlso: Jeong et al., "WinCLIP", CVPR 2023, section 4.1 (CLIP-AC with the compositional prompt ensemble).
package struct ZeroShot: Scorer {
    /// Of the softmax over the texts; as in WinCLIP.
    static let temperature: Float = 0.07

    let anchors: TextAnchors
    /// C: patches are compared in the space of the texts.
    package var featureWidth: Int { anchors.normal.count }

    package func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        let embedding = features.embedding
        let imageScore = anchors.odds(of: embedding, temperature: Self.temperature)[0]
        let odds = anchors.odds(of: mask.rows(of: features.rows), temperature: Self.temperature)
        return ScoreMap(grid: features.grid, pattern: mask.scattered(odds), imageScore: imageScore)
    }

    package var stored: StoredScorer {
        StoredScorer(header: Header(), tensors: anchors.tensors)
    }

    package struct Header: ScorerHeader {
        package static let kind = "zero_shot"

        package func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer {
            try ZeroShot(self, tensors)
        }
    }

    init(anchors: TextAnchors) { self.anchors = anchors }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        self.init(anchors: try TextAnchors(tensors))
    }
}

struct ZeroShotFit: ScorerFit {
    let anchors: TextAnchors

    mutating func add(_ shot: ShotFeatures) {}

    func scorer(leavingOut shots: Set<Int>, _ parallelism: Parallelism) -> any Scorer { ZeroShot(anchors: anchors) }
}

extension PatchFeatures {
    /// `[1, C]`.
    ///
    /// - Precondition: the method asks for it.
    var embedding: Matrix {
        guard let whole else { preconditionFailure("features without the picture's embedding") }
        return Matrix(rows: 1, columns: whole.embedding.count, values: whole.embedding)
    }
}
