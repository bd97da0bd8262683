import Platform

/// Takes each picture that appears in a folder, once, when it is complete: a station that stores a file a part.
///
/// Complete is a file that was closed or moved in while the folder was watched, or one that did not change for the
/// settling time (network shares, and what was there before). The same name with new contents is a new part; what it took
/// the place of before it was read is a part that nobody saw, and gets a frame that says so.
package struct WatchSource: FrameSource {
    /// Between two looks at the whole folder.
    private static let scanPeriod = Duration.seconds(1)
    /// Files that are gone and not forgotten yet, at least.
    private static let remembered = 10_000

    /// A file that was seen complete.
    private struct Ready {
        let name: String
        let identity: PictureFolder.Identity
        /// It had lost its name when it was seen: all that is known of it is that it came.
        var isOverwritten = false
    }

    private let folder: PictureFolder
    private let settling: Duration
    /// Asked on the capture thread, of what the first look finds.
    private let isDone: @Sendable (_ name: String, _ changedMicroseconds: Int64) -> Bool

    /// Nil until the folder is there, and after an error: a folder that was made anew is watched anew.
    private var watch: FolderWatch?
    private var nextScan = ContinuousClock.now
    /// Also of files that are gone: a network share that drops shows an empty folder, and then the same files again.
    private var taken: [String: PictureFolder.Identity] = [:]
    /// Files that nobody announced, and since when they have not changed.
    private var growing: [String: (identity: PictureFolder.Identity, since: ContinuousClock.Instant)] = [:]
    /// In the order in which they were seen complete; read when they are handed out.
    private var ready: [Ready] = []
    private var number: UInt64 = 0
    /// Whether the folder was ever looked at with a picture in it.
    private var hasSeenPictures = false
    /// Of the last look, what is no picture, and whether that is settled: a file that came since the first look and is still
    /// there at the next one was skipped, for some write under such a name first. Nil before the first look.
    private var others: [String: Bool]?
    package private(set) var reading: SourceReading

    /// - Parameters:
    ///   - isDone: whether a picture that is found at the start has its verdict from an earlier run; the time is when the
    ///     file last changed, in microseconds since 1970.
    package init(
        path: String, settling: Duration,
        isDone: @escaping @Sendable (_ name: String, _ changedMicroseconds: Int64) -> Bool = { _, _ in false }
    ) {
        folder = PictureFolder(path: path)
        reading = SourceReading(description: "folder \(path)")
        self.settling = settling
        self.isDone = isDone
    }

    package mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent {
        if ready.isEmpty { try look(timeout: timeout) }
        guard !ready.isEmpty else { return .none }
        number += 1
        let frame = frame(ready.removeFirst())
        if case .failure = frame.payload { reading.damaged += 1 }
        return .frame(frame)
    }

    private mutating func frame(_ file: Ready) -> Frame {
        // Gone altogether is told by reading it.
        let isOverwritten = file.isOverwritten || folder.identity(of: file.name).map { $0 != file.identity } ?? false
        guard isOverwritten else { return folder.frame(file.name, number: number) }
        reading.overwritten += 1
        let fault = FrameFault.unreadable(
            "\(file.name) was overwritten before it was read: each part needs a name of its own")
        // Before the file that has the name now, which would pass for judged after a restart otherwise.
        return Frame(
            name: file.name, number: number, payload: .failure(fault),
            capturedTime: WallTime(microsecondsSince1970: file.identity.changed / 1000 - 1))
    }

    /// Waits for announcements and looks at the whole folder when that is due.
    private mutating func look(timeout: Duration) throws(CaptureError) {
        do throws(CaptureError) {
            if watch == nil {
                // Watched first, looked at then: nothing falls between.
                watch = try FolderWatch(path: folder.path)
                nextScan = .now
            }
            let patience = min(timeout, max(.zero, nextScan - .now))
            // Of this batch, by the name: whether the file that is there now was announced already.
            var announced: Set<String> = []
            for event in watch?.events(timeout: patience) ?? [] {
                switch event {
                case .complete(let name): take(name)
                case .movedIn(let name):
                    // Each is a file of its own; of several with one name the last is there.
                    if !announced.insert(name).inserted { lose(name) }
                    take(name)
                case .lookAgain:
                    watch = nil
                    nextScan = .now
                }
            }
            if nextScan <= .now { try scan() }
        } catch {
            watch = nil
            throw error
        }
    }

    private mutating func scan() throws(CaptureError) {
        let (names, others) = try folder.names()
        skip(others)
        // Later nothing can have a verdict from before: the same name is a new part then. A folder without a picture does not
        // count: a share may be mounted over it.
        let isFirst = !hasSeenPictures
        hasSeenPictures = hasSeenPictures || !names.isEmpty
        let present = Set(names)
        if taken.count > 2 * present.count + Self.remembered { taken = taken.filter { present.contains($0.key) } }
        growing = growing.filter { present.contains($0.key) }
        for name in names {
            guard let identity = folder.identity(of: name), taken[name] != identity else { continue }
            if isFirst, isDone(name, identity.changed / 1000) {
                taken[name] = identity
            } else if let seen = growing[name], seen.identity == identity {
                if .now - seen.since >= settling { take(name) }
            } else {
                growing[name] = (identity, .now)
            }
        }
        // Sooner while something may be complete: else a part on a share would wait for the next look.
        nextScan = .now + (growing.isEmpty ? Self.scanPeriod : min(settling, Self.scanPeriod))
    }

    /// Counts the files that stay.
    private mutating func skip(_ names: [String]) {
        guard let known = others else {
            others = Dictionary(names.map { ($0, true) }) { $1 }
            return
        }
        var seen: [String: Bool] = [:]
        for name in names {
            seen[name] = known[name] != nil
            guard known[name] == false, folder.isFile(name) else { continue }
            reading.skipped.count += 1
            reading.skipped.inARow += 1
            reading.skipped.latest = name
        }
        others = seen
    }

    private mutating func take(_ name: String) {
        // Announced again without a change (opened for writing and closed): the part has been taken.
        guard PictureFolder.isPicture(name), let identity = folder.identity(of: name), taken[name] != identity else {
            return
        }
        taken[name] = identity
        growing[name] = nil
        reading.skipped.inARow = 0
        ready.append(Ready(name: name, identity: identity))
    }

    /// A picture came, and another one has its name: what was taken for the first is the last.
    private mutating func lose(_ name: String) {
        guard PictureFolder.isPicture(name), let identity = taken[name],
            let index = ready.lastIndex(where: { $0.name == name && $0.identity == identity })
        else { return }
        ready.insert(Ready(name: name, identity: identity, isOverwritten: true), at: index)
    }
}
