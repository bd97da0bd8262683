import Foundation
import Platform

/// Brings weights from elsewhere into a models directory.
package struct WeightsImport: Sendable {
    /// A PyTorch checkpoint, an ONNX model or a safetensors file; its beginning says which. Or a folder in OpenCLIP's or
    /// Hugging Face's layout.
    package var file: String
    /// The model's name in the directory.
    package var name: String
    /// nil: recognised by the tensors in the file.
    package var architecture: WeightArchitecture?
    package var source: String
    package var licence: String
    package var directory: ModelsDirectory

    package init(
        file: String, name: String, architecture: WeightArchitecture?, source: String, licence: String,
        directory: ModelsDirectory
    ) {
        self.file = file
        self.name = name
        self.architecture = architecture
        self.source = source
        self.licence = licence
        self.directory = directory
    }

    package struct Outcome: Sendable {
        package let sidecar: WeightsSidecar
        package let path: String
        /// Tensors of the file that the architecture does not have, sorted; they were left out.
        package let leftOut: [String]
    }

    /// Reads the file, gives its tensors the architecture's names, checks that all are there in the right shape, and
    /// writes weights and sidecar; for a CLIP also its vocabulary, and its tensors one after the other in the precision that
    /// they are stored in. The same file gives the same bytes. Nothing is left behind when it fails.
    ///
    /// - Throws: `dead` when the network computes nothing with them; `badName`, `unknownArchitecture`, `missingTensor`, `wrongShape`; for a CLIP `missingFile` and
    ///   `unlikeConfiguration`; and what the readers and ``Safetensors/write(_:metadata:to:)`` throw.
    package func run() throws(WeightsError) -> Outcome {
        try ModelsDirectory.check(name: name)
        let place = try ModelFolder(file)
        if let clip = try clipModel(place) { return try write(clip) }
        let found = try Self.tensors(of: place.weights)
        guard let architecture = architecture ?? .recognised(in: found.tensors.keys) else {
            throw .unknownArchitecture(file: place.weights, known: WeightArchitecture.allCases.map(\.rawValue))
        }
        var kept: [String: Tensor] = [:]
        for (name, shape) in architecture.expectedTensors.sorted(by: { $0.key < $1.key }) {
            kept[name] = try found.scope.tensor(name, shape)
        }
        let draft = WeightsSidecar(
            name: name, architecture: architecture, source: source, licence: licence, sha256: "",
            sourceSHA256: found.sha256)
        try BackboneModel.checkLiveness(
            of: ModelWeights(
                sidecar: draft, path: place.weights, scope: WeightScope(kept, file: place.weights), vocabulary: nil))
        try directory.create()
        // The sidecar comes last: without it, or with an older one, the weights do not load.
        let path = directory.weightsPath(name)
        let sha256 = try Safetensors.write(kept, metadata: ["format": "pt"], to: path)
        var sidecar = draft
        sidecar.sha256 = sha256
        try sidecar.write(to: directory.sidecarPath(name))
        let leftOut = found.tensors.keys.filter { kept[$0] == nil } + found.ignored
        return Outcome(sidecar: sidecar, path: path, leftOut: leftOut.sorted())
    }

    /// The file as a CLIP; nil when it is another network or is to be taken for one.
    private func clipModel(_ place: ModelFolder) throws(WeightsError) -> CLIPModel? {
        guard architecture == nil || architecture == .clip, try WeightsFileKind(path: place.weights) != .onnx else {
            return nil
        }
        let weights = try WeightFile.open(path: place.weights)
        guard architecture == .clip || WeightArchitecture.recognised(in: weights.tensors.keys) == nil else {
            return nil
        }
        return try CLIPModel(weights, folder: place.folder, withVocabulary: true)
    }

    private func write(_ clip: CLIPModel) throws(WeightsError) -> Outcome {
        guard let vocabulary = clip.vocabulary else { preconditionFailure("import: a clip without its vocabulary") }
        let tensors = clip.tensors
        let sourceSHA256 = try tensors.sha256()
        try BackboneModel.checkLiveness(
            of: ModelWeights(
                sidecar: WeightsSidecar(
                    clip: clip.description, name: name, source: source, licence: licence, sha256: sourceSHA256,
                    sourceSHA256: sourceSHA256, vocabularySHA256: vocabulary.sha256),
                path: tensors.file, scope: tensors.scope(.all, of: clip.description.configuration),
                vocabulary: vocabulary))
        try directory.create()
        let path = directory.weightsPath(name)
        var names = Array(clip.description.configuration.expectedTensors(.all).keys)
        if tensors.shape(of: CLIPTensors.temperature) != nil { names.append(CLIPTensors.temperature) }
        let outlines = names.map { name in
            Safetensors.Outline(
                name: name, shape: tensors.shape(of: name) ?? [], type: tensors.type(of: name) ?? .float32)
        }
        let sha256 = try Safetensors.write(outlines, metadata: ["format": "pt"], to: path) {
            (name) throws(WeightsError) in
            guard let tensor = try tensors.tensor(name) else { throw .missingTensor(file: tensors.file, tensor: name) }
            return tensor
        }
        var list = try WeightsOutput(replacing: directory.vocabularyPath(name))
        try list.write(vocabulary.canonicalText)
        let sidecar = WeightsSidecar(
            clip: clip.description, name: name, source: source, licence: licence, sha256: sha256,
            sourceSHA256: sourceSHA256, vocabularySHA256: try list.finish())
        try sidecar.write(to: directory.sidecarPath(name))
        return Outcome(sidecar: sidecar, path: path, leftOut: tensors.leftOut)
    }

    /// The tensors of a file of any kind that can be read.
    static func tensors(of path: String) throws(WeightsError) -> WeightArchive {
        switch try WeightsFileKind(path: path) {
        case .safetensors: return try Safetensors.read(path: path)
        case .pyTorch: return try PyTorchCheckpoint.read(path: path)
        case .onnx:
            let model = try ONNXModel.read(path: path)
            return WeightArchive(
                file: path, tensors: try DINOv2ONNX.tensors(of: model), ignored: model.ignored, metadata: [:],
                sha256: model.sha256)
        }
    }
}
