import Glibc
package import Platform

/// Where the journal goes on after a start.
package struct JournalStart: Sendable, Equatable {
    /// The newest number that may have been given out, 0 = none.
    package fileprivate(set) var lastSequence: UInt64 = 0
    /// Of the newest line that can be trusted: the next segment's header names it.
    fileprivate(set) var lastChecksum = SegmentHeader.noChecksum
    /// The segment to go on with and its good length; nil = begin a new one.
    fileprivate(set) var segment: (path: String, length: Int)?
    /// A segment in the folder was found damaged, now or at an earlier start.
    package fileprivate(set) var isDamaged = false
    /// What was found and done, for the log.
    package fileprivate(set) var notes: [String] = []

    package static func == (left: Self, right: Self) -> Bool {
        left.lastSequence == right.lastSequence && left.lastChecksum == right.lastChecksum
            && left.segment?.path == right.segment?.path && left.segment?.length == right.segment?.length
            && left.isDamaged == right.isDamaged && left.notes == right.notes
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

    package static func run(folder: String, disk: Disk) -> JournalStart {
        var recovery = Self(folder: folder, disk: disk)
        do {
            try recovery.recover()
        } catch {
            // The daemon goes on: what was found out so far stands, and the writer begins a segment of its own.
            recovery.start.notes.append("journal: recovery incomplete: \(error)")
        }
        return recovery.start
    }

    private init(folder: String, disk: Disk) {
        self.folder = folder
        self.disk = disk
    }

    private mutating func recover() throws(DiskError) {
        try disk.createFolder(folder)
        let names = try disk.names(in: folder)
        // A mark of an earlier start: damage is told until somebody has looked, and removed the mark or the segment.
        start.isDamaged = names.contains { $0.hasSuffix(".damaged") }
        let segments = names.compactMap { name in JournalNames.first(of: name).map { (first: $0, name: name) } }
        if let newest = segments.filter({ $0.first <= JournalNames.greatestBelieved }).max(by: { $0.first < $1.first })
        {
            try recover(path: "\(folder)/\(newest.name)", first: newest.first)
        }
        for odd in segments where odd.first > JournalNames.greatestBelieved {
            try setAside("\(folder)/\(odd.name)", "has a number that no journal has come to")
        }
        // Last, so that an error here costs nothing.
        for name in names where name.hasPrefix(ReplacementFile.temporaryPrefix) { try disk.remove("\(folder)/\(name)") }
    }

    private mutating func recover(path: String, first: UInt64) throws(DiskError) {
        // Whatever comes next, the sequence does not go back behind the segment's name.
        start.lastSequence = first - min(1, first)
        let file: RegularFile
        let scan: SegmentScan
        do {
            file = try disk.openForReading(path)
            guard file.byteCount <= JournalNames.mostBytes else {
                throw DiskError(operation: .read, path: path, errno: EFBIG)
            }
            scan = try SegmentScan(file, first: first)
        } catch {
            // No verdict is shorter than 64 bytes: numbers that may have been given out are not given out again.
            start.lastSequence += UInt64((try? disk.byteCount(of: path)) ?? 0) / 64
            return try setAside(path, "cannot be read: \(error)")
        }
        guard scan.goodLength > 0 else {
            start.lastSequence += UInt64(scan.lineCount)
            return try setAside(path, "holds nothing that can be trusted")
        }
        start.lastSequence = scan.lastSequence ?? start.lastSequence
        start.lastChecksum = scan.lastChecksum ?? SegmentHeader.noChecksum
        // Copied first, cut off then: a crash in between leaves both.
        if scan.tail == .torn { try keepTail(of: file, from: scan.goodLength) }
        if scan.isDamaged {
            start.isDamaged = true
            start.notes.append("journal: \(path) is damaged in the middle: it is kept as it is")
            try disk.place([], at: "\(folder)/\(JournalNames.damaged(first: first))", temporary: temporary)
        }
        if scan.tail != .clean {
            let file = try AppendFile(continuing: path, length: scan.goodLength, disk: disk)
            try file.sync()
        }
        // Nothing is added to a damaged one: it stays as evidence.
        if !scan.isDamaged { start.segment = (path, scan.goodLength) }
    }

    private var temporary: String { "\(folder)/\(ReplacementFile.temporaryPrefix)recovery" }

    /// Copies what is behind the last good line beside the segment.
    private mutating func keepTail(of file: RegularFile, from offset: Int) throws(DiskError) {
        let name = try freeName(JournalNames.torn(at: start.lastSequence + 1))
        // Not synced: it is for people to look at, and nothing goes on from it.
        let copy = try AppendFile(creating: temporary, disk: disk)
        while case let block = try file.read(at: offset + copy.length, count: 1 << 20), !block.isEmpty {
            try copy.append(block)
        }
        try copy.rename(to: name)
        start.notes.append("journal: \(file.path) ended in a torn line: \(copy.length) bytes moved to \(name)")
    }

    private mutating func setAside(_ path: String, _ reason: String) throws(DiskError) {
        let target = try freeName(JournalNames.torn(at: start.lastSequence + 1))
        start.isDamaged = true
        start.notes.append("journal: \(path) \(reason): set aside as \(target)")
        try disk.rename(path, to: target)
    }

    /// The name, or the name with a number if something has it already: nothing that was set aside is overwritten.
    private func freeName(_ name: String) throws(DiskError) -> String {
        let taken = try disk.names(in: folder)
        let stem = name.dropLast(".bin".count)
        let candidates = (0...taken.count).lazy.map { $0 == 0 ? name : "\(stem)-\($0).bin" }
        return "\(folder)/" + (candidates.first { !taken.contains($0) } ?? name)
    }
}
