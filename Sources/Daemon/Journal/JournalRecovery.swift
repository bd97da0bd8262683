import Glibc
import Journal
package import Platform

/// Where the journal goes on after a start.
package struct JournalStart: Sendable, Equatable {
    /// The newest number that may have been given out, 0 = none.
    package fileprivate(set) var lastSequence: UInt64 = 0
    /// The newest line that can be trusted: the next segment's header names it.
    fileprivate(set) var lastLine = SegmentHeader(previousSequence: 0, previousChecksum: SegmentHeader.noChecksum)
    /// The segment to go on with and its good length; nil = begin a new one.
    fileprivate(set) var segment: Segment?
    /// What is reserved so far.
    fileprivate(set) var mark = NumberMark.none
    /// Why nobody knows which numbers were given out; nil = it is known. Else nothing may be written, and the recovery
    /// has to be tried again.
    package fileprivate(set) var failure: DiskError?
    /// A segment in the folder was found damaged, now or at an earlier start.
    package fileprivate(set) var isDamaged = false
    /// What was found and done, for the log.
    package fileprivate(set) var notes: [String] = []

    struct Segment: Sendable, Equatable {
        let path: String
        let length: Int
    }
}

/// Puts the journal folder in order after whatever ended the last run. It never fails and never deletes what may have
/// been a verdict; what it cannot do it leaves for the next start, which would do the same again.
///
/// Runs once, before the journal's thread begins, on the thread that starts the daemon. Only the newest segment is
/// looked through: what counts of older ones was synced before the next was begun. Reads it block by block, up to 1
/// GiB.
package struct JournalRecovery {
    let folder: String
    let disk: Disk
    private var start = JournalStart()
    private var mark = NumberMark.Reading.missing
    /// Whether it is known which numbers were given out.
    private var isNumbered = false
    /// Whether a segment stays in its place although it could not be read.
    private var isLeft = false

    package static func run(folder: String, disk: Disk) -> JournalStart {
        var recovery = Self(folder: folder, disk: disk)
        do {
            try recovery.recover()
        } catch {
            // The daemon goes on: what was found out so far stands, and the writer begins a segment of its own.
            recovery.start.notes.append("journal: recovery incomplete: \(error)")
            if !recovery.isNumbered { recovery.start.failure = error }
        }
        recovery.compareWithMark()
        return recovery.start
    }

    private init(folder: String, disk: Disk) {
        self.folder = folder
        self.disk = disk
    }

    private mutating func recover() throws(DiskError) {
        // First: numbers do not come twice, whatever of the rest fails.
        try readMark()
        try disk.createFolder(folder)
        let names = try disk.names(in: folder)
        // A mark of an earlier start: damage is told until somebody has looked, and removed the mark or the segment.
        start.isDamaged = names.contains { $0.hasSuffix(JournalNames.damagedSuffix) }
        let segments = names.compactMap { name in JournalNames.first(of: name).map { (first: $0, name: name) } }
        var isFound = false
        for (first, name) in segments.sorted(by: { $0.first > $1.first }) {
            let path = "\(folder)/\(name)"
            if let reason = try disbelief(path: path, first: first) {
                try setAside(path, reason)
            } else if !isFound {
                isFound = try recover(path: path, first: first)
            }
        }
        // Behind one that is there and could not be read nothing is added to an older one: readers would pass it over.
        if isLeft { start.segment = nil }
        isNumbered = true
        // Last, so that an error here costs nothing.
        for name in names where name.hasPrefix(ReplacementFile.temporaryPrefix) { try disk.remove("\(folder)/\(name)") }
    }

    private mutating func readMark() throws(DiskError) {
        mark = try NumberMark.read(of: folder, disk: disk)
        switch mark {
        case .known(let mark):
            isNumbered = true
            start.mark = mark
            start.lastSequence = mark.next - min(1, mark.next)
        case .missing: break
        case .damaged:
            start.isDamaged = true
            start.notes.append(
                "journal: \(NumberMark.path(of: folder)) cannot be trusted: numbers go on far behind the last line's")
        }
    }

    /// Below it are all numbers that were ever reserved; nil = nobody knows.
    private var bound: UInt64? {
        if case .known(let mark) = mark { mark.next } else { nil }
    }

    /// What the mark says beyond the lines.
    private mutating func compareWithMark() {
        let last = start.lastLine.previousSequence
        start.lastSequence = max(start.lastSequence, last)
        switch mark {
        case .known(let mark) where mark.isExact && mark.next > last + 1:
            start.isDamaged = true
            start.notes.append(
                "journal: numbers \(last + 1) to \(mark.next - 1) were given out and are in no segment"
            )
        case .damaged: start.lastSequence += NumberMark.mostReserved
        case .known, .missing: break
        }
    }

    /// Why a segment is not the journal's; nil = it may be.
    private func disbelief(path: String, first: UInt64) throws(DiskError) -> String? {
        guard first <= JournalNames.greatestBelieved else { return "has a number that no journal has come to" }
        if try disk.status(of: path).st_mode & S_IFMT == S_IFLNK { return "is a symbolic link" }
        guard let bound, first > bound, try !isTied(path: path, first: first) else { return nil }
        return "has a number that was never reserved"
    }

    /// Whether a segment goes on behind a line that is there. One of a version that reserved no numbers does.
    private func isTied(path: String, first: UInt64) throws(DiskError) -> Bool {
        do {
            let block = try disk.openForReading(path).read(at: 0, count: 4096)
            guard let header = SegmentHeader(block.prefix { $0 != UInt8(ascii: "\n") }),
                header.previousSequence + 1 == first
            else { return false }
            let reader = JournalReader(folder: folder, disk: disk)
            let before = try reader.lines(from: header.previousSequence, below: first, count: 1).first
            return before?.checksum == header.previousChecksum
        } catch {
            guard error.isOfTheFile else { throw error }
            return false
        }
    }

    /// - Returns: whether it has lines that can be trusted; else it is set aside.
    private mutating func recover(path: String, first: UInt64) throws(DiskError) -> Bool {
        let file: RegularFile
        let scan: SegmentScan
        do throws(DiskError) {
            file = try disk.openForReading(path)
            guard file.byteCount <= JournalNames.mostBytes else {
                throw DiskError(operation: .read, path: path, errno: EFBIG)
            }
            scan = try SegmentScan(file, first: first, below: bound ?? JournalNames.greatestBelieved + 1)
        } catch {
            // No verdict is shorter than 64 bytes.
            suppose(first, UInt64((try? disk.byteCount(of: path)) ?? 0) / 64)
            if error.isOfTheFile { try setAside(path, "cannot be read: \(error)") } else { leave(path, error) }
            return false
        }
        guard scan.goodLength > 0 else {
            suppose(first, UInt64(scan.lineCount))
            try setAside(path, "holds nothing that can be trusted")
            return false
        }
        // Of one without a verdict, what its header says of the line before.
        start.lastLine = SegmentHeader(
            previousSequence: scan.lastSequence ?? first - min(1, first),
            previousChecksum: scan.lastChecksum ?? SegmentHeader.noChecksum)
        // Copied first, cut off then: a crash in between leaves both.
        if scan.tail == .torn { try keepTail(of: file, from: scan.goodLength) }
        if scan.isDamaged {
            start.isDamaged = true
            start.notes.append("journal: \(path) is damaged in the middle: it is kept as it is")
            try disk.replace("\(folder)/\(JournalNames.damaged(first: first))", with: [])
        }
        if scan.tail != .clean {
            let file = try AppendFile(continuing: path, length: scan.goodLength, disk: disk)
            try file.sync()
        }
        // Nothing is added to a damaged one: it stays as evidence.
        if !scan.isDamaged { start.segment = .init(path: path, length: scan.goodLength) }
        return true
    }

    /// Without a mark: as many numbers as a segment that does not read may have held are not given out again.
    private mutating func suppose(_ first: UInt64, _ count: UInt64) {
        if bound == nil { start.lastSequence = max(start.lastSequence, first - min(1, first) + count) }
    }

    private var nextNumber: UInt64 { max(start.lastSequence, start.lastLine.previousSequence) + 1 }

    private var temporary: String { "\(folder)/\(ReplacementFile.temporaryPrefix)recovery" }

    /// Copies what is behind the last good line beside the segment.
    private mutating func keepTail(of file: RegularFile, from offset: Int) throws(DiskError) {
        let name = try freeName(JournalNames.torn(at: start.lastLine.previousSequence + 1))
        let copy = try AppendFile(creating: temporary, disk: disk)
        while case let block = try file.read(at: offset + copy.length, count: 1 << 20), !block.isEmpty {
            try copy.append(block)
        }
        // The tail is cut off next: a power cut must not take the copy with it.
        try copy.sync()
        try copy.rename(to: name)
        try disk.syncFolder(folder)
        start.notes.append("journal: \(file.path) ended in a torn line: \(copy.length) bytes moved to \(name)")
    }

    /// The disk failed, which says nothing of the verdicts in a file: they are read again when it does not.
    private mutating func leave(_ path: String, _ error: DiskError) {
        isLeft = true
        start.isDamaged = true
        start.notes.append("journal: \(path) cannot be read: \(error): it stays where it is")
    }

    private mutating func setAside(_ path: String, _ reason: String) throws(DiskError) {
        let target = try freeName(JournalNames.torn(at: nextNumber))
        start.isDamaged = true
        start.notes.append("journal: \(path) \(reason): set aside as \(target)")
        try disk.move(path, to: target)
    }

    /// The name, or the name with a number if something has it already: nothing that was set aside is overwritten.
    private func freeName(_ name: String) throws(DiskError) -> String {
        let taken = try disk.names(in: folder)
        let stem = name.dropLast(".bin".count)
        let candidates = (0...taken.count).lazy.map { $0 == 0 ? name : "\(stem)-\($0).bin" }
        return "\(folder)/" + (candidates.first { !taken.contains($0) } ?? name)
    }
}
