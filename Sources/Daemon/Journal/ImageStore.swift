package import ControlProtocol
import Core
import Journal
package import Logging
package import Platform
import ServiceLifecycle
package import Settings

/// A verdict's pictures on their way to the disk. Bounded by the queue: each holds a frame's bytes.
struct PictureJob: Sendable {
    let seq: UInt64
    let pictureClass: PictureClass
    let paths: PicturePaths
    /// As the camera gave it; encoded on the store's thread.
    let picture: Picture
    /// Computes on the calling thread, so at its priority. Nil without a judgement.
    let drawHeatMap: (@Sendable (Image) -> Image)?
}

/// Writes pictures and heat maps beside the line, on a thread of low priority. It never delays a verdict: what does not
/// fit into its queue or on the disk is dropped and counted, and a journal line may then name a picture that is not
/// there. The event journal tells of which verdicts.
///
/// The service stops after inspection, so that the last verdicts' pictures are written, too. It is not watched: a disk
/// that hangs here costs pictures, and a line that inspects is not killed for them.
package final class ImageStore: Service, HealthSource {
    /// What becomes of a verdict's pictures that are not on the disk.
    package enum Fate: Sendable {
        case waiting, dropped
    }

    /// Nil = nothing is known of them: they are stored, or were removed, or it is long ago.
    package typealias FateOf = @Sendable (_ sequence: UInt64) -> Fate?

    fileprivate struct State {
        /// Oldest first, at most `queueLength`.
        var jobs: [PictureJob] = []
        /// The job that the store's thread is at.
        var written: UInt64?
        /// Verdicts whose pictures were dropped, the newest ``mostLost`` of this run.
        var lost: [UInt64] = []
        var dropped: UInt64 = 0
        /// Of those, which no event tells yet.
        var untold: DroppedPictures?
        /// Why the newest pictures were not stored; nil while they are.
        var failure: String?
        var isClosed = false
        /// Bytes by class; nil before the first picture, for nobody has looked yet.
        var stored: [PictureClass: Int]?
        var rates: [PictureClass: PictureRate] = [:]
    }

    /// What the store's thread keeps between two pictures.
    private struct Bench {
        /// Made with the first picture, and again after an error: looking through years of pictures takes time.
        var shelf: PictureShelf?
        var age = PictureAge(wall: .sinceEpoch, monotonic: .sinceBoot)
        /// When the event journal was told last of pictures that were dropped.
        var told: Duration?
    }

    fileprivate static let mostLost = 2000
    /// Between two events of dropped pictures: an overload that lasts writes a year of them into the event journal's room.
    private static let tellingPeriod = Duration.seconds(60)

    /// Also says which verdicts name pictures in their lines.
    let settings: Configuration.Images
    /// Whose pictures stay.
    package let pins = PinnedParts()
    private let stateDirectory: String
    private let disk: Disk
    private let events: EventLog
    private let logger: Logger
    private let state = Monitor(State())
    /// Busy with one verdict's pictures.
    private let progress = LoopProgress()

    package init(
        stateDirectory: String, settings: Configuration.Images, disk: Disk = Disk(), events: EventLog, logger: Logger
    ) {
        self.stateDirectory = stateDirectory
        self.settings = settings
        self.disk = disk
        self.events = events
        self.logger = logger
    }

    /// Pictures that were named in the journal and not written.
    package var dropped: UInt64 { state.read(\.dropped) }

    package func fate(of sequence: UInt64) -> Fate? {
        state.read { state in
            if state.written == sequence || state.jobs.contains(where: { $0.seq == sequence }) { return .waiting }
            return state.lost.contains(sequence) ? .dropped : nil
        }
    }

    /// What is stored of each class, and how long that lasts; empty before the first picture.
    ///
    /// - Parameter freeBytes: on the file system.
    package func forecast(freeBytes: UInt64) -> [PictureStorageReply] {
        let (stored, rates) = state.read { ($0.stored, $0.rates) }
        guard let stored else { return [] }
        let now = Duration.sinceBoot
        let total = stored.values.reduce(0, +)
        let spare = max(0, Int(clamping: freeBytes) - settings.minFreeBytes)
        return PictureClass.allCases.map { pictureClass in
            // What says less gives way; what says more stays.
            let kept = PictureClass.allCases.drop { $0 != pictureClass }.dropFirst().reduce(0) {
                $0 + (stored[$1] ?? 0)
            }
            let keep = settings.keep(pictureClass)
            let room = min(max(0, min(settings.maxBytes, total + spare) - kept), keep.bytes ?? .max)
            let days = rates[pictureClass]?.bytesADay(at: now).map { Double(room) / max($0, 1) }
            return PictureStorageReply(
                pictureClass: pictureClass, bytes: UInt64(stored[pictureClass] ?? 0), days: days, wantedDays: keep.days)
        }
    }

    /// Pictures are no verdicts: none of this makes the line unhealthy.
    package var findings: [Finding] {
        if let silence = progress.hang(beyond: .seconds(10)) {
            return [Finding(warning: "pictures", "one has been on its way to the disk for \(silence.wholeSeconds)")]
        }
        return state.read(\.failure).map { [Finding(warning: "pictures", "they are not stored: \($0)")] } ?? []
    }

    /// Never waits. Called on the inspection thread, after the line that names the pictures is in the journal.
    func offer(_ job: PictureJob) {
        guard job.paths.image != nil || job.paths.heatmap != nil else { return }
        state.withLock { state in
            if state.jobs.count < settings.queueLength && !state.isClosed {
                state.jobs.append(job)
            } else {
                state.drop(
                    DroppedPictures(job, count: job.paths.count, reason: "they come faster than the disk takes them"))
            }
        }
    }

    /// Lets `run()` end once what waits is written.
    package func close() {
        state.withLock { $0.isClosed = true }
    }

    /// Writes until the shutdown, then what still waits.
    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-images", niceness: 10) { [self] in
                var bench = Bench()
                while true {
                    let turn = nextTurn()
                    progress.begin()
                    switch turn {
                    case .write(let job): write(job, at: &bench)
                    case .look: makeRoom(at: &bench)
                    case .end: bench.told = nil
                    }
                    tell(at: &bench)
                    progress.end()
                    if turn.isEnd { return }
                }
            }
        } onGracefulShutdown: {
            self.close()
        }
    }

    private enum Turn {
        case write(PictureJob)
        /// Nothing came for a while: whether others need the room that pictures take.
        case look
        case end

        var isEnd: Bool { if case .end = self { true } else { false } }
    }

    private func nextTurn() -> Turn {
        let turn = state.wait(timeout: .seconds(1)) { state -> Turn? in
            state.written = nil
            if !state.jobs.isEmpty {
                let job = state.jobs.removeFirst()
                state.written = job.seq
                return .write(job)
            }
            // Closed alone is not the end.
            return state.isClosed ? .end : nil
        }
        return turn ?? .look
    }

    /// Gives up old pictures on a disk that others fill, also while no new ones come: verdicts need the room.
    private func makeRoom(at bench: inout Bench) {
        // An error is tried again in a second, and told with the next picture.
        guard (try? disk.isShort(at: stateDirectory, of: settings.minFreeBytes)) == true,
            var open = bench.shelf.take() ?? (try? openShelf())
        else { return }
        if let pinned = pins.takeChanged() { open.pin(pinned) }
        _ = try? open.makeRoom(for: 0, leaving: settings.minFreeBytes)
        bench.shelf = open
    }

    private func write(_ job: PictureJob, at bench: inout Bench) {
        var stored: UInt64 = 0
        do {
            // Taken out, so that its list is changed in place; put back also after an error, as it knows what is there.
            var open =
                if let known = bench.shelf.take() { known } else { try openShelf() }
            defer { bench.shelf = open }
            if let pinned = pins.takeChanged() { open.pin(pinned) }
            for (path, encode) in pictures(of: job) {
                let bytes = try encode()
                // Before it is written: a full disk is the journal's, too.
                guard try open.makeRoom(for: bytes.count, leaving: settings.minFreeBytes) else {
                    let reason = "less than min_free_bytes = \(settings.minFreeBytes) would be left"
                    return fail(DroppedPictures(job, count: job.paths.count - stored, reason: reason))
                }
                try open.store(bytes, at: path, seq: job.seq, as: job.pictureClass)
                stored += 1
                let now = Duration.sinceBoot
                state.withLock { $0.rates[job.pictureClass, default: PictureRate()].add(bytes.count, at: now) }
            }
            try prune(&open, &bench.age)
            succeed(PictureClass.allCases.reduce(into: [:]) { $0[$1] = open.bytes(of: $1) })
        } catch {
            // Also when a picture does not encode: the job is lost, the store goes on with the next.
            fail(DroppedPictures(job, count: job.paths.count - stored, reason: "\(error)"))
        }
    }

    /// Nothing is removed before it is known which parts were judged.
    private func openShelf() throws -> PictureShelf {
        let shelf = try PictureShelf(stateDirectory: stateDirectory, disk: disk, classOf: classes)
        pins.restore(try events.journal.judgedParts())
        return shelf
    }

    private func prune(_ shelf: inout PictureShelf, _ age: inout PictureAge) throws(DiskError) {
        for pictureClass in PictureClass.allCases {
            let keep = settings.keep(pictureClass)
            let day = age.oldestDay(keeping: keep.days, wall: .sinceEpoch, monotonic: .sinceBoot)
            try shelf.prune(pictureClass, to: keep.bytes ?? .max, before: day)
        }
        try shelf.prune(to: settings.maxBytes)
    }

    /// Of pictures that an older version stored: by their verdicts in the journal.
    private func classes(of numbers: Set<UInt64>) -> [UInt64: PictureClass] {
        let reader = JournalReader(folder: "\(stateDirectory)/journal", disk: disk)
        var (classes, next) = ([UInt64: PictureClass](), numbers.min() ?? 1)
        // What cannot be read says nothing, as what is not there any more.
        while let last = numbers.max(), next <= last,
            let lines = try? reader.lines(from: next, below: last + 1, count: 1000), let end = lines.last
        {
            for line in lines where numbers.contains(line.sequence) { classes[line.sequence] = PictureClass(line) }
            next = end.sequence + 1
        }
        return classes
    }

    private func pictures(of job: PictureJob) -> [(path: String, encode: () throws(ImageError) -> [UInt8])] {
        var pictures: [(String, () throws(ImageError) -> [UInt8])] = []
        if let path = job.paths.image {
            pictures.append(
                (
                    path,
                    { [settings] () throws(ImageError) in
                        try job.picture.jpegFile(qualityPercent: settings.jpegQualityPercent)
                    }
                ))
        }
        if let path = job.paths.heatmap, let draw = job.drawHeatMap {
            pictures.append((path, { () throws(ImageError) in draw(try job.picture.image()).pngBytes() }))
        }
        return pictures
    }

    /// Logs changes, not each failure.
    private func fail(_ dropped: DroppedPictures) {
        let isNew = state.withLock { state in
            defer { state.failure = dropped.reason }
            state.drop(dropped)
            return state.failure == nil
        }
        if isNew { logger.error("pictures are not stored", metadata: ["reason": "\(dropped.reason)"]) }
    }

    /// Has the event journal say which pictures were dropped since it was told last.
    private func tell(at bench: inout Bench) {
        let now = Duration.sinceBoot
        guard bench.told.map({ now - $0 >= Self.tellingPeriod }) ?? true,
            let dropped = state.withLock({ $0.untold.take() })
        else { return }
        bench.told = now
        events.note(Change(dropped))
    }

    private func succeed(_ stored: [PictureClass: Int]) {
        let dropped = state.withLock { state -> UInt64? in
            defer { (state.failure, state.stored) = (nil, stored) }
            return state.failure == nil ? nil : state.dropped
        }
        if let dropped { logger.notice("pictures are stored again", metadata: ["dropped": "\(dropped)"]) }
    }
}

