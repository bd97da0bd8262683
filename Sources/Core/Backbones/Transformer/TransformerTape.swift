/// What a pass through blocks leaves behind for the way back: 9 numbers a token and channel for each block.
package final class TransformerTape {
    struct Block {
        /// `[R, D]`: the stream before the block.
        let input: Storage
        /// `[R, H * 3 h]`.
        let queryKeyValue: Storage
        /// `[R, D]`: the stream between attention and MLP.
        let middle: Storage
        /// `[R, M]`: the derivative of the MLP's activation.
        let slope: Storage
    }

    let blocks: [Block]
    let rows: Int

    /// - Parameters:
    ///   - depth: the blocks that the pass goes through.
    ///   - rows: the tokens of all its sequences.
    package init(_ shape: TransformerShape, depth: Int, rows: Int) {
        self.rows = rows
        blocks = (0..<depth).map { _ in
            Block(
                input: Storage(count: rows * shape.width), queryKeyValue: Storage(count: rows * 3 * shape.width),
                middle: Storage(count: rows * shape.width), slope: Storage(count: rows * shape.hiddenWidth))
        }
    }
}
