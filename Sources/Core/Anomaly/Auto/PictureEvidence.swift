/// What a picture as a whole makes of the score of its patches.
package struct PictureEvidence: Sendable, Equatable {
    /// Of texture and words.
    package var factor: Float = 1
    /// To the square, by the composition; a good part's is ``weight``.
    package var added: Float = 0
    /// Of the composition, beside 1 of the patches.
    package var weight: Float = 0

    var isFinite: Bool { factor.isFinite && added.isFinite }

    /// Good parts stay where they are.
    package func score(_ patches: Float) -> Float { factor * ((patches * patches + added) / (1 + weight)).squareRoot() }
}
