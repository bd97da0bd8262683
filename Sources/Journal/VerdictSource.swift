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
///
/// A conformer may be asked by any number of threads at once. It shows nothing that has not landed, never changes a
/// line that it has shown, and shows `lastSequence` only when ``lines(from:count:)`` gives that line. Retention may
/// take old lines away at any time: what is asked for may begin later than `first`, and a reader has to look at the
/// numbers it gets.
package protocol VerdictSource: Sendable {
    /// What tells the journal from others (``JournalIdentity``); nil while nobody can say.
    var identity: String? { get }
    /// Sequence number of the newest acknowledged line, 0 = none.
    /// Waits for nothing.
    var lastSequence: UInt64 { get }
    /// Acknowledged lines with a sequence number of `first` or more, oldest first, at most `count`. May read files:
    /// never called on an event loop.
    func lines(from first: UInt64, count: Int) throws -> [VerdictLine]
    /// The newest acknowledged lines with a sequence number below `end`, oldest first, at most `count`; numbers that no
    /// line has are passed over. May read files, as above.
    func lines(before end: UInt64, count: Int) throws -> [VerdictLine]
    /// Yields soon after lines were acknowledged, several at once as one; a slow reader delays nobody.
    /// Yields once at the beginning, and ends with the journal. What changed is not said: whoever reads asks for lines
    /// from its own place on.
    func changes() -> AsyncStream<Void>
}

extension VerdictSource {
    /// Of a journal that stands beside that of the verdicts, whose identity is its own, too.
    package var identity: String? { nil }
}
