import Core
package import Logging
package import Platform
import ServiceLifecycle
package import Settings

/// A verdict's pictures on their way to the disk. Bounded by the queue: each holds a frame's bytes.
struct PictureJob: Sendable {
    let seq: UInt64
    let paths: PicturePaths
    /// As the camera gave it; encoded on the store's thread.
    let picture: Picture
    /// Computes on the calling thread, so at its priority. Nil without a judgement.
    let drawHeatMap: (@Sendable (Image) -> Image)?
}

/// Writes pictures and heat maps beside the line, on a thread of low priority. It never delays a verdict: what does not fit
/// into its queue or on the disk is dropped and counted, and a journal line may then name a picture that is not there.
///
/// The service stops after inspection, so that the last verdicts' pictures are written, too. It is not watched: a disk
/// that hangs here costs pictures, and a line that inspects is not killed for them.
package final class ImageStore: Service {
    private struct State {
        /// Oldest first, at most `queueLength`.
        var jobs: [PictureJob] = []
        var dropped: UInt64 = 0
        /// Why the newest pictures were not stored; nil while they are.
        var failure: String?
        var isClosed = false
    }

    /// Also says which verdicts name pictures in their lines.
    let settings: Configuration.Images
    private let stateDirectory: String
    private let disk: Disk
    private let logger: Logger
    private let state = Monitor(State())

    package init(stateDirectory: String, settings: Configuration.Images, disk: Disk = Disk(), logger: Logger) {
        self.stateDirectory = stateDirectory
        self.settings = settings
        self.disk = disk
        self.logger = logger
    }

    /// Pictures that were named in the journal and not written.
    package var dropped: UInt64 { state.read(\.dropped) }

    /// Never waits. Called on the inspection thread, after the line that names the pictures is in the journal.
    func offer(_ job: PictureJob) {
        guard job.paths.image != nil || job.paths.heatmap != nil else { return }
        state.withLock { state in
            if state.jobs.count < settings.queueLength && !state.isClosed {
                state.jobs.append(job)
            } else {
                state.dropped += 1
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
                // Made with the first picture, and again after an error: looking through years of pictures takes time.
                var shelf: PictureShelf?
                while let job = nextJob() { write(job, to: &shelf) }
            }
        } onGracefulShutdown: {
            self.close()
        }
    }

    /// Nil once it is closed and empty; closed alone is not the end.
    private func nextJob() -> PictureJob? {
        let job = state.wait { state -> PictureJob?? in
            if !state.jobs.isEmpty { return .some(state.jobs.removeFirst()) }
            return state.isClosed ? .some(nil) : nil
        }
        return job ?? nil
    }

    private func write(_ job: PictureJob, to shelf: inout PictureShelf?) {
        do {
            // Taken out, so that its list is changed in place; put back also after an error, as it knows what is there.
            var open =
                if let known = shelf.take() { known } else {
                    try PictureShelf(stateDirectory: stateDirectory, disk: disk)
                }
            defer { shelf = open }
            for (path, encode) in pictures(of: job) {
                let bytes = try encode()
                // Before it is written: a full disk is the journal's, too.
                guard try open.makeRoom(for: bytes.count, leaving: settings.minFreeBytes) else {
                    return fail("less than min_free_bytes = \(settings.minFreeBytes) would be left")
                }
                try open.store(bytes, at: path, seq: job.seq)
            }
            try open.prune(to: settings.maxBytes)
            succeed()
        } catch {
            // Also when a picture does not encode: the job is lost, the store goes on with the next.
            fail("\(error)")
        }
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
    private func fail(_ reason: String) {
        let isNew = state.withLock { state in
            defer { state.failure = reason }
            state.dropped += 1
            return state.failure == nil
        }
        if isNew { logger.error("pictures are not stored", metadata: ["reason": "\(reason)"]) }
    }

    private func succeed() {
        let dropped = state.withLock { state -> UInt64? in
            defer { state.failure = nil }
            return state.failure == nil ? nil : state.dropped
        }
        if let dropped { logger.notice("pictures are stored again", metadata: ["dropped": "\(dropped)"]) }
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
