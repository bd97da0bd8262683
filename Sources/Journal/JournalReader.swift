import Glibc
package import Platform

/// The reading end of the journal: needs nothing but the files, and shows every line that can be trusted.
///
/// A value without state, used on any thread that may wait for the disk, while the writer appends: a line that is only
/// half there has no line end yet and is not shown.
package struct JournalReader: Sendable {
    private static let blockBytes = 256 << 10

    package let folder: String
    package let disk: Disk

    package init(folder: String, disk: Disk = Disk()) {
        self.folder = folder
        self.disk = disk
    }

    /// Lines from `first` up to, but not including, `end`, in order, at most `count`.
    ///
    /// Where two segments hold a number, the newer counts: it was begun because the older could not be synced.
    ///
    /// - Throws: ``DiskError`` when the folder cannot be listed or a segment not be read. A segment that retention
    ///   removes meanwhile is no error.
    package func lines(from first: UInt64, below end: UInt64, count: Int) throws(DiskError) -> [VerdictLine] {
        let segments = try segments()
        var lines: [VerdictLine] = []
        for (index, segment) in segments.enumerated() {
            // Where the newer segment begins, the older one does not count any more.
            let after = index + 1 < segments.count ? segments[index + 1].first : UInt64.max
            let next = max(lines.last.map { $0.sequence + 1 } ?? first, segment.first)
            guard next < min(after, end), lines.count < count else { continue }
            do {
                let file = try disk.openForReading("\(folder)/\(segment.name)")
                try read(file, from: next, below: min(after, end), count: count, into: &lines)
            } catch {
                // Retention may remove a segment between the listing and the opening.
                guard error.errno == ENOENT else { throw error }
            }
        }
        return lines
    }

    /// The newest lines before `end`, in order, at most `count`; numbers that no line has are passed over.
    ///
    /// - Throws: as ``lines(from:below:count:)``.
    package func lines(before end: UInt64, count: Int) throws(DiskError) -> [VerdictLine] {
        var (lines, after) = ([VerdictLine](), end)
        for segment in try segments().reversed() where segment.first < after && lines.count < count {
            do {
                let file = try disk.openForReading("\(folder)/\(segment.name)")
                lines = try newest(count - lines.count, of: file, from: segment.first, below: after) + lines
            } catch {
                guard error.errno == ENOENT else { throw error }
            }
            after = segment.first
        }
        return lines
    }

    private func newest(
        _ count: Int, of file: RegularFile, from first: UInt64, below end: UInt64
    ) throws(DiskError) -> [VerdictLine] {
        // As many numbers as lines are wanted; more of them where lines are missing.
        var span = UInt64(count)
        while true {
            let start = end - min(end - first, span)
            var found: [VerdictLine] = []
            try read(file, from: start, below: end, count: .max, into: &found)
            if found.count >= count || start == first { return found.suffix(count) }
            span = span.multipliedReportingOverflow(by: 4).overflow ? .max : span * 4
        }
    }

    /// Oldest first.
    private func segments() throws(DiskError) -> [(first: UInt64, name: String)] {
        try disk.names(in: folder)
            .compactMap { name in JournalNames.first(of: name).map { (first: $0, name: name) } }
            .sorted { $0.first < $1.first }
    }

    private func read(
        _ file: RegularFile, from first: UInt64, below end: UInt64, count: Int, into lines: inout [VerdictLine]
    ) throws(DiskError) {
        // Somebody else's, which may have no end in sight.
        guard file.byteCount <= JournalNames.mostBytes else { return }
        // `rest`: what was read and not looked at, beginning with a line but for the first block.
        var (offset, rest, next) = (try place(of: first, in: file), [UInt8](), first)
        while lines.count < count {
            let block = try file.read(at: offset, count: Self.blockBytes)
            guard !block.isEmpty else { return }
            offset += block.count
            rest += block
            var start = 0
            while lines.count < count, let lineEnd = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                if let sequence = JournalLine.sequence(of: rest[start..<lineEnd]), sequence >= next,
                    let line = JournalLine.verdict(rest[start..<lineEnd])
                {
                    guard sequence < end else { return }
                    lines.append(line)
                    next = sequence + 1
                }
                start = lineEnd + 1
            }
            // Something that has no line end is let go of; what follows it fails its checksum and is skipped as well.
            rest.removeFirst(rest.count - start > JournalNames.mostLineBytes ? rest.count : start)
        }
    }

    /// An offset at or before the line with a number, found by halving: lines are in order.
    private func place(of sequence: UInt64, in file: RegularFile) throws(DiskError) -> Int {
        var (low, high) = (0, file.byteCount)
        while high - low > Self.blockBytes {
            let middle = low + (high - low) / 2
            // Without a line in it, it is damaged: the line is looked for in front of it, where reading on finds it as
            // well.
            let block = try file.read(at: middle, count: Self.blockBytes / 4)
            guard let line = Self.firstVerdict(in: block), line.sequence <= sequence else {
                high = middle
                continue
            }
            low = middle + line.offset
        }
        return low
    }

    /// The first trusted line that begins in a block, which may itself begin anywhere in a line.
    private static func firstVerdict(in block: [UInt8]) -> (sequence: UInt64, offset: Int)? {
        var lineEnd = block.firstIndex(of: UInt8(ascii: "\n"))
        while let start = lineEnd.map({ $0 + 1 }) {
            guard let end = block[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            if let line = JournalLine.verdict(block[start..<end]) { return (line.sequence, start) }
            lineEnd = end
        }
        return nil
    }
}
