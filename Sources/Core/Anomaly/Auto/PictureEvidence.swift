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

    /// Patches of the map: where another piece lies than in good parts, they are as unusual as that makes the picture.
    ///
    /// - Parameters:
    ///   - values: of the patches alone.
    ///   - middle: of a patch, in shares of the picture's width and height.
    func show(in values: inout [Float], patches: [Int], middle: (Int) -> (x: Double, y: Double)) {
        guard let places else { return }
        for patch in patches {
            let place = middle(patch)
            values[patch] = together(values[patch], places.value(x: place.x, y: place.y))
        }
    }

    private func together(_ patches: Float, _ added: Float) -> Float {
        ((patches * patches + added) / (1 + weight)).squareRoot()
    }
}
