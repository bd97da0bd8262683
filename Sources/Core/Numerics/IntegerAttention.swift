internal import CKernels

// T tokens, h width of the head.

/// Attention of one head, `softmax(Q Kᵀ) V`, in products of 8-bit integers, with its scratch memory: of one thread. The matrix of all pairs
/// of tokens is never there; the memory is proportional to the tokens.
///
/// A query or a key keeps 8 bits of its row, a value of its column within 64 keys, a weight of the largest of 64 keys. A number that is
/// none, or an infinite one, in a query makes its row of the result such, in a key every row, in a value its column.
package struct IntegerAttention: Sendable {
    package static let mostWidth = FSAC_MOST_HEAD_WIDTH

    private let width: Int
    private let tokens: Int
    private let scratch: Storage

    /// - Parameters:
    ///   - tokens: the most of a sequence.
    ///   - width: h.
    package init(tokens: Int, width: Int) {
        precondition((1...Self.mostWidth).contains(width), "integer attention: a head of width \(width)")
        self.tokens = tokens
        self.width = width
        scratch = Storage(count: fsac_integer_attention_scratch(tokens, width) / MemoryLayout<Float>.stride)
    }

    /// - Parameters:
    ///   - query: `[T, h]`, divided by the root of h already. This, `key` and `value` have rows `stride` apart.
    ///   - output: `[T, h]`, rows `outputStride` apart.
    package func apply(
        query: UnsafePointer<Float>, key: UnsafePointer<Float>, value: UnsafePointer<Float>, stride: Int, tokens: Int,
        path: IntegerPath = .best, into output: UnsafeMutablePointer<Float>, outputStride: Int
    ) {
        precondition(tokens <= self.tokens, "integer attention: \(tokens) tokens, room for \(self.tokens)")
        fsac_integer_attention(
            path.kernel, query, key, value, stride, tokens, width, scratch.base, output, outputStride)
    }
}
