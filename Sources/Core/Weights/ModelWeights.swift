import Foundation

/// The weights of a backbone, read and checked: every tensor of the architecture is there, in its shape, and finite.
public struct ModelWeights: Sendable {
    public let sidecar: WeightsSidecar
    /// The safetensors file.
    public let path: String
    /// The architecture's tensors, for look-up.
    public let scope: WeightScope

    /// Loads weights by name or path.
    ///
    /// - Parameters:
    ///   - reference: a model of `modelsDirectory` by name; or, with a slash or the ending `.safetensors`, a file, or a
    ///     folder in Hugging Face's layout (`model.safetensors`). A file without a sidecar is recognised by its tensors.
    ///   - modelsDirectory: where names are looked up.
    /// - Throws: `unknownModel`, `wrongDigest` when the file is not the one its sidecar describes, and what
    ///   ``Safetensors/read(path:)`` and ``WeightsSidecar/read(path:)`` throw.
    public static func load(
        _ reference: String, modelsDirectory: ModelsDirectory
    ) throws(WeightsError) -> ModelWeights {
        if reference.contains("/") || reference.hasSuffix(".safetensors") { return try load(path: reference) }
        let sidecar = try modelsDirectory.sidecar(reference)
        return try load(path: modelsDirectory.weightsPath(reference), sidecar: sidecar)
    }

    private static func load(path: String) throws(WeightsError) -> ModelWeights {
        guard path.hasSuffix(".safetensors") else { return try load(path: path + "/model.safetensors") }
        let sidecarPath = path.dropLast(".safetensors".count) + ".json"
        guard FileManager.default.fileExists(atPath: String(sidecarPath)) else {
            return try load(path: path, sidecar: nil)
        }
        return try load(path: path, sidecar: try WeightsSidecar.read(path: String(sidecarPath)))
    }

    private static func load(path: String, sidecar: WeightsSidecar?) throws(WeightsError) -> ModelWeights {
        let archive = try Safetensors.read(path: path)
        if let sidecar, sidecar.sha256 != archive.sha256 {
            throw .wrongDigest(file: path, expected: sidecar.sha256, got: archive.sha256)
        }
        guard let architecture = sidecar?.architecture ?? .recognised(in: archive.tensors.keys) else {
            throw .unknownArchitecture(file: path, known: WeightArchitecture.allCases.map(\.rawValue))
        }
        for (name, shape) in architecture.expectedTensors { _ = try archive.scope.tensor(name, shape) }
        let described =
            sidecar
            ?? WeightsSidecar(
                name: path, architecture: architecture, source: path, licence: "unknown", sha256: archive.sha256,
                sourceSHA256: archive.sha256)
        return ModelWeights(sidecar: described, path: path, scope: archive.scope)
    }
}
