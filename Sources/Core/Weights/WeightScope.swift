/// Where a ``WeightScope`` finds its tensors.
protocol TensorTable: Sendable {
    /// nil when there is no tensor of that name.
    func shape(of name: String) -> [Int]?
    /// The tensor; of a file whose numbers are read only now, this can fail.
    func tensor(_ name: String) throws(WeightsError) -> Tensor?
}

/// Tensors in memory.
private struct LoadedTensors: TensorTable {
    let tensors: [String: Tensor]

    func shape(of name: String) -> [Int]? { tensors[name]?.shape }
    func tensor(_ name: String) -> Tensor? { tensors[name] }
}

/// Tensors under one path of a weight file, looked up by name and expected shape.
///
/// `scope["blocks.0"]["attn"].matrix("qkv.weight", 1152, 384)` is the tensor `blocks.0.attn.qkv.weight`. Names stay those
/// of the file. Of a large file (CLIP) a tensor is read at each look-up and not kept.
package struct WeightScope: Sendable {
    private let table: any TensorTable
    private let file: String
    private let path: String

    /// - Parameter file: names the file in errors.
    package init(_ tensors: [String: Tensor], file: String) {
        self.init(table: LoadedTensors(tensors: tensors), file: file, path: "")
    }

    init(_ table: any TensorTable, file: String) {
        self.init(table: table, file: file, path: "")
    }

    private init(table: any TensorTable, file: String, path: String) {
        self.table = table
        self.file = file
        self.path = path
    }

    /// The tensors below `component`.
    package subscript(_ component: String) -> WeightScope {
        WeightScope(table: table, file: file, path: path + component + ".")
    }

    /// Whether there is a tensor of this name: some are only in some files.
    package func contains(_ name: String) -> Bool { table.shape(of: path + name) != nil }

    /// A tensor of exactly this shape.
    ///
    /// - Throws: `missingTensor` or `wrongShape`; `notFinite` and `truncated` where the numbers are read only now.
    package func tensor(_ name: String, _ shape: [Int]) throws(WeightsError) -> Tensor {
        guard let got = table.shape(of: path + name) else {
            throw .missingTensor(file: file, tensor: path + name)
        }
        guard got == shape else {
            throw .wrongShape(file: file, tensor: path + name, expected: shape, got: got)
        }
        guard let tensor = try table.tensor(path + name) else {
            throw .missingTensor(file: file, tensor: path + name)
        }
        return tensor
    }

    /// A tensor of shape `[rows, columns]`.
    package func matrix(_ name: String, _ rows: Int, _ columns: Int) throws(WeightsError) -> Matrix {
        Matrix(rows: rows, columns: columns, values: try tensor(name, [rows, columns]).values)
    }

    /// A tensor of shape `[count]`.
    package func vector(_ name: String, _ count: Int) throws(WeightsError) -> [Float] {
        try tensor(name, [count]).values
    }
}
