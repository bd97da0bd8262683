import ArgumentParser
import Core
import Foundation

/// `fsacctl embed`: what a backbone says of one picture, in a file that other programs read. `make parity` and `make
/// bench` compare it with PyTorch and ONNX Runtime.
struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a backbone's features of a picture to a safetensors file.",
        discussion: """
            The file holds class_token [C], patch_tokens [rows, columns, D], input [3, H, W] (the preprocessed picture), and \
            layerN [rows, columns, D] for each layer of --layers. With --input-tensor the tensor `input` is taken from a \
            file and preprocessing is skipped: this is how another implementation is compared with ours. With --text it \
            holds text [C], what the text tower says of a sentence; no picture is needed then.
            """)

    @Argument(help: "The picture (JPEG or PNG).", completion: .file())
    var image: String?

    @OptionGroup var backbone: BackboneOptions

    @Option(help: "Take `input` [3, N, N] from this safetensors file.", completion: .file())
    var inputTensor: String?

    @Option(help: "Layers to write beside the tokens, e.g. 3,6,9 (counted from 1).")
    var layers: IntegerList = IntegerList(values: [])

    @Option(help: "Write `text` [C], the embedding of this sentence. Of backbones with a text tower.")
    var text: String?

    @Option(
        help: ArgumentHelp(
            "Take `direction` [C] from this safetensors file and write `input_gradient` [3, H, W]: the derivatives by the input "
                + "of the class token's product with it, all in single precision. Of transformers.", valueName: "file"),
        completion: .file())
    var direction: String?

    @Option(help: "The file to write.", completion: .file())
    var output: String

    @Flag(help: "Print what was written as JSON.")
    var json = false

    func validate() throws {
        let hasPicture = image != nil || inputTensor != nil
        guard image == nil || inputTensor == nil, hasPicture || (text != nil && direction == nil) else {
            throw ValidationError("expected a picture or --input-tensor, got \(hasPicture ? "both" : "neither")")
        }
    }

    func run() throws {
        // The way back is in single precision.
        let model = try backbone.load(precision: direction == nil ? nil : .float32)
        // Joined ones have no features in common: each backbone has a grid of its own.
        guard !model.isJoined else {
            throw ValidationError("--backbone: expected one backbone, got \(model.name): choose one of them")
        }
        var tensors: [String: Tensor] = [:]
        if image != nil || inputTensor != nil { tensors = try pictureTensors(model) }
        if let text {
            guard model.readsText else { throw ValidationError("--text: \(model.name) has no text tower") }
            let embedding = try model.textEmbeddings(of: [text], parallelism: backbone.parallelism)
            tensors["text"] = Tensor(shape: [embedding.columns], values: embedding.values)
        }
        let digest = try Safetensors.write(
            // Whoever finds the file later can tell whose features these are.
            tensors,
            metadata: [
                "backbone": model.name, "weights_sha256": model.sha256,
                "precision": model.reducedPrecision?.rawValue ?? Precision.float32.rawValue,
            ],
            to: output)
        if json {
            try printJSON(Report(output: output, sha256: digest, tensors: tensors.mapValues(\.shape)))
        } else {
            for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) { Terminal.line("\(name) \(tensor.shape)") }
        }
    }

    private struct Report: Encodable {
        let output: String
        let sha256: String
        let tensors: [String: [Int]]
    }

    private func pictureTensors(_ model: BackboneModel) throws -> [String: Tensor] {
        let input = try preparedInput(model)
        // The tensor of a file says its own size; --size is not asked then.
        try backbone.check(inputSize: input.shape[1], of: model)
        for layer in layers.values where !(1...model.layerCount).contains(layer) {
            throw ValidationError("--layers: expected 1 to \(model.layerCount) for \(model.name), got \(layer)")
        }
        let network = model.makeBackbone(inputSize: input.shape[1], parallelism: backbone.parallelism)
        let request = FeatureRequest(layers: layers.values, finalTokens: true)
        let features = network.features(of: input, request)
        // Also the input, so that the other side need not preprocess in the same way.
        var tensors = ["input": input]
        tensors["class_token"] = features.classToken.map { Tensor(shape: [$0.count], values: $0) }
        tensors["patch_tokens"] = features.patchTokens.map(Self.tensor)
        for (layer, map) in features.layers { tensors["layer\(layer)"] = Self.tensor(map) }
        if let direction {
            guard let network = network as? any DifferentiableBackbone else {
                throw ValidationError("--direction: \(model.name) is no transformer")
            }
            // As wide as the class token, whose product with it is derived.
            let count = features.classToken?.count ?? 0
            let wanted = try WeightScope(try Safetensors.read(path: direction).tensors, file: direction)
                .vector("direction", count)
            tensors["input_gradient"] = network.features(of: input, request) { _ in wanted }.inputGradient
        }
        return tensors
    }

    private func preparedInput(_ model: BackboneModel) throws -> Tensor {
        if let inputTensor {
            let archive = try Safetensors.read(path: inputTensor)
            guard let input = archive.tensors["input"] else {
                throw WeightsError.missingTensor(file: inputTensor, tensor: "input")
            }
            guard input.shape.count == 3, input.shape[0] == 3, input.shape[1] == input.shape[2] else {
                throw ClientError.file(path: inputTensor, reason: "input: expected [3, N, N], got \(input.shape)")
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
