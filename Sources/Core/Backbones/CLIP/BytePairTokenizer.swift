/// CLIP's tokenizer: lower-case byte pair encoding, as OpenCLIP's `SimpleTokenizer`.
///
/// What differs: texts are not repaired before (``PromptText``).
package struct BytePairTokenizer: Sendable {
    private let vocabulary: BytePairVocabulary

    package init(_ vocabulary: BytePairVocabulary) { self.vocabulary = vocabulary }

    /// The numbers that the text tower reads.
    ///
    /// - Returns: `contextLength` numbers: start, the text, end, zeros. A text that is too long is cut, and ends with the end
    ///   token all the same.
    package func tokens(of text: String, contextLength: Int) -> [Int32] {
        precondition(contextLength > 1, "tokenizer: context of \(contextLength)")
        var tokens = [vocabulary.start]
        for piece in PromptText.pieces(of: PromptText.cleaned(text)) where tokens.count < contextLength {
            tokens += encoded(piece)
        }
        tokens = Array(tokens.prefix(contextLength - 1)) + [vocabulary.end]
        return tokens + [Int32](repeating: 0, count: contextLength - tokens.count)
    }

    private func encoded(_ piece: ArraySlice<Unicode.Scalar>) -> [Int32] {
        if piece.elementsEqual(PromptText.startName) { return [vocabulary.start] }
        if piece.elementsEqual(PromptText.endName) { return [vocabulary.end] }
        var bytes: [UInt8] = []
        for scalar in piece { bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter }
        var word = bytes.indices.map { vocabulary.token(of: bytes[$0], endsWord: $0 == bytes.count - 1) }
        // The pair that was learnt first is joined everywhere, then the next.
        while let lowest = (1..<max(word.count, 1)).compactMap({ vocabulary.joined(word[$0 - 1], word[$0]) }).min() {
            word = joining(word, to: lowest)
        }
        return word
    }

    /// Replaces every pair, from the left, that becomes `token`.
    private func joining(_ word: [Int32], to token: Int32) -> [Int32] {
        var result: [Int32] = []
        var index = 0
        while index < word.count {
            if index + 1 < word.count, vocabulary.joined(word[index], word[index + 1]) == token {
                result.append(token)
                index += 2
            } else {
                result.append(word[index])
                index += 1
            }
        }
        return result
    }
}
