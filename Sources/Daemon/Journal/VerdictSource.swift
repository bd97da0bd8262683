/// One journal line as it stands in the file, without the line end.
package struct VerdictLine: Sendable, Equatable {
    package let sequence: UInt64
    package let bytes: [UInt8]

    package init(sequence: UInt64, bytes: [UInt8]) {
        self.sequence = sequence
        self.bytes = bytes
    }
}

/// The journal as the control plane reads it.
package protocol VerdictSource: Sendable {
    /// Sequence number of the newest acknowledged line, 0 = none.
    var lastSequence: UInt64 { get }
    /// Acknowledged lines with a sequence number of `first` or more, oldest first, at most `count`. May read files:
    /// never called on an event loop.
    func lines(from first: UInt64, count: Int) throws -> [VerdictLine]
    /// Yields soon after lines were acknowledged, several at once as one; a slow reader delays nobody.
    func changes() -> AsyncStream<Void>
}
