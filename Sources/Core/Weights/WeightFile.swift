/// A weight file whose tensors are known by name, shape and place. Their numbers are read when they are asked for, and not
/// kept.
struct WeightFile: Sendable {
    let bytes: WeightBytes
    /// The floating-point tensors.
    let tensors: [String: StoredTensor]
    /// Names of tensors of whole numbers.
    let ignored: [String]
    /// What the file says of itself.
    var metadata: [String: String] = [:]

    var file: String { bytes.file }

    /// Opens a safetensors file or a PyTorch checkpoint, whichever it is.
    ///
    /// - Throws: what ``Safetensors/open(_:)`` and ``PyTorchCheckpoint/open(_:)`` throw; `malformed` for another kind of file.
    static func open(path: String) throws(WeightsError) -> WeightFile {
        let bytes = try WeightBytes(path: path)
        switch try WeightsFileKind(path: path) {
        case .safetensors: return try Safetensors.open(bytes)
        case .pyTorch: return try PyTorchCheckpoint.open(bytes)
        case .onnx:
            throw .malformed(
                file: path, section: "beginning", expected: "a safetensors file or a PyTorch checkpoint",
                got: "an ONNX model")
        }
    }

    /// Reads one tensor.
    ///
    /// - Throws: `missingTensor`, `notFinite`, `truncated` when the file shrank since it was opened.
    func tensor(_ name: String) throws(WeightsError) -> Tensor {
        guard let stored = tensors[name] else { throw .missingTensor(file: file, tensor: name) }
        return try stored.read(from: bytes, name: name)
    }

    /// Reads all of it.
    func archive() throws(WeightsError) -> WeightArchive {
        var read: [String: Tensor] = [:]
        for name in tensors.keys { read[name] = try tensor(name) }
        return WeightArchive(
            file: file, tensors: read, ignored: ignored.sorted(), metadata: metadata, sha256: try bytes.sha256())
    }
}
