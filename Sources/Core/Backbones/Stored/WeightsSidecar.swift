import Foundation
import Platform

/// What `models/<name>.json` says of `models/<name>.safetensors`.
package struct WeightsSidecar: Codable, Sendable, Equatable {
    package var name: String
    package var architecture: WeightArchitecture
    /// Where the weights come from, in words for a person.
    package var source: String
    package var licence: String
    /// SHA-256 of the safetensors file, in hexadecimal.
    package var sha256: String
    /// SHA-256 of the file that it was made from.
    package var sourceSHA256: String
    package var preprocessing: Preprocessing
    /// The side of the square input is a multiple of this, in pixels.
    package var inputMultiple: Int
    /// There exactly when the architecture is ``WeightArchitecture/clip``.
    package var clip: CLIPConfiguration?
    /// SHA-256 of the vocabulary file, in hexadecimal; of a CLIP.
    package var vocabularySHA256: String?

    enum CodingKeys: String, CodingKey {
        case name, architecture, source, licence, sha256, preprocessing, clip
        case vocabularySHA256 = "vocabulary_sha256"
        case sourceSHA256 = "source_sha256"
        case inputMultiple = "input_multiple"
    }

    package init(
        name: String, architecture: WeightArchitecture, source: String, licence: String, sha256: String,
        sourceSHA256: String
    ) {
        self.name = name
        self.architecture = architecture
        self.source = source
        self.licence = licence
        self.sha256 = sha256
        self.sourceSHA256 = sourceSHA256
        preprocessing = architecture.preprocessing
        inputMultiple = architecture.inputMultiple ?? 1
    }

    init(
        clip description: CLIPDescription, name: String, source: String, licence: String, sha256: String,
        sourceSHA256: String, vocabularySHA256: String?
    ) {
        self.init(
            name: name, architecture: .clip, source: source, licence: licence, sha256: sha256,
            sourceSHA256: sourceSHA256)
        preprocessing = description.preprocessing
        inputMultiple = description.configuration.image.patchSize
        clip = description.configuration
        self.vocabularySHA256 = vocabularySHA256
    }

    /// - Throws: `unreadable`, or `malformed` with the key that is missing or wrong.
    package static func read(path: String) throws(WeightsError) -> WeightsSidecar {
        var input = try WeightsInput(path: path)
        guard input.size <= 1 << 20 else {
            throw .malformed(file: path, section: "sidecar", expected: "at most 1 MiB", got: "\(input.size) bytes")
        }
        let json = try input.bytes(input.size, section: "sidecar")
        let sidecar: WeightsSidecar
        do {
            sidecar = try JSONDecoder().decode(WeightsSidecar.self, from: Data(json))
        } catch {
            throw .malformed(
                file: path, section: "sidecar", expected: "a model's description", got: ErrorWords.of(error))
        }
        try sidecar.check(file: path)
        return sidecar
    }

    /// Writes the file whole or not at all. Equal sidecars give equal bytes.
    package func write(to path: String) throws(WeightsError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let json: Data
        do {
            json = try encoder.encode(self)
        } catch {
            throw .unwritable(file: path, reason: ErrorWords.of(error))
        }
        var output = try WeightsOutput(replacing: path)
        try output.write([UInt8](json) + [UInt8(ascii: "\n")])
        _ = try output.finish()
    }

    /// Numbers that would make nonsense of every picture.
    private func check(file: String) throws(WeightsError) {
        guard (clip != nil) == (architecture == .clip) else {
            throw .malformed(
                file: file, section: "clip", expected: architecture == .clip ? "the model's sizes" : "none",
                got: clip == nil ? "none" : "sizes of a CLIP")
        }
        try clip.map { (clip) throws(WeightsError) in
            try CLIPDescription(configuration: clip, preprocessing: preprocessing, source: file).check()
        }
        // Of a CLIP it is what its own description says.
        guard clip != nil || preprocessing == architecture.preprocessing else {
            throw .malformed(
                file: file, section: "preprocessing", expected: "\(architecture.preprocessing)", got: "\(preprocessing)"
            )
        }
        let multiple = clip?.image.patchSize ?? architecture.inputMultiple ?? 1
        guard inputMultiple == multiple else {
            throw .malformed(file: file, section: "input_multiple", expected: "\(multiple)", got: "\(inputMultiple)")
        }
    }
}
