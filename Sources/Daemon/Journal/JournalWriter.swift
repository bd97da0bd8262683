package import ControlProtocol
import Glibc
package import Platform

/// How the journal is kept.
package struct JournalSettings: Sendable, Equatable {
    /// A segment that would grow beyond this ends.
    package var segmentBytes = 64 << 20
    /// Whole segments beyond this are removed, oldest first, the newest never.
    package var maxBytes = 4 << 30
    /// Syncs every line before it shows, not only NG.
    package var syncsEachLine = false
    /// Verdicts that are kept in memory while the disk takes none; then the oldest are lost.
    package var heldLines = 10_000
    /// Between two attempts to use a disk that failed.
    package var retryInterval = Duration.milliseconds(500)

    package init() {}
}

/// The writing end of the journal. Confined to one thread.
///
/// Writing never fails towards the caller: while the disk does, lines are held in memory and `failure` says why. A file
/// that failed is never written or synced again (the kernel may call lost pages clean): a new segment begins with every
/// line that was not known to be on the disk.
package struct JournalWriter {
    /// A verdict that has its number.
    package struct Appended: Sendable {
        package let record: InspectionRecord
        package let line: VerdictLine
    }

    private let folder: String
    private let settings: JournalSettings
    private let disk: Disk

    package private(set) var nextSequence: UInt64
    /// Why lines are not on the disk; nil while they are.
    package private(set) var failure: DiskError?
    /// Lines that a power cut would lose.
    package private(set) var unsynced: [VerdictLine] = []
    /// When the oldest of them came.
    package private(set) var unsyncedSince: ContinuousClock.Instant?
    /// Lines that were given up because too many were held.
    package private(set) var lostLines: UInt64 = 0
    /// Something that does not keep lines from the disk: an old segment that cannot be removed.
    package private(set) var nuisance: DiskError?

    private var segment: AppendFile?
    private var lastSynced: SegmentHeader
    private var lastAttempt: ContinuousClock.Instant?

    package init(_ start: JournalStart, folder: String, settings: JournalSettings, disk: Disk) {
        self.folder = folder
        self.settings = settings
        self.disk = disk
        nextSequence = start.lastSequence + 1
        lastSynced = SegmentHeader(previousSequence: start.lastSequence, previousChecksum: start.lastChecksum)
        if let (path, length) = start.segment {
            attempt { writer throws(DiskError) in
                let segment = try AppendFile(continuing: path, length: length, disk: disk)
                try segment.sync()
                writer.segment = segment
            }
            linkAndPrune()
        }
        if segment == nil { beginSegment() }
    }

    /// Writes one line and, when asked, syncs it.
    ///
    /// - Parameter make: the record for a sequence number; the flag says whether it is synced before it shows. Called
    ///   again with `false` when the sync fails.
    /// - Returns: the record, and the line as it is in the file, or will be once the disk works again.
    package mutating func append(synced: Bool, _ make: (UInt64, Bool) -> InspectionRecord) -> Appended {
        let record = make(nextSequence, synced)
        let line = VerdictLine(record)
        if let segment, segment.length + line.bytes.count >= settings.segmentBytes, sync() { beginSegment() }
        hold(line)
        nextSequence += 1
        write(line)
        guard synced, !sync() else { return Appended(record: record, line: line) }
        let weaker = make(line.sequence, false)
        unsynced[unsynced.count - 1] = VerdictLine(weaker)
        return Appended(record: weaker, line: VerdictLine(weaker))
    }

    /// Makes everything durable that was written. With nothing to do it looks whether the disk is back.
    ///
    /// - Returns: whether every line is on the disk.
    @discardableResult
    package mutating func sync() -> Bool {
        if unsynced.isEmpty && failure == nil { return true }
        guard let segment else { return retry() }
        attempt { _ throws(DiskError) in try segment.sync() }
        guard failure == nil, !segment.isRemoved else { return beginSegment() }
        settle()
        return true
    }

    /// Notices that somebody removed the folder below us, and that a failed disk is back.
    package mutating func look() {
        if let segment, segment.isRemoved { beginSegment() }
        if segment == nil { retry() }
    }

    private mutating func write(_ line: VerdictLine) {
        guard let segment else {
            retry()
            return
        }
        attempt { _ throws(DiskError) in try segment.append(line.bytes + [UInt8(ascii: "\n")]) }
        guard failure != nil else { return }
        // If even this fails, the rest of the line is a torn tail that readers skip.
        try? segment.cut()
        beginSegment()
    }

    @discardableResult
    private mutating func retry() -> Bool {
        if let lastAttempt, ContinuousClock.now - lastAttempt < settings.retryInterval { return false }
        return beginSegment()
    }

    /// Begins a segment with every line that is not known to be on the disk, and makes it durable.
    @discardableResult
    private mutating func beginSegment() -> Bool {
        segment = nil
        lastAttempt = .now
        let first = unsynced.first?.sequence ?? nextSequence
        attempt { writer throws(DiskError) in
            let (folder, disk) = (writer.folder, writer.disk)
            try disk.createFolder(folder)
            let name = JournalNames.segment(first: first)
            let file = try AppendFile(creating: "\(folder)/\(JournalNames.temporaryPrefix)\(name)", disk: disk)
            let lines = [writer.lastSynced.line] + writer.unsynced.map(\.bytes)
            try file.append(Array(lines.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")])
            try file.sync()
            try file.rename(to: "\(folder)/\(name)")
            try disk.syncFolder(folder)
            writer.segment = file
        }
        guard failure == nil else { return false }
        settle()
        linkAndPrune()
        return true
    }

    private mutating func settle() {
        if let last = unsynced.last {
            lastSynced = SegmentHeader(previousSequence: last.sequence, previousChecksum: last.checksum)
        }
        unsynced.removeAll(keepingCapacity: true)
        unsyncedSince = nil
    }

    private mutating func hold(_ line: VerdictLine) {
        if unsynced.count >= settings.heldLines {
            // In one go: removing the first of many costs a move of the rest.
            let excess = max(1, settings.heldLines / 10)
            unsynced.removeFirst(min(excess, unsynced.count))
            lostLines += UInt64(excess)
        }
        unsynced.append(line)
        unsyncedSince = unsyncedSince ?? .now
    }

    private mutating func attempt(_ work: (inout Self) throws(DiskError) -> Void) {
        do {
            try work(&self)
            failure = nil
        } catch {
            failure = error
        }
    }

    /// Neither a missing link nor an old segment too many keeps a verdict from being written.
    private mutating func linkAndPrune() {
        guard let segment else { return }
        nuisance = nil
        do {
            let name = segment.path.dropFirst(folder.count + 1)
            try disk.replaceLink("\(folder)/\(JournalNames.current)", to: String(name))
            try prune(keeping: String(name))
        } catch {
            nuisance = error
        }
    }

    private func prune(keeping newest: String) throws(DiskError) {
        let segments = try disk.names(in: folder).filter { JournalNames.first(of: $0) != nil && $0 != newest }
        var total = settings.segmentBytes
        for name in segments.reversed() {
            total += try disk.byteCount(of: "\(folder)/\(name)")
            if total > settings.maxBytes {
                try disk.remove("\(folder)/\(name)")
                if let first = JournalNames.first(of: name) {
                    unlink("\(folder)/\(JournalNames.damaged(first: first))")
                }
            }
        }
    }
}
