/// A scorer as it is kept: facts for `model.json`, numbers for `model.safetensors`.
public struct StoredScorer: Sendable, Equatable {
    public var header: ScorerHeader
    public var tensors: [String: Tensor]

    public init(header: ScorerHeader, tensors: [String: Tensor]) {
        self.header = header
        self.tensors = tensors
    }
}

/// Which scorer it is, under its name, with what its tensors do not say.
public struct ScorerHeader: Codable, Sendable, Equatable {
    public var patchMemory: PatchMemory.Header?

    public init(patchMemory: PatchMemory.Header? = nil) {
        self.patchMemory = patchMemory
    }

    enum CodingKeys: String, CodingKey {
        case patchMemory = "patch_memory"
    }
}

/// Which part of a stored scorer is not what a fit writes.
struct DamagedPart: Error {
    let part: String
    let expected: String
    let got: String
}

extension StoredScorer {
    func scorer() throws(DamagedPart) -> any Scorer {
        if let header = header.patchMemory { return try PatchMemory(header, tensors) }
        throw DamagedPart(part: "scorer", expected: "patch_memory", got: "none")
    }
}

extension [String: Tensor] {
    /// The matrix of that name.
    func matrix(_ name: String, rows: Int) throws(DamagedPart) -> Matrix {
        guard let tensor = self[name], tensor.shape.count == 2, tensor.shape[0] == rows, tensor.shape[1] > 0 else {
            throw DamagedPart(part: name, expected: "[\(rows), D]", got: self[name].map { "\($0.shape)" } ?? "none")
        }
        return Matrix(rows: rows, columns: tensor.shape[1], values: tensor.values)
    }
}
