import Glibc
package import Platform

/// Reads every line of a journal and says what is damaged, missing, twice or out of order. It changes nothing, and may run beside
/// the daemon: what is appended meanwhile is looked at or not.
package struct JournalVerification {
    private static let blockBytes = 1 << 20

    private let folder: String
    /// Its last name, which findings begin with.
    private let place: String
    private let disk: Disk
    /// Called for each line that counts, in the order of their numbers.
    private let look: (VerdictLine) -> Void
    /// Told of bytes as they are read; false = stop.
    private let goesOn: (_ bytes: Int) -> Bool

    private var report = JournalReport()
    /// The newest line so far, or the end of a gap, and its checksum; nil before the first segment's header.
    private var last: (sequence: UInt64, checksum: String)?
    private var isStopped = false

    /// - Throws: ``DiskError`` when the folder cannot be listed. A folder that is not there is an empty journal.
    package static func run(
        folder: String, disk: Disk = Disk(), look: @escaping (VerdictLine) -> Void = { _ in },
        goesOn: @escaping (_ bytes: Int) -> Bool = { _ in true }
    ) throws(DiskError) -> JournalReport {
        var verification = JournalVerification(folder: folder, disk: disk, look: look, goesOn: goesOn)
        try verification.run()
        return verification.report
    }

    /// Bytes that there are to read.
    package static func byteCount(folder: String, disk: Disk = Disk()) throws(DiskError) -> Int {
        try segments(in: folder, disk).reduce(0) { sum, segment in
            sum + ((try? disk.byteCount(of: "\(folder)/\(segment.name)")) ?? 0)
        }
    }

    private init(
        folder: String, disk: Disk, look: @escaping (VerdictLine) -> Void, goesOn: @escaping (Int) -> Bool
    ) {
        self.folder = folder
        place = FilePath.split(folder).name
        self.disk = disk
        self.look = look
        self.goesOn = goesOn
    }

    private static func segments(in folder: String, _ disk: Disk) throws(DiskError) -> [(first: UInt64, name: String)] {
        guard access(folder, F_OK) == 0 else { return [] }
        return try disk.names(in: folder)
            .compactMap { name in JournalNames.first(of: name).map { (first: $0, name: name) } }
            .sorted { $0.first < $1.first }
    }

    private mutating func run() throws(DiskError) {
        // Before the lines: what it says of numbers was so when it was written, and more lines may come meanwhile.
        let mark = try NumberMark.read(of: folder, disk: disk)
        defer { compare(with: mark) }
        let segments = try Self.segments(in: folder, disk)
        guard !segments.isEmpty || access(folder, F_OK) == 0 else { return }
        let names = try disk.names(in: folder)
        report.setAside = names.count { JournalNames.setAside($0) != nil }
        defer { add(marks: names.filter { $0.hasSuffix(JournalNames.damagedSuffix) }) }
        for (index, segment) in segments.enumerated() where !isStopped {
            // Where the next one begins, this one does not count any more: the next was begun because this one could not be synced.
            let end = index + 1 < segments.count ? segments[index + 1].first : UInt64.max
            do {
                let file = try disk.openForReading("\(folder)/\(segment.name)")
                report.segments += 1
                var reading = SegmentReading(name: "\(place)/\(segment.name)", first: segment.first, end: end)
                try read(file, &reading, isNewest: index + 1 == segments.count)
            } catch {
                // It was there a moment ago: retention has taken it, and what was before it.
                if error.errno == ENOENT {
                    last = nil
                    continue
                }
                report.add(
                    .init(
                        .unreadable, file: "\(place)/\(segment.name)", from: segment.first, reason: error.description))
            }
        }
    }

    /// What starts have marked, where nothing else tells of it.
    private mutating func add(marks: [String]) {
        for name in marks.sorted() {
            let segment = "\(place)/\(name.dropLast(JournalNames.damagedSuffix.count)).jsonl"
            guard !report.findings.contains(where: { $0.file == segment }) else { continue }
            report.add(.init(.marked, file: "\(place)/\(name)"))
        }
    }

    /// What the mark of the numbers says beyond the lines.
    private mutating func compare(with mark: NumberMark.Reading) {
        let name = FilePath.split(NumberMark.path(of: folder)).name
        switch mark {
        case .damaged: report.add(.init(.damaged, file: name, reason: "the mark of the numbers cannot be trusted"))
        case .known(let mark) where mark.isExact && !isStopped:
            let newest = last?.sequence ?? mark.next - min(2, mark.next)
            guard mark.next > newest + 1 else { return }
            report.add(
                .init(.missing, file: name, from: newest + 1, to: mark.next - 1, reason: "given out, and in no segment")
            )
        case .known, .missing: break
        }
    }

    /// One segment and the place in it.
    private struct SegmentReading {
        let name: String
        let first: UInt64
        /// Numbers from here on do not count.
        let end: UInt64
        var lineNumber = 0
        /// Lines in a row that cannot be trusted.
        var damaged: (line: Int, count: Int)?
    }

    private mutating func read(_ file: RegularFile, _ reading: inout SegmentReading, isNewest: Bool) throws(DiskError) {
        guard file.byteCount <= JournalNames.mostBytes else {
            throw DiskError(operation: .read, path: file.path, errno: EFBIG)
        }
        var (offset, rest) = (0, [UInt8]())
        while case let block = try file.read(at: offset, count: Self.blockBytes), !block.isEmpty {
            offset += block.count
            rest += block
            var start = 0
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                reading.lineNumber += 1
                take(rest[start..<end], &reading)
                start = end + 1
            }
            // Something without a line end is let go of; it, and what follows it, fails its checksum.
            rest.removeFirst(rest.count - start > JournalNames.mostLineBytes ? rest.count : start)
            guard goesOn(block.count) else {
                isStopped = true
                return
            }
        }
        // What is behind the last line end is room that was set aside, or a line on its way; in an older segment one that was cut
        // off, and is missing if it was the only one of its number.
        if let damaged = reading.damaged { add(damaged, reading) }
        if reading.lineNumber == 0, !isNewest {
            report.add(.init(.damaged, file: reading.name, from: reading.first, reason: "no line in it"))
        }
    }

    private mutating func take(_ line: ArraySlice<UInt8>, _ reading: inout SegmentReading) {
        if let found = JournalLine.verdict(line) {
            goOn(from: found.sequence, to: found.sequence, found.checksum, &reading) { $0.count(found) }
        } else if let gap = NumberGap(line), let checksum = JournalLine.checksum(of: line) {
            // A start that could not read a segment says that its numbers are left out: those that are there are not.
            let first = max(gap.from, min(last?.sequence ?? 0, gap.to) + 1)
            guard first <= gap.to else { return }
            goOn(from: first, to: gap.to, checksum, &reading) { $0.report.leftOut += gap.to - first + 1 }
        } else if reading.lineNumber == 1, let header = SegmentHeader(line) {
            tie(to: header, reading)
        } else {
            let damaged = reading.damaged ?? (line: reading.lineNumber, count: 0)
            reading.damaged = (line: damaged.line, count: damaged.count + 1)
        }
    }

    private mutating func count(_ line: VerdictLine) {
        report.lines += 1
        report.first = report.first ?? line.sequence
        report.last = line.sequence
        look(line)
    }

    /// - Parameter numbers: those that the damaged lines had, if it is clear.
    private mutating func add(
        _ damaged: (line: Int, count: Int), _ reading: SegmentReading, _ numbers: (from: UInt64, to: UInt64)? = nil
    ) {
        report.add(
            .init(
                .damaged, file: reading.name, line: damaged.line, from: numbers?.from, to: numbers?.to,
                reason: damaged.count > 1 ? "\(damaged.count) lines in a row" : nil))
    }

    private mutating func tie(to header: SegmentHeader, _ reading: SegmentReading) {
        guard let last else {
            // The oldest that is left: what was before it is gone with retention.
            self.last = (header.previousSequence, header.previousChecksum)
            return
        }
        // What is missing in between shows with the first line.
        guard header.previousSequence == last.sequence, header.previousChecksum != last.checksum else { return }
        report.add(.init(.untied, file: reading.name, line: 1, from: reading.first))
    }

    private mutating func goOn(
        from first: UInt64, to end: UInt64, _ checksum: String, _ reading: inout SegmentReading,
        _ count: (inout Self) -> Void
    ) {
        let before = last?.sequence ?? first - min(1, first)
        let damaged = reading.damaged.take()
        // Numbers that damaged lines had are not missing as well.
        let missing = first < reading.end && first > before + 1 ? (from: before + 1, to: first - 1) : nil
        let isExplained = missing.map { $0.to - $0.from < UInt64(damaged?.count ?? 0) } ?? true
        if let damaged { add(damaged, reading, isExplained ? missing : nil) }
        guard first < reading.end else { return }
        guard first > before else {
            report.add(
                .init(
                    first == before ? .twice : .order, file: reading.name, line: reading.lineNumber, from: first,
                    to: end
                ))
            return
        }
        if let missing, !isExplained {
            report.add(
                .init(.missing, file: reading.name, line: reading.lineNumber, from: missing.from, to: missing.to))
        }
        last = (end, checksum)
        count(&self)
    }
}
