import Glibc
import Platform

extension FolderTaker {
    /// How long a file may stay empty, or not to be read by us, before that is its picture's fault.
    private static let patience = Duration.seconds(2)

    /// Looks at the whole folder, for what nobody announced.
    mutating func scan() throws(CaptureError) {
        let start = ContinuousClock.now
        let listing = try folder.list()
        if folder.isRecursive { for name in listing.folders { try watch?.add(name) } }
        skip(listing.others)
        // Later nothing can have a verdict from before: the same name is a new part then. A folder without a picture does not
        // count: a share may be mounted over it.
        let isFirst = !hasSeenPictures
        hasSeenPictures = hasSeenPictures || !listing.pictures.isEmpty
        if isFirst { found = Set(listing.pictures) }
        let present = Set(listing.pictures)
        index.sawFolder(present)
        if taken.count > 2 * present.count + Self.remembered { taken = taken.filter { present.contains($0.key) } }
        candidates = candidates.filter { present.contains($0.key) }
        if isFirst { goneBefore = index.gone(besides: present) }
        var free: [FileName] = []
        for name in listing.pictures where isResting || beingWritten[name] != true {
            guard let identity = folder.identity(of: name) else { continue }
            inbox.withLock { $0.answered = .now }
            if isKnown(name, identity) {
                candidates[name] = nil
                if isFirst { index.dispose(of: name) }
            } else if isFirst, let changed = folder.changedMicroseconds(name), isDone(name.text, changed) {
                index.adopt(name, identity: identity)
            } else if isComplete(name, identity) {
                free.append(name)
            }
        }
        // Whatever was closed before it was asked for its writers is announced by now, and taken by that.
        if !isResting {
            hear()
            try handleEvents()
        }
        for name in free where candidates[name] != nil && (isResting || beingWritten[name] != true) {
            takeUnannounced(name)
        }
        let duration = ContinuousClock.now - start
        // Sooner while something may be complete; rarer where a look takes long.
        let period = max(Self.scanPeriod, duration * 20)
        nextScan = .now + (candidates.isEmpty ? period : min(place.settling, period))
    }

    /// Whether a file that nobody announced is: one that rests, or one that nobody writes to. Never at the first sight of it: the kernel
    /// announces a move a moment after the file has its new name, and what is announced is taken by that.
    private mutating func isComplete(_ name: FileName, _ identity: FileIdentity) -> Bool {
        guard let seen = candidates[name], seen.identity == identity else {
            candidates[name] = Candidate(identity: identity, since: .now)
            return false
        }
        guard !isResting, let file = try? folder.open(name) else { return .now - seen.since >= place.settling }
        return switch file.writers {
        case .none: identity.size > 0 || .now - seen.since >= place.settling
        case .some: false
        // One that is made and has no contents yet is about to be written.
        case .unknown: .now - seen.since >= place.settling && (identity.size > 0 || beingWritten[name] == nil)
        }
    }

    private mutating func takeUnannounced(_ name: FileName) {
        guard let candidate = candidates[name] else { return }
        // Read in any case where a digest has to tell.
        let old = goneBefore[candidate.identity]
        let isKnownByName = taken[name] != nil || index.entry(of: name) != nil || old != nil
        switch read(name, patience: .now - candidate.since < Self.patience, reads: isKnownByName) {
        case .none: candidates[name] = nil
        case .notYet, .unsteady: break
        case .arrival(let arrival):
            // Written to since it was looked at, by one who made it empty and waited: not complete any more.
            guard arrival.identity == candidate.identity else {
                candidates[name] = arrival.identity.map { Candidate(identity: $0, since: .now) }
                // Or replaced: the one that was complete is gone, and the other one is announced.
                if !isResting, candidate.identity.size > 0, arrival.identity?.inode != candidate.identity.inode {
                    miss(name, "another file has its name")
                }
                return
            }
            candidates[name] = nil
            // Judged, and renamed while nobody watched: no part.
            if let old, let digest = arrival.digest, digest == index.entry(of: old)?.digest {
                index.rename(old, to: name, digest: digest)
            } else if !isKnown(name, arrival) {
                take(arrival)
            }
        }
    }

    /// Counts the files that stay.
    private mutating func skip(_ names: [FileName]) {
        let kinds = Dictionary(names.map { (folder.isFile($0) ? $0.ending : "/", 1) }, uniquingKeysWith: +)
        let known = others
        var (seen, skipped) = ([FileName: Bool](), [FileName]())
        for name in names {
            seen[name] = known.map { $0[name] != nil } ?? true
            if let known, known[name] == false, folder.isFile(name) { skipped.append(name) }
        }
        others = seen
        inbox.withLock { [skipped] inbox in
            inbox.reading.notRead = kinds
            for name in skipped {
                inbox.reading.skipped.count += 1
                inbox.reading.skipped.inARow += 1
                inbox.reading.skipped.latest = name.text
            }
        }
    }
}
