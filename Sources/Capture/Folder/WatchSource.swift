import Core
import Glibc
import Platform
package import Settings

/// Takes each picture that appears in a folder, once, when it is complete: a station that stores a file a part.
///
/// Each completed write gives one frame: an event of the folder opens the file at once, on a thread of the source's own, so
/// that one that loses its name while others are inspected is still judged; one whose bytes are gone by then is a frame
/// that says so. Which files have their verdicts is ``PictureIndex``'s to know.
package struct WatchSource: FrameSource {
    /// What is watched, and when a file in it is complete.
    package struct Place: Sendable {
        let path: String
        let settling: Duration
        let completion: Configuration.Camera.Completion
        let isRecursive: Bool
        let acceptsTrailers: Bool
        let isRemote: @Sendable (_ path: String) -> Bool

        package init(
            path: String, settling: Duration, completion: Configuration.Camera.Completion = .auto,
            isRecursive: Bool = false, acceptsTrailers: Bool = false,
            isRemote: @escaping @Sendable (_ path: String) -> Bool = FileSystem.isRemote
        ) {
            self.path = path
            self.settling = settling
            self.completion = completion
            self.isRecursive = isRecursive
            self.acceptsTrailers = acceptsTrailers
            self.isRemote = isRemote
        }
    }

    /// Without an answer of the folder's disk for longer, it is lost.
    private static let patience = Duration.seconds(20)

    private let place: Place
    private let folder: PictureFolder
    private let index: PictureIndex
    private let isDone: @Sendable (_ name: String, _ changedMicroseconds: Int64) -> Bool
    private let inbox: Monitor<FolderInbox>
    /// Of the folder's thread; nil before the first look.
    private var end: End?
    private var number: UInt64 = 0
    private var damaged: UInt64 = 0

    /// - Parameters:
    ///   - index: which files have their verdicts.
    ///   - isDone: asked where the index is empty, of what the first look finds: whether a version without an index has judged
    ///     it; the time is when the file last changed, in microseconds since 1970.
    package init(
        _ place: Place, index: PictureIndex,
        isDone: @escaping @Sendable (_ name: String, _ changedMicroseconds: Int64) -> Bool = { _, _ in false }
    ) {
        self.place = place
        self.index = index
        self.isDone = isDone
        let done = FileName(PictureIndex.doneFolder)
        folder = PictureFolder(path: place.path, isRecursive: place.isRecursive, excluding: done)
        inbox = Monitor(FolderInbox(reading: SourceReading(description: "folder \(place.path)")))
    }

    package var reading: SourceReading {
        var reading = inbox.read(\.reading)
        reading.damaged = damaged
        if let failure = index.failure { reading.differences.append(failure) }
        return reading
    }

    package var backlog: FrameBacklog {
        FrameBacklog(
            count: { [inbox] in inbox.read(\.arrivals.count) },
            keep: { [index] recipe, end throws(DiskError) in try index.keepWaiting(for: recipe, until: end) })
    }

    package mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent {
        if end == nil { end = start() }
        let passes = inbox.read(\.passes)
        let found = inbox.wait(timeout: timeout) { inbox -> Result<FolderInbox.Arrival?, CaptureError>? in
            if let arrival = inbox.take() { return .success(arrival) }
            if let failure = inbox.failure { return .failure(failure) }
            // The first look at the folder, which the caller hears of as of its being there.
            return passes == 0 && inbox.passes > 0 ? .success(nil) : nil
        }
        guard let arrival = try found?.get() else {
            // The folder's thread may wait for a server that is away, for ever.
            let silence = ContinuousClock.now - inbox.read(\.answered)
            guard silence > Self.patience else { return .none }
            throw .shareLost(
                path: place.path, reason: "it has not answered for \(silence.components.seconds) s")
        }
        number += 1
        let frame = frame(arrival)
        if case .failure = frame.payload { damaged += 1 }
        return .frame(frame)
    }

    package mutating func leftovers() -> [Frame] {
        // Its thread takes nothing more.
        end = nil
        var frames: [Frame] = []
        while let arrival = inbox.withLock({ $0.take() }) {
            // What has its name still is found by the next source.
            guard arrival.identity.map({ $0 != folder.identity(of: arrival.name) }) ?? true else { continue }
            number += 1
            frames.append(frame(arrival))
        }
        return frames
    }

    // MARK: The folder's thread

    /// Ends the thread with the source.
    private final class End: Sendable {
        private let inbox: Monitor<FolderInbox>
        private let index: PictureIndex

        init(_ inbox: Monitor<FolderInbox>, _ index: PictureIndex) {
            self.inbox = inbox
            self.index = index
        }

        deinit {
            inbox.withLock { $0.isStopped = true }
            // One that waits for a share is left behind.
            _ = inbox.wait(timeout: .seconds(1)) { $0.hasEnded ? true : nil }
            index.flush(within: .seconds(1))
        }
    }

    private func start() -> End {
        let (place, folder, index, inbox, isDone) = (place, folder, index, inbox, isDone)
        inbox.withLock { $0.answered = .now }
        NamedThread.start("fsac-folder") {
            var taker = FolderTaker(place, folder, index: index, inbox: inbox, isDone: isDone)
            taker.run()
            inbox.withLock { $0.hasEnded = true }
        }
        return End(inbox, index)
    }

    // MARK: Frames

    private func frame(_ arrival: FolderInbox.Arrival) -> Frame {
        var file = arrival.identity.map {
            FramedFile(
                name: arrival.name, identity: $0, digest: arrival.digest, recipe: arrival.recipe, index: index)
        }
        let payload: Result<Picture, FrameFault>
        switch arrival.content {
        case .bytes(let bytes): payload = .success(picture(bytes))
        case .unreadable(let error): payload = .failure(.unreadable(error.description))
        case .missed(let reason): payload = .failure(Self.missed(arrival.name, reason))
        case .later(let held):
            do throws(FrameFault) {
                let bytes = try read(arrival, held)
                if let identity = arrival.identity {
                    file = FramedFile(
                        name: arrival.name, identity: identity, digest: PictureIndex.digest(of: bytes),
                        recipe: arrival.recipe, index: index)
                }
                payload = .success(picture(bytes))
            } catch {
                payload = .failure(error)
                if case .missed = error { file = nil }
            }
        }
        return Frame(
            name: arrival.name.text, number: number, payload: payload, capturedAt: arrival.at,
            capturedTime: arrival.time, file: file)
    }

    private func picture(_ bytes: [UInt8]) -> Picture {
        Picture(.file, bytes: place.acceptsTrailers ? JPEGTrailer.removed(from: bytes) : bytes)
    }

    /// A picture that there was no room for when it came.
    private func read(_ arrival: FolderInbox.Arrival, _ held: RegularFile?) throws(FrameFault) -> [UInt8] {
        let file: RegularFile
        if let held { file = held } else { file = try open(arrival.name) }
        guard file.identity.inode == arrival.identity?.inode, file.identity.size == arrival.identity?.size else {
            throw gone(arrival.name)
        }
        let bytes: [UInt8]
        do throws(ImageError) {
            bytes = try ImageFile.bytes(of: file)
        } catch {
            if case .fileChanged = error { throw gone(arrival.name) }
            throw .unreadable(error.description)
        }
        guard file.identityNow != arrival.identity else { return bytes }
        // Nobody says which: whatever has the name now comes when it rests.
        if inbox.read(\.isResting) { throw gone(arrival.name) }
        // Touched, or written to: the folder's thread has heard of the latter by its next turn but one.
        let turn = inbox.read(\.passes) + 2
        let isSpoiled = inbox.wait(timeout: .seconds(1)) { $0.passes >= turn ? $0.isInHandSpoiled : nil }
        guard isSpoiled == false else { throw gone(arrival.name) }
        return bytes
    }

    private func open(_ name: FileName) throws(FrameFault) -> RegularFile {
        do throws(RegularFile.Refusal) {
            return try folder.open(name)
        } catch {
            if case .system(ENOENT) = error { throw gone(name) }
            throw .unreadable(ImageError(error, path: folder.shownPath(name)).description)
        }
    }

    private func gone(_ name: FileName) -> FrameFault {
        inbox.withLock { $0.reading.overwritten += 1 }
        return Self.missed(name, "another file has its name, or none")
    }

    static func missed(_ name: FileName, _ reason: String) -> FrameFault {
        .missed("\(name.text) was complete and cannot be read any more: \(reason): each part needs a name of its own")
    }
}
