import Glibc
package import Journal
package import Platform

/// How the journal is kept.
package struct JournalSettings: Sendable, Equatable {
    /// A segment that would grow beyond this ends.
    package var segmentBytes = 64 << 20
    /// Room that is set aside for the segments to come, as far as there is some.
    package var spareBytes = 32 << 20
    /// Whole segments beyond this are removed, oldest first, the newest never.
    package var maxBytes = 4 << 30
    /// Syncs every line before it shows, not only NG.
    package var syncsEachLine = false
    /// Whether a verdict counts that is only in memory, because the disk fails or does not answer. Else its part is
    /// INVALID.
    package var keepsVerdictsInMemory = false
    /// How long a verdict waits for the disk; then it is only in memory.
    package var patience = Duration.seconds(2)
    /// Lines that are kept in memory while the disk takes none; what comes then gets no line, and no verdict.
    package var heldLines = 10_000
    /// Between two attempts to use a disk that failed.
    package var retryInterval = Duration.milliseconds(500)

    package init() {}
}

/// The writing end of a journal. Confined to one thread.
///
/// That thread is `fsac-journal`. What is promised: a line that was synced survives a power cut; a line that was only
/// written survives the process; no line is given up. Each call may block for as long as the disk does.
///
/// It takes lines that have their numbers, each higher than the one before; where numbers are left out it writes a
/// ``NumberGap``. Which numbers may be given out it says by ``reserve(_:from:)``.
///
/// Writing never fails towards the caller: while the disk does, lines are held in memory and `failure` says why. A file
/// that failed is never written or synced again (the kernel may call lost pages clean): a new segment begins with every
/// line that was not known to be on the disk.
package struct JournalWriter {
    private let folder: String
    private let settings: JournalSettings
    private let disk: Disk

    /// Why lines are not on the disk; nil while they are.
    package private(set) var failure: DiskError?
    /// Lines that a power cut would lose.
    package private(set) var unsynced: [VerdictLine] = []
    /// When the oldest of them came.
    package private(set) var unsyncedSince: ContinuousClock.Instant?
    /// Something that does not keep lines from the disk: an old segment that cannot be removed, no room for the
    /// segments to come.
    package private(set) var nuisance: DiskError?

    /// Nil while the disk fails: then lines are only held.
    private var segment: AppendFile?
    /// The newest line that is known to be on the disk: what a new segment ties itself to.
    private var lastSynced: SegmentHeader
    /// The newest line, wherever it is, and the one before it.
    private var newest: SegmentHeader
    private var beforeNewest: SegmentHeader
    /// Of an older run: above its newest line's where numbers were left out at its end.
    private let lastNumber: UInt64
    private var mark: NumberMark
    private var spares: SpareSegments
    /// At a segment; a disk that fails is not tried for each verdict.
    private var lastAttempt: ContinuousClock.Instant?
    private var lastHousekeeping = ContinuousClock.now

    /// - Precondition: `start.failure == nil`: nothing is written where nobody knows which numbers were given out.
    package init(_ start: JournalStart, folder: String, settings: JournalSettings, disk: Disk) {
        precondition(start.failure == nil, "journal: written without a recovery")
        self.folder = folder
        self.settings = settings
        self.disk = disk
        (lastSynced, newest, beforeNewest) = (start.lastLine, start.lastLine, start.lastLine)
        (lastNumber, mark) = (start.lastSequence, start.mark)
        spares = SpareSegments(folder: folder, settings: settings, disk: disk)
        if start.mark == .none {
            // Now, and not with the first number: a disk that is full by then has room for it. If it is full already,
            // there is no number until it has.
            let isExact = lastNumber == newest.previousSequence
            try? mark.write(next: lastNumber + 1, isExact: isExact, of: folder, disk: disk)
        }
        if let known = start.segment {
            attempt { writer throws(DiskError) in
                // Synced before anything is added: what an older process wrote may not be on the disk yet.
                let segment = try AppendFile(continuing: known.path, length: known.length, disk: disk)
                try segment.sync()
                writer.segment = segment
            }
            keepHouse()
        }
        // At once: a disk that does not work is known, and told, before the first verdict.
        if segment == nil { beginSegment() }
    }

    /// Writes one line and, when asked, syncs it.
    ///
    /// - Returns: whether that went well. Else the line is held until the disk works again; it may have reached the
    ///   file all the same: what others are told instead goes to ``replaceNewest(with:)``.
    package mutating func append(_ line: VerdictLine, synced: Bool) -> Bool {
        // Ended only when it is synced to its end: the next one begins behind it.
        if let segment, segment.length + line.bytes.count >= settings.segmentBytes, sync() { beginSegment() }
        let text = Self.text([line], after: newest)
        unsynced.append(line)
        unsyncedSince = unsyncedSince ?? .now
        (beforeNewest, newest) = (newest, SegmentHeader(after: line))
        write(text)
        return synced ? sync() : failure == nil
    }

    /// Puts another line in the place of the newest one, with its number: what others were told in the meantime. Where
    /// the file says otherwise a newer segment counts.
    package mutating func replaceNewest(with line: VerdictLine) {
        precondition(line.sequence == newest.previousSequence, "journal: line \(line.sequence) in place of another")
        if unsynced.isEmpty { lastSynced = beforeNewest } else { unsynced.removeLast() }
        unsynced.append(line)
        unsyncedSince = unsyncedSince ?? .now
        newest = SegmentHeader(after: line)
        if segment != nil { beginSegment() }
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

    /// Notices that somebody removed the folder below us, that a failed disk is back, and that there is room again for
    /// segments to come.
    package mutating func look() {
        if let segment, segment.isRemoved {
            // With the folder the mark may be gone. It is written again with the next numbers, too.
            try? mark.write(next: mark.next, isExact: mark.isExact, of: folder, disk: disk)
            beginSegment()
        }
        if segment == nil { retry() }
        if segment != nil, !spares.isComplete, .now - lastHousekeeping > .seconds(5) { keepHouse() }
    }

    /// Reserves numbers: none of them is given out by a later run, however this one ends.
    ///
    /// - Parameters:
    ///   - count: how many at least.
    ///   - next: the next one to give out; nil = the first of this run.
    /// - Returns: those that may be given out.
    /// - Throws: ``DiskError`` when it is not known to be on the disk; those that were reserved before stay so.
    package mutating func reserve(_ count: UInt64, from next: UInt64?) throws(DiskError) -> Range<UInt64> {
        let first = next ?? lastNumber + 1
        if mark.isExact || mark.next < first + count {
            try mark.write(next: first + count, isExact: false, of: folder, disk: disk)
        }
        return first..<mark.next
    }

    /// Ends the run: the next one goes on behind the newest line without leaving out a number.
    package mutating func finish() {
        guard sync(), newest.previousSequence > lastNumber else { return }
        // Without it the next run leaves out what was reserved.
        try? mark.write(next: newest.previousSequence + 1, isExact: true, of: folder, disk: disk)
    }
}

// MARK: Segments

extension JournalWriter {
    private mutating func write(_ text: [UInt8]) {
        guard let segment else {
            retry()
            return
        }
        attempt { _ throws(DiskError) in try segment.append(text) }
        guard failure != nil else { return }
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
        // A half line is removed and room that was set aside given up: readers need no help, people who look at the
        // file with `tail` do. If even this fails, the rest of the line is a torn tail that readers skip.
        try? segment?.cut()
        segment = nil
        lastAttempt = .now
        // May be the name of a segment that failed: the new one holds all of its lines that were not synced, and takes
        // its place.
        let first = unsynced.first?.sequence ?? max(lastNumber, newest.previousSequence) + 1
        attempt { writer throws(DiskError) in
            let (folder, disk) = (writer.folder, writer.disk)
            try disk.createFolder(folder)
            let name = JournalNames.segment(first: first)
            let file =
                if let spare = writer.spares.take() { spare } else {
                    try AppendFile(creating: "\(folder)/\(ReplacementFile.temporaryPrefix)\(name)", disk: disk)
                }
            let header = writer.lastSynced.line + [UInt8(ascii: "\n")]
            try file.append(header + Self.text(writer.unsynced, after: writer.lastSynced))
            try file.sync()
            try file.rename(to: "\(folder)/\(name)")
            try disk.syncFolder(folder)
            writer.segment = file
        }
        guard failure == nil else { return false }
        settle()
        keepHouse()
        return true
    }

    /// Lines as they stand in a file, with the gaps between their numbers.
    private static func text(_ lines: [VerdictLine], after before: SegmentHeader) -> [UInt8] {
        var (text, last) = ([UInt8](), before.previousSequence)
        for line in lines {
            if line.sequence > last + 1 {
                text += NumberGap(from: last + 1, to: line.sequence - 1).line + [UInt8(ascii: "\n")]
            }
            text += line.bytes + [UInt8(ascii: "\n")]
            last = line.sequence
        }
        return text
    }

    private mutating func settle() {
        lastSynced = newest
        unsynced.removeAll(keepingCapacity: true)
        unsyncedSince = nil
    }

    private mutating func attempt(_ work: (inout Self) throws(DiskError) -> Void) {
        do {
            try work(&self)
            failure = nil
        } catch {
            failure = error
        }
    }

    /// Neither a missing link nor an old segment too many, nor that there is no room for the next ones, keeps a verdict
    /// from being written.
    private mutating func keepHouse() {
        guard let segment else { return }
        lastHousekeeping = .now
        nuisance = nil
        do {
            let name = String(segment.path.dropFirst(folder.count + 1))
            try disk.replaceLink("\(folder)/\(JournalNames.current)", to: name)
            // Before the spares: what retention takes away is room for them.
            try prune(keeping: name)
            try spares.fill()
        } catch {
            nuisance = error
        }
    }

    /// Removes the oldest segments, and with them what was set aside in their time.
    private func prune(keeping newest: String) throws(DiskError) {
        let names = try disk.names(in: folder)
        let segments = names.compactMap { name in JournalNames.first(of: name).map { (first: $0, name: name) } }
        // The newest may still grow to its size.
        var total = settings.segmentBytes
        var oldest = JournalNames.first(of: newest) ?? 0
        for (first, name) in segments.sorted(by: { $0.first > $1.first }) where name != newest {
            total += try disk.byteCount(of: "\(folder)/\(name)")
            if total > settings.maxBytes {
                try disk.remove("\(folder)/\(name)")
                unlink("\(folder)/\(JournalNames.damaged(first: first))")
            } else {
                oldest = min(oldest, first)
            }
        }
        // However much it is, it takes no segment's place.
        for name in names where JournalNames.setAside(name).map({ $0 < oldest }) == true {
            try disk.remove("\(folder)/\(name)")
        }
    }
}
