/// What a segment's bytes hold, found without trusting any of them.
package struct SegmentScan: Equatable {
    package enum Tail: Equatable {
        /// The file ends with a line that can be trusted.
        case clean
        /// Zeros behind the last good line: space that was reserved and never written.
        case zeros
        /// A line that was cut off, or garbage, behind the last good line.
        case torn
    }

    /// Nil when no verdict can be trusted.
    var lastSequence: UInt64?
    /// Digits of the checksum of the last good verdict.
    var lastChecksum: String?
    /// Bytes up to the end of the last good line, the header counted.
    var goodLength = 0
    var tail = Tail.clean
    /// Lines that were damaged, lost or doubled, with good ones behind them.
    var isDamaged = false
    /// Line ends in the file, an upper bound of the verdicts that were ever in it.
    var lineCount = 0

    /// - Parameter first: the sequence number that the segment's name promises.
    package init(_ bytes: [UInt8], first: UInt64) {
        var (start, expected, hasBadLine) = (0, first, false)
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = bytes[start..<end]
            lineCount += 1
            let isGood: Bool
            if let sequence = JournalLine.sequence(of: line), let checksum = JournalLine.checksum(of: line) {
                isGood = true
                isDamaged = isDamaged || sequence != expected
                if sequence >= expected {
                    (lastSequence, lastChecksum) = (sequence, checksum)
                    expected = sequence + 1
                }
            } else {
                isGood = SegmentHeader.isHeader(line)
                // The header belongs in front and nowhere else.
                isDamaged = isDamaged || (isGood && start > 0)
            }
            isDamaged = isDamaged || (isGood && hasBadLine)
            hasBadLine = !isGood
            start = end + 1
            if isGood { goodLength = start }
        }
        if goodLength < bytes.count { tail = bytes[goodLength...].allSatisfy { $0 == 0 } ? .zeros : .torn }
        // A segment is put in place together with its header.
        if !bytes.starts(with: #"{"type":"header""#.utf8), goodLength > 0 { isDamaged = true }
    }
}
