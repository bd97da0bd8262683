import Core
import Glibc
import Platform
import Settings

/// The rules by which files in a folder become pictures that came: on the folder's thread, which waits for nothing else.
///
/// A local file is complete when its writer closes it or moves it in. One that nobody announced (it was there before, or was
/// linked in) is complete when nobody has it open for writing, or where the system does not say that, when it rests. On
/// another computer's share every file is complete when it rests.
struct FolderTaker {
    /// Between two looks at the whole folder.
    static let scanPeriod = Duration.seconds(1)
    /// Between two looks for events: within it a stop is heard.
    private static let turn = Duration.milliseconds(100)
    /// Files that are gone and not forgotten yet, at least.
    static let remembered = 10_000

    /// What was taken of a name in this run.
    struct Taken {
        var identity: FileIdentity
        var digest: String?

        /// Whether a file is this one, that was moved away, whatever its time says.
        ///
        /// - Parameter digest: of its bytes; nil = not known.
        func isBack(as now: FileIdentity, _ digest: String?) -> Bool {
            now.inode == identity.inode && now.size == identity.size
                && (now == identity || digest != nil && digest == self.digest)
        }
    }

    /// A file that nobody announced, or that cannot be read yet.
    struct Candidate {
        var identity: FileIdentity
        let since: ContinuousClock.Instant
        /// Somebody wrote to it and closed it: it is a part, whatever comes of it.
        var isAnnounced = false
    }

    let folder: PictureFolder
    let place: WatchSource.Place
    let index: PictureIndex
    let inbox: Monitor<FolderInbox>
    let isDone: @Sendable (_ name: String, _ changedMicroseconds: Int64) -> Bool

    /// Nil until the folder is there, and after an error: a folder that was made anew is watched anew.
    var watch: FolderWatch?
    /// What is watched, and whether it is another computer's.
    private var (root, wasRemote): (PictureFolder.Root?, Bool) = (nil, false)
    var events: ArraySlice<FolderWatch.Event> = []
    var nextScan = ContinuousClock.now
    /// Whether files are complete when they rest, and not when they are closed.
    var isResting = false
    /// Also of files that are gone: a network share that drops shows an empty folder, and then the same files again.
    var taken: [FileName: Taken] = [:]
    /// Made or written to, and not closed since; whether there was more than its making.
    var beingWritten: [FileName: Bool] = [:]
    var candidates: [FileName: Candidate] = [:]
    /// Closed and away at once: renamed, or gone.
    var vanished: [FileName: ContinuousClock.Instant] = [:]
    /// Taken files that were moved away: one that comes back is no part.
    var left: [FileName: Taken] = [:]
    /// The latest, whose other end may follow.
    var movedOut: (name: FileName, cookie: UInt32)?
    /// Judged files whose names were gone at the first look.
    var goneBefore: [FileIdentity: FileName] = [:]
    /// That were there at the first look: some of them may have waited when the last run ended.
    var found: Set<FileName> = []
    /// Whether the folder was ever looked at with a picture in it.
    var hasSeenPictures = false
    /// Of the last look, what is no picture, and whether that is settled: a file that came since the first look and is still
    /// there at the next one was skipped, for some write under such a name first. Nil before the first look.
    var others: [FileName: Bool]?

    init(
        _ place: WatchSource.Place, _ folder: PictureFolder, index: PictureIndex, inbox: Monitor<FolderInbox>,
        isDone: @escaping @Sendable (_ name: String, _ changedMicroseconds: Int64) -> Bool
    ) {
        self.folder = folder
        self.place = place
        self.index = index
        self.inbox = inbox
        if index.isEmpty { self.isDone = isDone } else { self.isDone = { _, _ in false } }
    }

    /// Until the source is let go of.
    mutating func run() {
        while !inbox.read(\.isStopped) {
            do throws(CaptureError) {
                try look()
                inbox.withLock { inbox in
                    inbox.failure = nil
                    inbox.answered = .now
                    inbox.passes += 1
                }
            } catch {
                watch = nil
                inbox.withLock { inbox in
                    inbox.failure = error
                    inbox.answered = .now
                }
                _ = inbox.wait(timeout: Self.turn * 2) { $0.isStopped ? true : nil }
            }
        }
    }

    /// Waits for announcements and looks at the whole folder when that is due.
    private mutating func look() throws(CaptureError) {
        // Something else may be mounted there by now, and the kernel goes on watching what it covers.
        if nextScan <= .now, folder.root != root { watch = nil }
        if watch == nil {
            root = folder.root
            let isRemote = place.isRemote(folder.path)
            if wasRemote, !isRemote, root != nil {
                throw .shareLost(path: folder.path, reason: "the share that was mounted there is not any more")
            }
            wasRemote = isRemote
            // Watched first, looked at then: nothing falls between.
            watch = try FolderWatch(folder)
            if folder.isRecursive { for name in try folder.list().folders { try watch?.add(name) } }
            (beingWritten, events, nextScan) = ([:], [], .now)
            isResting =
                switch place.completion {
                case .auto: isRemote
                case .closed: false
                case .atRest: true
                }
            let differences =
                isRemote && !isResting
                ? ["complete_when = \"closed\": another computer's folder, whose files close without a word here"] : []
            inbox.withLock { [isResting] inbox in
                inbox.isResting = isResting
                inbox.reading.differences = differences
            }
        }
        hear(timeout: min(Self.turn, max(.zero, nextScan - .now)))
        try handleEvents()
        giveUpVanished()
        if nextScan <= .now { try scan() }
    }

