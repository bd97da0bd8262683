import Platform

/// What a weight file is, by how it begins.
enum WeightsFileKind {
    case safetensors
    case pyTorch
    case onnx

    init(path: String) throws(WeightsError) {
        var input = try WeightsInput(path: path)
        let beginning = try input.bytes(min(input.size, 16), section: "beginning")
        if beginning.starts(with: PyTorchCheckpoint.legacyMagic) || beginning.starts(with: PyTorchCheckpoint.zipMagic) {
            self = .pyTorch
        } else if beginning.count > 8, beginning[8] == UInt8(ascii: "{") {
            self = .safetensors
        } else if beginning.first == 0x08 {
            // The first field of an ONNX model, its format's version.
            self = .onnx
        } else {
            throw .malformed(
                file: path, section: "beginning", expected: "a safetensors file, a PyTorch checkpoint or an ONNX model",
                got: beginning.isEmpty ? "an empty file" : "the bytes \(hexadecimal(beginning))")
        }
    }
}
