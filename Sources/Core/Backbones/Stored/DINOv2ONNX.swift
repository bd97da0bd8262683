/// Gives the weights of a DINOv2 that was exported inside a larger ONNX graph the names of Hugging Face's file.
///
/// PyTorch's exporter keeps the names of most tensors behind the module's path (`backbone.`), but stores the weight of a
/// linear layer transposed and anonymous, as input of a MatMul node that is called after the layer, and cuts the position
/// embedding into the class token's and the patches' because the graph interpolates only the latter.
package enum DINOv2ONNX {
    private static let modulePrefix = "backbone."
    private static let nodePrefix = "/backbone/"

    /// - Returns: the backbone's tensors; those of the rest of the graph are left out.
    package static func tensors(of model: ONNXModel) throws(WeightsError) -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for (name, tensor) in model.initialisers where name.hasPrefix(modulePrefix) {
            tensors[String(name.dropFirst(modulePrefix.count))] = tensor
        }
        for node in model.nodes where node.operation == "MatMul" {
            guard let layer = layerName(node), let weight = anonymousInput(node, model), weight.shape.count == 2 else {
                continue
            }
            tensors[layer + ".weight"] = transposed(weight)
        }
        if tensors["embeddings.position_embeddings"] == nil {
            tensors["embeddings.position_embeddings"] = try positionEmbedding(model)
        }
        return tensors
    }

    /// `/backbone/encoder/layer.0/mlp/fc1/MatMul` belongs to `encoder.layer.0.mlp.fc1`.
    private static func layerName(_ node: ONNXModel.Node) -> String? {
        guard node.name.hasPrefix(nodePrefix), node.name.hasSuffix("/MatMul") else { return nil }
        return String(node.name.dropFirst(nodePrefix.count).dropLast("/MatMul".count)).replacing("/", with: ".")
    }

    /// The weight among a node's inputs that no module's path names.
    private static func anonymousInput(_ node: ONNXModel.Node, _ model: ONNXModel) -> Tensor? {
        node.inputs.first { !$0.hasPrefix(modulePrefix) && model.initialisers[$0] != nil }
            .flatMap { model.initialisers[$0] }
    }

    private static func transposed(_ tensor: Tensor) -> Tensor {
        let matrix = Matrix(rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values).transposed()
        return Tensor(shape: [matrix.rows, matrix.columns], values: matrix.values)
    }

    /// Joins the class token's position, which the graph concatenates, and the patches', which it reshapes to a grid.
    private static func positionEmbedding(_ model: ONNXModel) throws(WeightsError) -> Tensor {
        func position(_ operation: String) -> Tensor? {
            model.nodes.lazy
                .filter { $0.operation == operation && $0.name.hasPrefix(nodePrefix + "embeddings/") }
                .compactMap { anonymousInput($0, model) }
                .first
        }
        guard let classPosition = position("Concat"), let patchPositions = position("Reshape"),
            classPosition.shape.count == 3, patchPositions.shape.count == 3,
            Array(classPosition.shape[..<2]) == [1, 1], patchPositions.shape[0] == 1,
            classPosition.shape[2] == patchPositions.shape[2]
        else { throw .missingTensor(file: model.file, tensor: "embeddings.position_embeddings") }
        return Tensor(
            shape: [1, 1 + patchPositions.shape[1], classPosition.shape[2]],
            values: classPosition.values + patchPositions.values)
    }
}
