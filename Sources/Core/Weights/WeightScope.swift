/// Tensors under one path of a weight file, looked up by name and expected shape.
///
/// `scope["blocks.0"]["attn"].matrix("qkv.weight", 1152, 384)` is the tensor `blocks.0.attn.qkv.weight`. Names stay those
/// of the file.
public struct WeightScope: Sendable {
    private let tensors: [String: Tensor]
    private let file: String
    private let path: String

    /// - Parameter file: names the file in errors.
    public init(_ tensors: [String: Tensor], file: String) {
        self.init(tensors: tensors, file: file, path: "")
    }

    private init(tensors: [String: Tensor], file: String, path: String) {
        self.tensors = tensors
        self.file = file
        self.path = path
    }

    /// The tensors below `component`.
    public subscript(_ component: String) -> WeightScope {
        WeightScope(tensors: tensors, file: file, path: path + component + ".")
    }

    /// Whether there is a tensor of this name, for parts that only some files have.
    public func contains(_ name: String) -> Bool { tensors[path + name] != nil }

    /// A tensor of exactly this shape.
    ///
    /// - Throws: `missingTensor` or `wrongShape`.
    public func tensor(_ name: String, _ shape: [Int]) throws(WeightsError) -> Tensor {
        guard let tensor = tensors[path + name] else { throw .missingTensor(file: file, tensor: path + name) }
        guard tensor.shape == shape else {
            throw .wrongShape(file: file, tensor: path + name, expected: shape, got: tensor.shape)
        }
        return tensor
    }

    /// A tensor of shape `[rows, columns]`.
    public func matrix(_ name: String, _ rows: Int, _ columns: Int) throws(WeightsError) -> Matrix {
        Matrix(rows: rows, columns: columns, values: try tensor(name, [rows, columns]).values)
    }

    /// A tensor of shape `[count]`.
    public func vector(_ name: String, _ count: Int) throws(WeightsError) -> [Float] {
        try tensor(name, [count]).values
    }
}
