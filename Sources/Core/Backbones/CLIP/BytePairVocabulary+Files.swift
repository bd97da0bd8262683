import Foundation

// Where vocabularies come from: always the model's own folder.
extension BytePairVocabulary {
    /// Behind the model's name in a models directory.
    static let ending = ".merges.txt"

    private static let openAIFile = "bpe_simple_vocab_16e6.txt.gz"
    private static let mergesFile = "merges.txt"
    private static let numbersFile = "vocab.json"
    private static let tokenizerFile = "tokenizer.json"

    /// The vocabulary of an imported model.
    ///
    /// - Throws: `wrongDigest` when it is not the one that the sidecar names.
    static func read(imported path: String, size: Int, sha256: String?) throws(WeightsError) -> BytePairVocabulary {
        let text = try bytes(path)
        let vocabulary = try BytePairVocabulary(merges: merges(text), size: size, file: path)
        guard vocabulary.sha256 == sha256 else {
            throw .wrongDigest(file: path, expected: sha256 ?? "in the sidecar", got: vocabulary.sha256)
        }
        return vocabulary
    }

    /// The vocabulary that lies beside a model's weights.
    ///
    /// - Parameter size: tokens of the model.
    /// - Throws: `missingFile` when there is none, `malformed` when it is damaged, too short, or numbers its tokens otherwise.
    package static func read(folder: String, size: Int) throws(WeightsError) -> BytePairVocabulary {
        let compressed = folder + "/" + openAIFile
        if fileExists(compressed) {
            let text = try Gzip.decompressed(try bytes(compressed), file: compressed)
            return try BytePairVocabulary(merges: merges(text), size: size, file: compressed)
        }
        let plain = folder + "/" + mergesFile
        if fileExists(plain) {
            let vocabulary = try BytePairVocabulary(merges: merges(try bytes(plain)), size: size, file: plain)
            let numbers = folder + "/" + numbersFile
            if fileExists(numbers) {
                try vocabulary.check(try decoded([String: Int].self, numbers, "tokens and numbers"), file: numbers)
            }
            return vocabulary
        }
        let tokenizer = folder + "/" + tokenizerFile
        guard fileExists(tokenizer) else {
            throw .missingFile(
                file: folder, expected: [openAIFile, mergesFile, tokenizerFile],
                reason: "the text tower needs the model's own vocabulary")
        }
        let model = try decoded(Tokenizer.self, tokenizer, "a byte pair tokenizer").model
        let vocabulary = try BytePairVocabulary(merges: model.merges.map(\.line), size: size, file: tokenizer)
        try vocabulary.check(model.vocab, file: tokenizer)
        return vocabulary
    }

    /// Holds the numbers that somebody else gave to the tokens against ours.
    private func check(_ numbers: [String: Int], file: String) throws(WeightsError) {
        for (number, name) in names.enumerated() where numbers[name] != number {
            throw .malformed(
                file: file, section: "`\(name)`", expected: "token \(number)",
                got: numbers[name].map { "\($0)" } ?? "none")
        }
    }

    /// Hugging Face's tokenizer.json.
    private struct Tokenizer: Decodable {
        struct Model: Decodable {
            let vocab: [String: Int]
            let merges: [Merge]
        }

        /// `"a b"`, since 2024 also `["a", "b"]`.
        struct Merge: Decodable {
            let line: String

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                // Fails on the other form, which comes next.
                line =
                    try (try? container.decode(String.self)) ?? container.decode([String].self).joined(separator: " ")
            }
        }

        let model: Model
    }

    private static func decoded<Value: Decodable>(
        _ type: Value.Type, _ path: String, _ what: String
    ) throws(WeightsError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(try bytes(path)))
        } catch let error as WeightsError {
            throw error
        } catch {
            throw .malformed(file: path, section: "file", expected: what, got: "something else")
        }
    }

    private static func bytes(_ path: String) throws(WeightsError) -> [UInt8] {
        var input = try WeightsInput(path: path)
        guard input.size <= 64 << 20 else {
            throw .malformed(file: path, section: "file", expected: "at most 64 MiB", got: "\(input.size) bytes")
        }
        return try input.bytes(input.size, section: "vocabulary")
    }
}
