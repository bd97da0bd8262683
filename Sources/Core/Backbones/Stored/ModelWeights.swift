import Foundation

/// The weights of a backbone, opened and checked: every tensor of the architecture is there, in its shape. Those of a CLIP
/// are read at each look-up and not kept, so that no more of the model is in memory than whoever looks them up makes of them;
/// all others are in memory, and finite.
package struct ModelWeights: Sendable {
    package let sidecar: WeightsSidecar
    /// The weight file.
    package let path: String
    /// The architecture's tensors, for look-up. Of a CLIP under the names of OpenCLIP's state dict, whatever its file's are.
    package let scope: WeightScope
    /// Of a CLIP, unless only its image tower was asked for.
    package let vocabulary: BytePairVocabulary?

    /// Loads weights by name or path.
    ///
    /// - Parameters:
    ///   - reference: a model of `modelsDirectory` by name; or, with a slash or the ending `.safetensors`, a weight file, or a
    ///     folder in OpenCLIP's or Hugging Face's layout. A file without a sidecar is recognised by its tensors; a CLIP has
    ///     its configuration and its vocabulary beside it.
    ///   - modelsDirectory: where names are looked up.
    ///   - towers: which of a CLIP's towers may be looked up; of others, always all.
    /// - Throws: `unknownModel`; `wrongDigest` when the file is not the one its sidecar describes, whichever towers are asked
    ///   for; `missingFile` and `unlikeConfiguration` for a CLIP; and what the readers throw.
    package static func load(
        _ reference: String, modelsDirectory: ModelsDirectory, towers: CLIPTowers = .all
    ) throws(WeightsError) -> ModelWeights {
        if reference.contains("/") || reference.hasSuffix(".safetensors") { return try load(path: reference, towers) }
        let sidecar = try modelsDirectory.sidecar(reference)
        return try load(path: modelsDirectory.weightsPath(reference), sidecar, towers)
    }

    private static func load(path: String, _ towers: CLIPTowers) throws(WeightsError) -> ModelWeights {
        let place = try ModelFolder(path)
        guard place.weights.hasSuffix(".safetensors") else { return try load(place, towers) }
        let sidecarPath = place.weights.dropLast(".safetensors".count) + ".json"
        guard FileManager.default.fileExists(atPath: String(sidecarPath)) else { return try load(place, towers) }
        return try load(path: place.weights, try WeightsSidecar.read(path: String(sidecarPath)), towers)
    }

    private static func load(
        path: String, _ sidecar: WeightsSidecar, _ towers: CLIPTowers
    ) throws(WeightsError) -> ModelWeights {
        if let clip = sidecar.clip { return try load(path: path, clip, sidecar, towers) }
        let archive = try Safetensors.read(path: path)
        if sidecar.sha256 != archive.sha256 {
            throw .wrongDigest(file: path, expected: sidecar.sha256, got: archive.sha256)
        }
        return try checked(archive, sidecar, path: path)
    }

    private static func load(
        path: String, _ clip: CLIPConfiguration, _ sidecar: WeightsSidecar, _ towers: CLIPTowers
    ) throws(WeightsError) -> ModelWeights {
        let tensors = try CLIPTensors(try WeightFile.open(path: path))
        let sha256 = try tensors.sha256()
        guard sidecar.sha256 == sha256 else {
            throw .wrongDigest(file: path, expected: sidecar.sha256, got: sha256)
        }
        let base = String(path.dropLast(".safetensors".count))
        try tensors.check(clip, from: base + ".json")
        var vocabulary: BytePairVocabulary?
        if towers != .image {
            vocabulary = try BytePairVocabulary.read(
                imported: base + BytePairVocabulary.ending, size: clip.text.vocabularySize,
                sha256: sidecar.vocabularySHA256)
        }
        return ModelWeights(
            sidecar: sidecar, path: path, scope: tensors.scope(towers, of: clip), vocabulary: vocabulary)
    }

    /// Weights without a sidecar.
    private static func load(_ place: ModelFolder, _ towers: CLIPTowers) throws(WeightsError) -> ModelWeights {
        let file = try WeightFile.open(path: place.weights)
        if let architecture = WeightArchitecture.recognised(in: file.tensors.keys) {
            let archive = try file.archive()
            let sidecar = WeightsSidecar(
                name: place.weights, architecture: architecture, source: place.weights, licence: "unknown",
                sha256: archive.sha256, sourceSHA256: archive.sha256)
            return try checked(archive, sidecar, path: place.weights)
        }
        let clip = try CLIPModel(file, folder: place.folder, withVocabulary: towers != .image)
        let sha256 = try clip.tensors.sha256()
        let sidecar = WeightsSidecar(
            clip: clip.description, name: place.weights, source: place.weights, licence: "unknown", sha256: sha256,
            sourceSHA256: sha256, vocabularySHA256: clip.vocabulary?.sha256)
        return ModelWeights(
            sidecar: sidecar, path: place.weights,
            scope: clip.tensors.scope(towers, of: clip.description.configuration), vocabulary: clip.vocabulary)
    }

    private static func checked(
        _ archive: WeightArchive, _ sidecar: WeightsSidecar, path: String
    ) throws(WeightsError) -> ModelWeights {
        if sidecar.architecture == .aaClipAdapters { _ = try AAClipAdapters(archive) }
        for (name, shape) in sidecar.architecture.expectedTensors { _ = try archive.scope.tensor(name, shape) }
        return ModelWeights(sidecar: sidecar, path: path, scope: archive.scope, vocabulary: nil)
    }

    /// Reads every number of a CLIP once; the others were when they were loaded. Then computes with them.
    ///
    /// - Throws: `notFinite` with the first tensor that holds NaN or infinity; `dead` when they are none that were trained.
    package func verify() throws(WeightsError) {
        for (name, shape) in (sidecar.clip?.expectedTensors(.all) ?? [:]).sorted(by: { $0.key < $1.key }) {
            _ = try scope.tensor(name, shape)
        }
        try BackboneModel.checkLiveness(of: self)
    }
}

/// A CLIP with what lies beside its weights.
struct CLIPModel {
    let tensors: CLIPTensors
    let description: CLIPDescription
    let vocabulary: BytePairVocabulary?

    /// - Throws: `unknownArchitecture` for another network; `missingFile`, `malformed`, `unlikeConfiguration`.
    init(_ file: WeightFile, folder: String, withVocabulary: Bool) throws(WeightsError) {
        tensors = try CLIPTensors(file)
        guard tensors.isCLIP else {
            throw .unknownArchitecture(file: file.file, known: WeightArchitecture.allCases.map(\.rawValue))
        }
        description = try CLIPDescription.read(folder: folder, weights: file.file)
        try tensors.check(description.configuration, from: description.source)
        vocabulary =
            withVocabulary
            ? try BytePairVocabulary.read(folder: folder, size: description.configuration.text.vocabularySize) : nil
    }
}
