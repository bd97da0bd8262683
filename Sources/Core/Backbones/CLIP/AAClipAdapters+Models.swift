internal import Foundation
import Platform

// Adapters in a models directory, and how a backbone names them: `CLIPNAME@ADAPTERS`.
extension AAClipAdapters {
    /// The CLIP model (a name or a path) and the adapters that a backbone's name consists of; nil for other names.
    static func names(in reference: String) -> (clip: String, adapters: String)? {
        guard let at = reference.lastIndex(of: "@"), !FileManager.default.fileExists(atPath: reference) else {
            return nil
        }
        let adapters = String(reference[reference.index(after: at)...])
        return adapters.contains("/") ? nil : (String(reference[..<at]), adapters)
    }

    /// Puts the adapters into a models directory.
    ///
    /// - Parameters:
    ///   - source: where they come from, in words for a person.
    ///   - sourceSHA256: of the file that they were made from; nil is the new file itself.
    /// - Throws: `badName`, `unwritable`, `notFinite`.
    package func write(
        name: String, source: String, sourceSHA256: String? = nil, licence: String, to directory: ModelsDirectory
    ) throws(WeightsError) -> WeightsImport.Outcome {
        try directory.prepare(for: name)
        // The sidecar comes last: without it, or with an older one, the weights do not load.
        let path = directory.weightsPath(name)
        let sha256 = try Safetensors.write(
            tensors, metadata: training.metadata.merging(["format": "pt"]) { own, _ in own }, to: path)
        let sidecar = WeightsSidecar(
            name: name, architecture: .aaClipAdapters, source: source, licence: licence, sha256: sha256,
            sourceSHA256: sourceSHA256 ?? sha256)
        try sidecar.write(to: directory.sidecarPath(name))
        return WeightsImport.Outcome(sidecar: sidecar, path: path, leftOut: [])
    }
}

/// Adapters of a models directory, for the backbone that is named with them.
struct NamedAdapters {
    let name: String
    let adapters: AAClipAdapters
    private let path: String
    private let sha256: String

    /// - Throws: `unknownModel`, `malformed` for a model of another kind, `wrongDigest`, and what ``AAClipAdapters/init(_:)``
    ///   throws.
    init(_ name: String, in directory: ModelsDirectory) throws(WeightsError) {
        let sidecar = try directory.sidecar(name)
        guard sidecar.architecture == .aaClipAdapters else {
            throw .malformed(
                file: directory.sidecarPath(name), section: "architecture",
                expected: WeightArchitecture.aaClipAdapters.rawValue, got: sidecar.architecture.rawValue)
        }
        let archive = try Safetensors.read(path: directory.weightsPath(name))
        guard archive.sha256 == sidecar.sha256 else {
            throw .wrongDigest(file: archive.file, expected: sidecar.sha256, got: archive.sha256)
        }
        self.name = name
        adapters = try AAClipAdapters(archive)
        path = archive.file
        sha256 = archive.sha256
    }

    /// A CLIP's configuration as the adapters want it.
    ///
    /// - Throws: `malformed` when they were made for another model.
    func configuration(of weights: ModelWeights) throws(WeightsError) -> CLIPConfiguration {
        guard var clip = weights.sidecar.clip else {
            throw .malformed(
                file: path, section: "adapters", expected: "a CLIP before the @",
                got: weights.sidecar.architecture.rawValue)
        }
        if let problem = adapters.problem(in: clip) {
            throw .malformed(
                file: path, section: "adapters for \(weights.sidecar.name)", expected: problem.expected,
                got: problem.got)
        }
        clip.activation = adapters.training.activation ?? clip.activation
        return clip
    }

    /// Nil: that of the CLIP.
    func inputSize(for clip: CLIPConfiguration) -> Int? {
        adapters.training.inputSize.flatMap { $0.isMultiple(of: clip.image.patchSize) ? $0 : nil }
    }

    /// Of a backbone that consists of both.
    func sha256(with clip: String) -> String { hexadecimal(SHA256.digest(of: (clip + sha256).utf8)) }
}

extension ModelsDirectory {
    /// Makes the folder if it is not there.
    ///
    /// - Throws: `badName` when no model can have that name, `unwritable`.
    package func prepare(for name: String) throws(WeightsError) {
        try Self.check(name: name)
        try create()
    }
}
