import ArgumentParser
import Core
import Foundation

/// `fsacctl embed`: what a backbone says of one picture, in a file that other programs read.
struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a backbone's features of a picture to a safetensors file.",
        discussion: """
            The file holds class_token [C], patch_tokens [rows, columns, D], input [3, H, W] (the preprocessed picture), and \
            layerN [rows, columns, D] for each layer of --layers. With --input-tensor the tensor `input` is taken from a \
            file and preprocessing is skipped: this is how another implementation is compared with ours.
            """)

    @Argument(help: "The picture (JPEG or PNG).", completion: .file())
    var image: String?

    @OptionGroup var backbone: BackboneOptions

    @Option(help: "Take `input` [3, N, N] from this safetensors file.", completion: .file())
    var inputTensor: String?

    @Option(help: "Layers to write beside the tokens, e.g. 3,6,9 (counted from 1).")
    var layers: IntegerList = IntegerList(values: [])

    @Option(help: "The file to write.", completion: .file())
    var output: String

    @Flag(help: "Print what was written as JSON.")
    var json = false

    func validate() throws {
        guard (image == nil) != (inputTensor == nil) else {
            throw ValidationError("expected a picture or --input-tensor, got \(image == nil ? "neither" : "both")")
        }
    }

    func run() throws {
        let model = try backbone.load()
        guard !model.isJoined else {
            throw ValidationError("--backbone: expected one backbone, got \(model.name): choose one of them")
        }
        let input = try preparedInput(model)
        try backbone.check(inputSize: input.shape[1], of: model)
        for layer in layers.values where !(1...model.layerCount).contains(layer) {
            throw ValidationError("--layers: expected 1 to \(model.layerCount) for \(model.name), got \(layer)")
        }
        let features = model.makeBackbone(inputSize: input.shape[1], parallelism: backbone.parallelism)
            .features(of: input, FeatureRequest(layers: layers.values, finalTokens: true))
        var tensors = ["input": input]
        tensors["class_token"] = features.classToken.map { Tensor(shape: [$0.count], values: $0) }
        tensors["patch_tokens"] = features.patchTokens.map(Self.tensor)
        for (layer, map) in features.layers { tensors["layer\(layer)"] = Self.tensor(map) }
        let digest = try Safetensors.write(
            tensors, metadata: ["backbone": model.name, "weights_sha256": model.sha256], to: output)
        if json {
            try printJSON(Report(output: output, sha256: digest, tensors: tensors.mapValues(\.shape)))
        } else {
            for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) { print("\(name) \(tensor.shape)") }
        }
    }

    private struct Report: Encodable {
        let output: String
        let sha256: String
        let tensors: [String: [Int]]
    }

    private func preparedInput(_ model: BackboneModel) throws -> Tensor {
        if let inputTensor {
            let archive = try Safetensors.read(path: inputTensor)
            guard let input = archive.tensors["input"] else {
                throw WeightsError.missingTensor(file: inputTensor, tensor: "input")
            }
            guard input.shape.count == 3, input.shape[0] == 3, input.shape[1] == input.shape[2] else {
                throw ValidationError("\(inputTensor): input: expected [3, N, N], got \(input.shape)")
            }
            return input
        }
        let size = backbone.inputSize(for: model)
        try backbone.check(inputSize: size, of: model)
        let picture = try Image(decoding: try ImageFile.read(path: image ?? ""))
        return model.preprocessing.input(from: picture, size: size)
    }

    private static func tensor(_ map: FeatureMap) -> Tensor {
        Tensor(shape: [map.grid.rows, map.grid.columns, map.tokens.columns], values: map.tokens.values)
    }
}
