import Foundation

/// Brings weights from elsewhere into a models directory.
public struct WeightsImport: Sendable {
    /// A PyTorch checkpoint, an ONNX model or a safetensors file; its beginning says which.
    public var file: String
    /// The model's name in the directory.
    public var name: String
    /// nil: recognised by the tensors in the file.
    public var architecture: WeightArchitecture?
    public var source: String
    public var licence: String
    public var directory: ModelsDirectory

    public init(
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

    public struct Outcome: Sendable {
        public let sidecar: WeightsSidecar
        public let path: String
        /// Tensors of the file that the architecture does not have, sorted; they were left out.
        public let leftOut: [String]
    }

    /// Reads the file, gives its tensors the architecture's names, checks that all are there in the right shape, and
    /// writes weights and sidecar. The same file gives the same bytes. Nothing is left behind when it fails.
    ///
    /// - Throws: `badName`, `unknownArchitecture`, `missingTensor`, `wrongShape`, and what the readers and
    ///   ``Safetensors/write(_:metadata:to:)`` throw.
    public func run() throws(WeightsError) -> Outcome {
        try ModelsDirectory.check(name: name)
        let found = try Self.tensors(of: file)
        guard let architecture = architecture ?? .recognised(in: found.tensors.keys) else {
            throw .unknownArchitecture(file: file, known: WeightArchitecture.allCases.map(\.rawValue))
        }
        var kept: [String: Tensor] = [:]
        for (name, shape) in architecture.expectedTensors.sorted(by: { $0.key < $1.key }) {
            kept[name] = try found.scope.tensor(name, shape)
        }
        do {
            try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(file: directory.path, reason: error.localizedDescription)
        }
        // The sidecar comes last: without it, or with an older one, the weights do not load.
        let path = directory.weightsPath(name)
        let sha256 = try Safetensors.write(kept, metadata: ["format": "pt"], to: path)
        let sidecar = WeightsSidecar(
            name: name, architecture: architecture, source: source, licence: licence, sha256: sha256,
            sourceSHA256: found.sha256)
        try sidecar.write(to: directory.sidecarPath(name))
        let leftOut = found.tensors.keys.filter { kept[$0] == nil } + found.ignored
        return Outcome(sidecar: sidecar, path: path, leftOut: leftOut.sorted())
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

/// What a weight file is, by how it begins.
enum WeightsFileKind {
    case safetensors
    case pyTorch
    case onnx

    init(path: String) throws(WeightsError) {
        var input = try WeightsInput(path: path)
        let beginning = try input.bytes(min(input.size, 16), part: "beginning")
        if beginning.starts(with: PyTorchCheckpoint.legacyMagic) || beginning.starts(with: PyTorchCheckpoint.zipMagic) {
            self = .pyTorch
        } else if beginning.count > 8, beginning[8] == UInt8(ascii: "{") {
            self = .safetensors
        } else if beginning.first == 0x08 {
            // The first field of an ONNX model, its format's version.
            self = .onnx
        } else {
            throw .malformed(
                file: path, part: "beginning", expected: "a safetensors file, a PyTorch checkpoint or an ONNX model",
                got: beginning.isEmpty ? "an empty file" : "the bytes \(hexadecimal(beginning))")
        }
    }
}
