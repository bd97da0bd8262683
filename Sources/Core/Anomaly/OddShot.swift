internal import Foundation

/// A shot that a model has learnt nothing from, because it is unlike all others, or doubted; see ``OddShots``.
package struct OddShot: Codable, Sendable, Equatable {
    package let sha256: String
    /// By the model, in its unit.
    package let score: Float
    /// The highest score of another shot by a model that does not know it.
    package let highestOther: Float
    /// True when it is a doubted one; else nil.
    private let doubted: Bool?
    package var isDoubted: Bool { doubted ?? false }

    package init(sha256: String, score: Float, highestOther: Float, isDoubted: Bool = false) {
        self.sha256 = sha256
        self.score = score
        self.highestOther = highestOther
        doubted = isDoubted ? true : nil
    }

    enum CodingKeys: String, CodingKey {
        case sha256, score, doubted
        case highestOther = "highest_other"
    }

    var isWellFormed: Bool { score.isFinite && highestOther.isFinite }

    /// What is known of it, and what to do, for a person.
    func text(others: Int) -> String {
        "shot \(sha256.prefix(12)) is odd: "
            + (isDoubted ? "it was NG or uncertain when it was added; " : "")
            + String(format: "it scores %.2f by the other %ld, ", score, others)
            + String(format: "none of which scores more than %.2f without itself; ", highestOther)
            + "nothing is learnt from it until a shot of another part like it is added; "
            + "if the part is bad: `fsacctl normals remove \(sha256.prefix(12))`"
    }
}
