import Glibc
package import System

/// Where the journal goes on after a start.
package struct JournalStart: Sendable, Equatable {
    package fileprivate(set) var lastSequence: UInt64 = 0
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
package struct JournalRecovery {
    let folder: String
    let disk: Disk
    private var start = JournalStart()

    package static func run(folder: String, disk: Disk) -> JournalStart {
        var recovery = Self(folder: folder, disk: disk)
        do {
            try recovery.recover()
        } catch {
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
        start.isDamaged = names.contains { $0.hasSuffix(".damaged") }
        let segments = names.compactMap { name in JournalNames.first(of: name).map { (first: $0, name: name) } }
        if let newest = segments.max(by: { $0.first < $1.first }) {
            try recover(path: "\(folder)/\(newest.name)", first: newest.first)
        }
        // Last, so that an error here costs nothing.
        for name in names where name.hasPrefix(JournalNames.temporaryPrefix) { try disk.remove("\(folder)/\(name)") }
    }

    private mutating func recover(path: String, first: UInt64) throws(DiskError) {
        // Whatever comes next, the sequence does not go back behind the segment's name.
        start.lastSequence = first - min(1, first)
        let bytes: [UInt8]
        do {
            bytes = try disk.read(path)
        } catch {
            // No verdict is shorter than 64 bytes: numbers that may have been given out are not given out again.
            start.lastSequence += UInt64((try? disk.byteCount(of: path)) ?? 0) / 64
            return try setAside(path, "cannot be read: \(error)")
        }
        let scan = SegmentScan(bytes, first: first)
        guard scan.goodLength > 0 else {
            start.lastSequence += UInt64(scan.lineCount)
            return try setAside(path, "holds nothing that can be trusted")
        }
        if let sequence = scan.lastSequence, let checksum = scan.lastChecksum {
            (start.lastSequence, start.lastChecksum) = (sequence, checksum)
        } else {
            start.lastChecksum = Self.previousChecksum(bytes)
        }
        if scan.tail == .torn { try keepTail(Array(bytes[scan.goodLength...]), of: path) }
        if scan.isDamaged {
            start.isDamaged = true
            start.notes.append("journal: \(path) is damaged in the middle: it is kept as it is")
            try disk.place([], at: "\(folder)/\(JournalNames.damaged(first: first))", temporary: temporary)
        }
        if scan.tail != .clean {
            let file = try AppendFile(continuing: path, length: scan.goodLength, disk: disk)
            try file.sync()
        }
        if !scan.isDamaged { start.segment = (path, scan.goodLength) }
    }

    private var temporary: String { "\(folder)/\(JournalNames.temporaryPrefix)recovery" }

    /// What the header of a segment without verdicts says of the segment before.
    private static func previousChecksum(_ bytes: [UInt8]) -> String {
        let key = Array(#""previous_crc":""#.utf8)
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let place = line.indices.first { line[$0...].starts(with: key) }
        return place.map { String(decoding: line[($0 + key.count)...].prefix(8), as: UTF8.self) }
            ?? SegmentHeader.noChecksum
    }

    private mutating func keepTail(_ tail: [UInt8], of path: String) throws(DiskError) {
        let copy = try freeName(JournalNames.torn(at: start.lastSequence + 1))
        try disk.place(tail, at: copy, temporary: temporary)
        start.notes.append("journal: \(path) ended in a torn line: \(tail.count) bytes moved to \(copy)")
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