extension ImageStore.State {
    fileprivate mutating func drop(_ pictures: DroppedPictures) {
        dropped += pictures.count
        untold.add(pictures)
        lost = (lost + [pictures.numbers.upperBound]).suffix(ImageStore.mostLost)
    }
}

extension DroppedPictures {
    fileprivate init(_ job: PictureJob, count: UInt64, reason: String) {
        self.init(seq: job.seq, count: count, reason: reason)
    }
}

extension Picture {
    /// As ``storable(qualityPercent:)``, and never a PNG.
    fileprivate func jpegFile(qualityPercent: Int) throws(ImageError) -> [UInt8] {
        guard encoding == .file, ImageFormat(sniffing: bytes) != .jpeg else {
            return try storable(qualityPercent: qualityPercent)
        }
        return try image().jpegBytes(qualityPercent: qualityPercent, fullChroma: true)
    }
}

extension PictureClass {
    /// Of a line of the journal; nil when it is no verdict that this version knows.
    fileprivate init?(_ line: VerdictLine) {
        // Without a JSON parser: there may be millions of lines.
        guard let verdict = JournalLine.text(of: "verdict", in: line.bytes[...]).flatMap({ Verdict(rawValue: $0) })
        else { return nil }
        self.init(verdict, isUncertain: JournalLine.hasFlag("uncertain", in: line.bytes[...]))
    }
}

extension Configuration.Images {
    /// How long pictures of a class are kept, and how much of them; nil = as long, and as much, as there is room for.
    func keep(_ pictureClass: PictureClass) -> (days: Int?, bytes: Int?) {
        let (days, bytes) =
            switch pictureClass {
            case .ok: (okDays, okMaxBytes)
            case .invalid: (invalidDays, invalidMaxBytes)
            case .uncertain: (uncertainDays, uncertainMaxBytes)
            case .ng: (ngDays, ngMaxBytes)
            }
        return (days == 0 ? nil : days, bytes == 0 ? nil : bytes)
    }
}