    mutating func hear(timeout: Duration = .zero) { events += watch?.events(timeout: timeout) ?? [] }

    // MARK: Events

    mutating func handleEvents() throws(CaptureError) {
        while let event = events.popFirst() { try handle(event) }
    }

    private mutating func handle(_ event: FolderWatch.Event) throws(CaptureError) {
        switch event {
        case .made(let name) where PictureFolder.isPicture(name):
            beingWritten[name] = false
        case .written(let name) where PictureFolder.isPicture(name):
            beingWritten[name] = true
            if candidates.removeValue(forKey: name)?.isAnnounced == true { miss(name, Self.writtenAgain) }
            inbox.withLock { $0.spoil(name) }
        case .closed(let name):
            complete(name, isWritten: beingWritten.removeValue(forKey: name) == true)
        case .movedIn(let name, let cookie):
            beingWritten[name] = nil
            if let from = movedOut, from.cookie == cookie { return renamed(from.name, to: name) }
            if let gone = left[name], isBack(name, gone) { return }
            complete(name, isWritten: true, mayBeBack: true)
        case .movedOut(let name, let cookie):
            beingWritten[name] = nil
            movedOut = (name, cookie)
            if left.count >= Self.remembered { left = [:] }
            // A file that was back was away again before anybody looked, and may come once more.
            left[name] = taken.removeValue(forKey: name) ?? left[name]
        case .removed(let name):
            beingWritten[name] = nil
            taken[name] = nil
            let isAnnounced = candidates.removeValue(forKey: name)?.isAnnounced == true
            if vanished.removeValue(forKey: name) != nil || isAnnounced {
                miss(name, "it was removed before it was read")
            }
        case .folder(let name):
            guard folder.isRecursive, !name.isHidden, name != folder.excluded else { return }
            try watch?.add(name)
            // What came in it before it was watched.
            nextScan = .now
        case .overflow:
            inbox.withLock { $0.reading.overflows += 1 }
            // Some of what is being written was closed meanwhile.
            beingWritten = [:]
            nextScan = .now
        case .gone:
            watch = nil
            nextScan = .now
        case .made, .written: break
        }
    }

    private static let writtenAgain = "it was written to again before it was read"

    /// A file was closed or moved in.
    ///
    /// - Parameter isWritten: whether contents came: each time is a part. Else it was made empty, which some do before they write
    ///   to it, touched, or written to before it was watched.
    ///   - mayBeBack: whether it was moved in, as a taken file that was moved away is when it comes back.
    private mutating func complete(_ name: FileName, isWritten: Bool, mayBeBack: Bool = false) {
        guard PictureFolder.isPicture(name), isWanted(name) else { return }
        guard !isResting else {
            nextScan = .now
            return
        }
        candidates[name] = nil
        switch read(name) {
        case .none:
            guard isWritten else { return }
            if vanished.updateValue(.now, forKey: name) != nil { miss(name, "it was moved away before it was read") }
        case .notYet(let identity):
            candidates[name] = Candidate(identity: identity, since: .now, isAnnounced: isWritten)
        case .unsteady:
            if isWritten { miss(name, "it was written to again while it was read") }
        case .arrival(let arrival):
            // It was away again when it was asked for, and is there now.
            if mayBeBack, let gone = left[name], let now = arrival.identity, gone.isBack(as: now, arrival.digest) {
                return comeBack(name, as: now, gone)
            }
            // Somebody writes to it by now: the close of that is what counts.
            if !isWritten, (try? folder.open(name))?.writers == .some { return }
            if !isWritten, isKnown(name, arrival) { return }
            if isWritten, let last = taken[name], last.identity == arrival.identity, last.digest == arrival.digest {
                return miss(name, "another file has its name")
            }
            // What was written to the name while it was read may be in what was read; its own close follows.
            hear()
            guard !events.contains(.written(name)) else {
                if isWritten { miss(name, Self.writtenAgain) }
                return
            }
            take(arrival)
        }
    }

    /// Whether a taken file that was moved away has come back as it was, whatever its time says.
    private mutating func isBack(_ name: FileName, _ gone: Taken) -> Bool {
        guard let now = folder.identity(of: name) else { return false }
        if !gone.isBack(as: now, nil) {
            guard case .arrival(let arrival) = read(name, reads: true), gone.isBack(as: now, arrival.digest) else {
                return false
            }
        }
        comeBack(name, as: now, gone)
        return true
    }

