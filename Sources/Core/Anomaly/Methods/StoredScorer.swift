/// A scorer as it is kept: facts for `model.json`, numbers for `model.safetensors`.
package struct StoredScorer: Sendable {
    package var header: any ScorerHeader
    package var tensors: [String: Tensor]

    package init(header: any ScorerHeader, tensors: [String: Tensor]) {
        self.header = header
        self.tensors = tensors
    }

    package func scorer() throws(DamagedSection) -> any Scorer { try header.scorer(tensors) }
}

extension StoredScorer: Equatable {
    package static func == (one: StoredScorer, other: StoredScorer) -> Bool {
        one.header.isEqual(to: other.header) && one.tensors == other.tensors
    }
}

/// What a scorer's tensors do not say: kept in `model.json` under the scorer's kind.
package protocol ScorerHeader: Codable, Sendable, Equatable {
    /// Of no other header.
    static var kind: String { get }

    /// - Throws: when the numbers in header and tensors are none that a fit writes; they are not believed.
    func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer
}

extension ScorerHeader {
    fileprivate func isEqual(to other: any ScorerHeader) -> Bool { other as? Self == self }
}

/// Which section of a stored scorer is not what a fit writes.
package struct DamagedSection: Error {
    package let section: String
    package let expected: String
    package let got: String
}

extension [String: Tensor] {
    /// The matrix of that name; nil is any width.
    func matrix(_ name: String, rows: Int, columns: Int? = nil) throws(DamagedSection) -> Matrix {
        guard let tensor = self[name], tensor.shape.count == 2, tensor.shape[0] == rows, tensor.shape[1] > 0,
            tensor.shape[1] == columns ?? tensor.shape[1]
        else {
            throw DamagedSection(
                section: name, expected: "[\(rows), \(columns.map(String.init) ?? "D")]",
                got: self[name].map { "\($0.shape)" } ?? "none")
        }
        return Matrix(rows: rows, columns: tensor.shape[1], values: tensor.values)
    }
}

extension MemoryBank {
    /// - Parameter counts: rows of each block.
    init(blocks counts: [Int], of name: String, _ tensors: [String: Tensor]) throws(DamagedSection) {
        // The bounds keep sums of these numbers far from overflow.
        guard (1...(1 << 20)).contains(counts.count), counts.allSatisfy({ (1...(1 << 30)).contains($0) }) else {
            throw DamagedSection(section: "shot_patches", expected: "what a fit writes", got: "\(counts.prefix(8))")
        }
        let rows = try tensors.matrix(name, rows: counts.reduce(0, +))
        var blocks: [Range<Int>] = []
        for count in counts {
            let first = blocks.last?.upperBound ?? 0
            blocks.append(first..<first + count)
        }
        self.init(rows: rows, blocks: blocks, places: try PatchPlaces(of: name, rows: rows.rows, tensors))
    }

    /// As ``init(blocks:of:_:)`` reads them.
    func tensors(_ name: String) -> [String: Tensor] {
        var tensors = [name: Tensor(rows)]
        if let places { tensors[name + PatchPlaces.tensorSuffix] = places.tensor }
        return tensors
    }
}

/// A header under its kind, as `model.json` has it: `{"padim": {...}}`.
struct NamedHeader: Codable {
    let header: any ScorerHeader

    init(_ header: any ScorerHeader) { self.header = header }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: NameKey.self)
        let headers = Methods.all.flatMap { $0.headers }
        guard let key = container.allKeys.first, container.allKeys.count == 1,
            let type = headers.first(where: { $0.kind == key.stringValue })
        else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "no scorer is called \(container.allKeys.map(\.stringValue))"))
        }
        header = try container.decode(type, forKey: key)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NameKey.self)
        try container.encode(header, forKey: NameKey(stringValue: header.kind))
    }
}

extension ScorerHeader {
    fileprivate var kind: String { Self.kind }

    /// Whether it is one that the method writes.
    func isOf(_ method: any Method) -> Bool { method.definition.headers.contains { $0 == Self.self } }
}
