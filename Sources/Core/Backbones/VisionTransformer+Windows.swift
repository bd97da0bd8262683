internal import CKernels

// T tokens = 1 + patches, D width, C width of the embedding.

/// WinCLIP's windows (Jeong et al., CVPR 2023): the class token and the patches of a small square pass through the blocks as if
/// there were nothing else in the picture.
extension VisionTransformer {
    /// - Parameters:
    ///   - sides: in patches.
    ///   - start: `[T, D]`, what the first block takes of the whole picture.
    /// - Returns: by side, `[positions, C]`.
    func windows(_ sides: [Int], from start: Storage) -> [Int: FeatureMap] {
        var maps: [Int: FeatureMap] = [:]
        for side in Set(sides) {
            let positions = PatchGrid(rows: grid.rows - side + 1, columns: grid.columns - side + 1)
            maps[side] = FeatureMap(grid: positions, tokens: windows(of: side, at: positions, from: start))
        }
        return maps
    }

    /// As many windows at a time as the scratch memory for the whole picture holds: the linear layers then have as many rows.
    private func windows(of side: Int, at positions: PatchGrid, from start: Storage) -> Matrix {
        let length = 1 + side * side
        let atATime = tokens / length
        var embeddings: [Float] = []
        for first in stride(from: 0, to: positions.count, by: atATime) {
            let windows = first..<min(first + atATime, positions.count)
            let sequences = windows.indices.map { ($0 - first) * length..<($0 - first + 1) * length }
            let gather = parallelism.phase(over: windows.count) { [self] _, range in
                for index in range {
                    let window = first + index
                    let corner = window / positions.columns * grid.columns + window % positions.columns
                    gatherWindow(of: side, from: start, corner: corner, at: index * length)
                }
            }
            let blocks = encoder.phases(depth: weights.shape.depth, over: sequences)
            parallelism.run([gather] + blocks + [classTokenPhase(sequences)])
            embeddings += self.embeddings(rows: windows.count).values
        }
        return Matrix(rows: positions.count, columns: embeddings.count / positions.count, values: embeddings)
    }

    /// The class token and the patches of the window whose first patch is `corner`, to the stream's rows from `row` on.
    private func gatherWindow(of side: Int, from start: Storage, corner: Int, at row: Int) {
        let target = encoder.stream.base + row * width
        target.update(from: start.base, count: width)
        for line in 0..<side {
            (target + (1 + line * side) * width).update(
                from: start.base + (1 + corner + line * grid.columns) * width, count: side * width)
        }
    }

    /// The first row of each sequence after the final norm, to the first rows of `normalized`.
    private func classTokenPhase(_ sequences: [Range<Int>]) -> Parallelism.Phase {
        parallelism.phase(over: 1) { [self] _, _ in
            for (index, sequence) in sequences.enumerated() {
                fsac_layer_norm(
                    encoder.stream.base + sequence.lowerBound * width, weights.norm.gamma.base, weights.norm.beta.base,
                    weights.shape.layerNormEpsilon, encoder.normalized.base + index * width, 1, width)
            }
        }
    }
}
