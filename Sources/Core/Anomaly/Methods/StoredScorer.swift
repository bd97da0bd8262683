/// A scorer as it is kept: facts for `model.json`, numbers for `model.safetensors`.
package struct StoredScorer: Sendable, Equatable {
    package var header: ScorerHeader
    package var tensors: [String: Tensor]

    package init(header: ScorerHeader, tensors: [String: Tensor]) {
        self.header = header
        self.tensors = tensors
    }
}

/// Which scorer it is, under its name, with what its tensors do not say. One of them is there.
package struct ScorerHeader: Codable, Sendable, Equatable {
    package var patchMemory: PatchMemory.Header?
    package var padim: PaDiM.Header?
    package var spade: SPADE.Header?
    package var combined: CombinedScorer.Header?
    package var fsac: FSACScorer.Header?
    package var zeroShot: ZeroShot.Header?
    package var winCLIP: WinCLIP.Header?
    package var clipFSAC: CLIPFSACScorer.Header?
    package var aaClip: AAClip.Header?

    package init(
        patchMemory: PatchMemory.Header? = nil, padim: PaDiM.Header? = nil, spade: SPADE.Header? = nil,
        combined: CombinedScorer.Header? = nil, fsac: FSACScorer.Header? = nil, zeroShot: ZeroShot.Header? = nil,
        winCLIP: WinCLIP.Header? = nil, clipFSAC: CLIPFSACScorer.Header? = nil, aaClip: AAClip.Header? = nil
    ) {
        self.patchMemory = patchMemory
        self.padim = padim
        self.spade = spade
        self.combined = combined
        self.fsac = fsac
        self.zeroShot = zeroShot
        self.winCLIP = winCLIP
        self.clipFSAC = clipFSAC
        self.aaClip = aaClip
    }

    enum CodingKeys: String, CodingKey {
        case padim, spade, combined, fsac
        case patchMemory = "patch_memory"
        case zeroShot = "zero_shot"
        case winCLIP = "winclip"
        case clipFSAC = "clip_fsac"
        case aaClip = "aa_clip"
    }
}

/// Which part of a stored scorer is not what a fit writes.
package struct DamagedPart: Error {
    package let part: String
    package let expected: String
    package let got: String
}

extension StoredScorer {
    package func scorer() throws(DamagedPart) -> any Scorer {
        if let header = header.patchMemory { return try PatchMemory(header, tensors) }
        if let header = header.padim { return try PaDiM(header, tensors) }
        if let header = header.spade { return try SPADE(header, tensors) }
        if let header = header.combined { return try CombinedScorer(header, tensors) }
        if let header = header.fsac { return try FSACScorer(header, tensors) }
        if let header = header.zeroShot { return try ZeroShot(header, tensors) }
        if let header = header.winCLIP { return try WinCLIP(header, tensors) }
        if let header = header.clipFSAC { return try CLIPFSACScorer(header, tensors) }
        if let header = header.aaClip { return try AAClip(header, tensors) }
        throw DamagedPart(part: "scorer", expected: "one of those that a fit writes", got: "none")
    }
}

extension [String: Tensor] {
    /// The matrix of that name; nil is any width.
    func matrix(_ name: String, rows: Int, columns: Int? = nil) throws(DamagedPart) -> Matrix {
        guard let tensor = self[name], tensor.shape.count == 2, tensor.shape[0] == rows, tensor.shape[1] > 0,
            tensor.shape[1] == columns ?? tensor.shape[1]
        else {
            throw DamagedPart(
                part: name, expected: "[\(rows), \(columns.map(String.init) ?? "D")]",
                got: self[name].map { "\($0.shape)" } ?? "none")
        }
        return Matrix(rows: rows, columns: tensor.shape[1], values: tensor.values)
    }
}

extension MemoryBank {
    /// - Parameter counts: rows of each block.
    init(blocks counts: [Int], of name: String, _ tensors: [String: Tensor]) throws(DamagedPart) {
        // The bounds keep sums of these numbers far from overflow.
        guard (1...(1 << 20)).contains(counts.count), counts.allSatisfy({ (1...(1 << 30)).contains($0) }) else {
            throw DamagedPart(part: "shot_patches", expected: "what a fit writes", got: "\(counts.prefix(8))")
        }
        let rows = try tensors.matrix(name, rows: counts.reduce(0, +))
        var blocks: [Range<Int>] = []
        for count in counts {
            let first = blocks.last?.upperBound ?? 0
            blocks.append(first..<first + count)
        }
        self.init(rows: rows, blocks: blocks)
    }
}
