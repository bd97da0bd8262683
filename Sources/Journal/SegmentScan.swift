package import Platform

/// What a segment holds, found without trusting any of its bytes and without holding more than a line of them.
package struct SegmentScan: Equatable {
    package enum Tail: Equatable {
        /// The file ends with a line that can be trusted.
        case clean
        /// Zeros behind the last good line: space that was reserved and never written.
        case zeros
        /// A line that was cut off, or garbage, behind the last good line.
        case torn
    }

    /// Bytes that are read at a time.
    private static let blockBytes = 1 << 20

    /// Nil when no verdict can be trusted.
    package private(set) var lastSequence: UInt64?
    /// Digits of the checksum of the last good verdict; before the first, of what the header says of the segment
    /// before.
    package private(set) var lastChecksum: String?
    /// Bytes up to the end of the last good line, the header counted.
    package private(set) var goodLength = 0
    package private(set) var tail = Tail.clean
    /// Lines that were damaged, lost or doubled, with good ones behind them.
    package private(set) var isDamaged = false
    /// Line ends in the file, an upper bound of the verdicts that were ever in it.
    package private(set) var lineCount = 0

    /// Number of the next line where none is missing.
    private var expected: UInt64
    /// Only a number below may leave others out.
    private let bound: UInt64
    /// Since the last good line. Whether that is damage or a torn end is told by what follows.
    private var hasBadLine = false
    private var beginsWithHeader = false
    /// The line that is being read, and how much of it was let go of because it is too long.
    private var line: [UInt8] = []
    private var cutBytes = 0
    /// Bytes behind the last good line, and whether they are all zero.
    private var restLength = 0
    private var isRestZero = true

    /// - Parameters:
    ///   - first: the sequence number that the segment's name promises.
    ///   - bound: below it are all numbers that were ever reserved; one at it or above is believed where it is the
    ///     next.
    package init(
        _ file: RegularFile, first: UInt64, below bound: UInt64 = JournalNames.greatestBelieved + 1
    ) throws(DiskError) {
        self.init(first: first, below: bound)
        var offset = 0
        while case let block = try file.read(at: offset, count: Self.blockBytes), !block.isEmpty {
            add(block)
            offset += block.count
        }
        finish()
    }

    /// As above, of bytes in memory.
    package init(_ bytes: [UInt8], first: UInt64, below bound: UInt64 = JournalNames.greatestBelieved + 1) {
        self.init(first: first, below: bound)
        add(bytes)
        finish()
    }

    private init(first: UInt64, below bound: UInt64) {
        expected = first
        self.bound = bound
    }

    private mutating func add(_ block: [UInt8]) {
        var start = 0
        while let end = block[start...].firstIndex(of: UInt8(ascii: "\n")) {
            extendLine(block[start...end])
            endLine()
            start = end + 1
        }
        extendLine(block[start...])
    }

    private mutating func extendLine(_ bytes: ArraySlice<UInt8>) {
        restLength += bytes.count
        isRestZero = isRestZero && bytes.allSatisfy { $0 == 0 }
        if line.count + bytes.count <= JournalNames.mostLineBytes {
            line += bytes
        } else {
            cutBytes += bytes.count
        }
    }

    private mutating func endLine() {
        defer { (line, cutBytes) = ([], 0) }
        lineCount += 1
        if lineCount == 1 { beginsWithHeader = line.starts(with: #"{"type":"header""#.utf8) }
        let isGood = cutBytes == 0 && take(line.dropLast())
        // A bad line with a good one behind it was not cut off by a power cut.
        isDamaged = isDamaged || (isGood && hasBadLine)
        hasBadLine = !isGood
        if isGood {
            goodLength += restLength
            (restLength, isRestZero) = (0, true)
        }
    }

    /// - Returns: whether the line can be trusted.
    private mutating func take(_ line: ArraySlice<UInt8>) -> Bool {
        if let sequence = JournalLine.sequence(of: line), isBelieved(sequence),
            let checksum = JournalLine.checksum(of: line)
        {
            goOn(from: sequence, to: sequence, checksum)
            return true
        }
        if let gap = NumberGap(line), isBelieved(gap.to), let checksum = JournalLine.checksum(of: line) {
            goOn(from: gap.from, to: gap.to, checksum)
            return true
        }
        guard let header = SegmentHeader(line) else { return false }
        // The header belongs in front and nowhere else.
        if lineCount > 1 { isDamaged = true }
        if lastSequence == nil { lastChecksum = header.previousChecksum }
        return true
    }

    /// Numbers that jump beyond all that was ever reserved are not the journal's, whatever their lines look like.
    private func isBelieved(_ sequence: UInt64) -> Bool {
        sequence <= JournalNames.greatestBelieved && (sequence < bound || sequence == expected)
    }

    private mutating func goOn(from first: UInt64, to last: UInt64, _ checksum: String) {
        // A gap in front leads up to the first line.
        if lastSequence == nil, first < expected, last + 1 == expected { return }
        // Doubled or left out. Numbers never go back.
        isDamaged = isDamaged || first != expected
        guard last >= expected else { return }
        (lastSequence, lastChecksum) = (last, checksum)
        expected = last + 1
    }

    private mutating func finish() {
        if lineCount == 0 { beginsWithHeader = line.starts(with: #"{"type":"header""#.utf8) }
        if restLength > 0 { tail = isRestZero ? .zeros : .torn }
        // A segment is put in place together with its header.
        if !beginsWithHeader, goodLength > 0 { isDamaged = true }
        line = []
    }
}
