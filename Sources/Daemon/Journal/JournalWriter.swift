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
/// That thread is `fsac-journal`. What is promised: numbers go on without a gap; a line that was synced survives a
/// power cut; a line that was only written survives the process. The number of one that a power cut took is given
/// again. Each call may block for as long as the disk does.
///
/// Writing never fails towards the caller: while the disk does, lines are held in memory and `failure` says why. A file
/// that failed is never written or synced again (the kernel may call lost pages clean): a new segment begins with every
/// line that was not known to be on the disk.
package struct JournalWriter {
    /// A verdict that has its number, and is on the disk as far as the disk works.
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

    /// Nil while the disk fails: then lines are only held.
    private var segment: AppendFile?
    /// The newest line that is known to be on the disk: what a new segment ties itself to.
    private var lastSynced: SegmentHeader
    /// At a segment; a disk that fails is not tried for each verdict.
    private var lastAttempt: ContinuousClock.Instant?

    package init(_ start: JournalStart, folder: String, settings: JournalSettings, disk: Disk) {
        self.folder = folder
        self.settings = settings
        self.disk = disk
        nextSequence = start.lastSequence + 1
        lastSynced = SegmentHeader(previousSequence: start.lastSequence, previousChecksum: start.lastChecksum)
        if let (path, length) = start.segment {
            attempt { writer throws(DiskError) in
                // Synced before anything is added: what an older process wrote may not be on the disk yet.
                let segment = try AppendFile(continuing: path, length: length, disk: disk)
                try segment.sync()
                writer.segment = segment
            }
            linkAndPrune()
        }
        // At once: a disk that does not work is known, and told, before the first verdict.
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
        // Ended only when it is synced to its end: the next one begins behind it.
        if let segment, segment.length + line.bytes.count >= settings.segmentBytes, sync() { beginSegment() }
        hold(line)
        nextSequence += 1
        write(line)
        // The file may say durable, and then the newer segment, which says otherwise, counts.
        guard synced, !sync() else { return Appended(record: record, line: line) }
        let weaker = make(line.sequence, false)
        let weakerLine = VerdictLine(weaker)
        unsynced[unsynced.count - 1] = weakerLine
        return Appended(record: weaker, line: weakerLine)
    }

    /// Makes everything durable that was written. With nothing to do it looks whether the disk is back.
    ///
    /// - Returns: whether every line is on the disk.
    @discardableResult
    package mutating func sync() -> Bool {
        if unsynced.isEmpty && failure == nil { return true }
        guard let segment else { return retry() }
        attempt { _ throws(DiskError) in try segment.sync() }
        // At once with another file: often it is the file that is at fault, and then nothing is lost.
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
        // Readers need no help; people who look at the file with `tail` do.
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
        // May be the name of a segment that failed: the new one holds all of its lines that were not synced, and takes
        // its place.
        let first = unsynced.first?.sequence ?? nextSequence
        attempt { writer throws(DiskError) in
            let (folder, disk) = (writer.folder, writer.disk)
            try disk.createFolder(folder)
            let name = JournalNames.segment(first: first)
            let file = try AppendFile(creating: "\(folder)/\(ReplacementFile.temporaryPrefix)\(name)", disk: disk)
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
            // Readers in memory still have the newest of them; on the disk there is a gap, which the header of the next
            // segment shows.
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
        // The newest may still grow to its size.
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
