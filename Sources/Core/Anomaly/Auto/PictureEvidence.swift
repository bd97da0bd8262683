/// What a picture as a whole makes of the score of its patches.
package struct PictureEvidence: Sendable, Equatable {
    /// Of texture and words.
    package var factor: Float = 1
    /// To the square, by the composition; a good part's is ``weight``.
    package var added: Float = 0
    /// Of the composition, beside 1 of the patches.
    package var weight: Float = 0
    /// What the composition adds to the square at each place of the picture; nil without one.
    package var places: ViewSquares?

    var isFinite: Bool { factor.isFinite && added.isFinite }

    /// Good parts stay where they are.
    package func score(_ patches: Float) -> Float { factor * together(patches, added) }

    /// A patch of the map: where another piece lies than in good parts, it is as unusual as that makes the picture.
    ///
    /// - Parameters:
    ///   - value: of the patch alone.
    ///   - x, y: its middle, in shares of the picture's width and height.
    func shown(_ value: Float, x: Double, y: Double) -> Float {
        places.map { together(value, $0.value(x: x, y: y)) } ?? value
    }

    private func together(_ patches: Float, _ added: Float) -> Float {
        ((patches * patches + added) / (1 + weight)).squareRoot()
    }
}
