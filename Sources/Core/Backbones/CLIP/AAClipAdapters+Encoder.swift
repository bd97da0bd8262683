// R rows of the residual stream, D width of a tower.

extension AAClipAdapters {
    /// The phases of the adapter behind a block of a tower; none where the block has none.
    ///
    /// - Parameters:
    ///   - block: counted from 1.
    ///   - adapters: of that tower.
    ///   - copies: one an adapter, `[R, D]`: keep the stream as it was before, for the way back.
    func phases(
        after block: Int, _ adapters: [AdapterLayer], on encoder: TransformerEncoder, rows: Int,
        keeping copies: [Storage]? = nil
    ) -> [Parallelism.Phase] {
        guard block <= adapters.count else { return [] }
        let adapter = adapters[block - 1]
        return [
            encoder.parallelism.phase(over: rows, grain: 16) { _, range in
                let offset = range.lowerBound * adapter.inputs
                let stream = encoder.stream.base + offset
                copies.map { ($0[block - 1].base + offset).update(from: stream, count: range.count * adapter.inputs) }
                adapt(stream, rows: range.count, by: adapter)
            }
        ]
    }

    /// The way back through the adapter behind a block, from the derivatives by the stream after it, which `encoder.stream` holds,
    /// to those by the stream before it.
    ///
    /// - Parameters:
    ///   - copies: what the way forth has kept.
    ///   - gradients: the derivatives by the adapter's weights are added here.
    func gradientPhases(
        after block: Int, _ adapters: [AdapterLayer], on encoder: TransformerEncoder, rows: Int,
        kept copies: [Storage], into gradients: Storage
    ) -> [Parallelism.Phase] {
        guard block <= adapters.count else { return [] }
        let adapter = adapters[block - 1]
        return [
            encoder.parallelism.phase(over: 1) { _, _ in
                let count = rows * adapter.inputs
                func matrix(_ storage: Storage) -> Matrix {
                    Matrix(rows: rows, columns: adapter.inputs, values: storage.values(0..<count))
                }
                let result = adaptBackward(
                    matrix(copies[block - 1]), matrix(encoder.stream), by: adapter, into: gradients, .serial)
                encoder.stream.base.update(from: result.values, count: count)
            }
        ]
    }
}