    private mutating func comeBack(_ name: FileName, as now: FileIdentity, _ gone: Taken) {
        taken[name] = Taken(identity: now, digest: gone.digest)
        (left[name], vanished[name]) = (nil, nil)
    }

    private func isWanted(_ name: FileName) -> Bool {
        folder.isRecursive || !name.bytes.contains(UInt8(ascii: "/"))
    }

    private mutating func renamed(_ old: FileName, to new: FileName) {
        if vanished.removeValue(forKey: old) != nil { return complete(new, isWritten: true) }
        candidates[old] = nil
        guard PictureFolder.isPicture(old), PictureFolder.isPicture(new),
            let identity = left[old]?.identity ?? index.entry(of: old)?.identity,
            let now = folder.identity(of: new), now.inode == identity.inode, now.size == identity.size
        else { return complete(new, isWritten: true) }
        // The part was seen under the old name.
        let digest = left[old]?.digest ?? index.entry(of: old)?.digest
        taken[new] = left.removeValue(forKey: old)
        index.renameWaiting(old, to: new)
        if !inbox.withLock({ $0.rename(old, to: new) }) { index.rename(old, to: new, digest: digest) }
    }

    /// The other end of a move follows at once, if there is one in the folder.
    private mutating func giveUpVanished() {
        for (name, since) in vanished where .now - since > Self.turn {
            vanished[name] = nil
            miss(name, "it was moved away before it was read")
        }
    }

    // MARK: Taking

    enum Reading {
        /// Nothing has the name.
        case none
        /// Empty, or not to be read by us: some make a file so first.
        case notYet(FileIdentity)
        /// It changes.
        case unsteady
        case arrival(FolderInbox.Arrival)
    }

    /// - Parameter patience: whether to wait for a file to become readable and not empty.
    func read(_ name: FileName, patience: Bool = true, reads: Bool = false) -> Reading {
        let file: RegularFile
        do throws(RegularFile.Refusal) {
            file = try folder.open(name)
        } catch {
            guard let identity = folder.identity(of: name) else { return .none }
            if patience, case .system(let code) = error, code == EACCES || code == EPERM { return .notYet(identity) }
            return .arrival(unreadable(name, identity, ImageError(error, path: folder.shownPath(name))))
        }
        if patience, file.byteCount == 0 { return .notYet(file.identity) }
        let (hasRoom, hasFiles) = inbox.read { ($0.hasRoomForBytes, $0.hasRoomForFiles) }
        guard hasRoom || reads else {
            let content = FolderInbox.Arrival.Content.later(hasFiles ? file : nil)
            return .arrival(.init(name: name, identity: file.identity, digest: nil, content: content))
        }
        do throws(ImageError) {
            let bytes = try ImageFile.bytes(of: file)
            // Touched, or written to? Only the latter changes the bytes.
            if let now = file.identityNow, now != file.identity {
                guard now.size == file.identity.size, try ImageFile.bytes(of: file) == bytes else { return .unsteady }
            }
            return .arrival(
                .init(
                    name: name, identity: file.identityNow ?? file.identity, digest: PictureIndex.digest(of: bytes),
                    content: .bytes(bytes)))
        } catch {
            if case .fileChanged = error { return .unsteady }
            return .arrival(unreadable(name, file.identity, error))
        }
    }

    private func unreadable(_ name: FileName, _ identity: FileIdentity, _ error: ImageError) -> FolderInbox.Arrival {
        .init(name: name, identity: identity, digest: nil, content: .unreadable(error))
    }

    /// Whether these contents have been taken under this name: somebody touched the file, or its share was mounted anew.
    mutating func isKnown(_ name: FileName, _ arrival: FolderInbox.Arrival) -> Bool {
        guard let identity = arrival.identity else { return false }
        if isKnown(name, identity) { return true }
        guard let digest = arrival.digest, digest == taken[name]?.digest ?? index.entry(of: name)?.digest else {
            return false
        }
        taken[name]?.identity = identity
        index.refresh(name, identity: identity)
        return true
    }

    func isKnown(_ name: FileName, _ identity: FileIdentity) -> Bool {
        taken[name].map { $0.identity == identity } ?? (index.entry(of: name)?.identity == identity)
    }

    mutating func take(_ arrival: FolderInbox.Arrival) {
        candidates[arrival.name] = nil
        left[arrival.name] = nil
        var arrival = arrival
        if let identity = arrival.identity {
            taken[arrival.name] = Taken(identity: identity, digest: arrival.digest)
            arrival.recipe = index.came(
                arrival.name, identity, arrival.digest, at: arrival.at,
                wasFound: found.remove(arrival.name) != nil)
        }
        inbox.withLock { [arrival] in $0.add(arrival) }
    }

    /// A picture came whose bytes are gone.
    mutating func miss(_ name: FileName, _ reason: String) {
        let arrival = FolderInbox.Arrival(
            name: name, identity: nil, digest: nil, content: .missed(reason: reason))
        inbox.withLock { $0.addMissed(arrival, before: name) }
    }
}
