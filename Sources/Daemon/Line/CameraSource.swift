package import Capture
import ControlProtocol
import Journal
import Platform
import Settings

extension Configuration.Camera {
    /// Called on the capture thread.
    func makeSource(journal: VerdictJournal) -> any FrameSource {
        switch (source, mode) {
        case (.folder, .watch):
            WatchSource(
                WatchSource.Place(
                    path: path, settling: .milliseconds(settleMilliseconds), completion: completeWhen,
                    isRecursive: recursive, acceptsTrailers: acceptTrailer),
                index: pictureIndex(journal), isDone: journal.inspectedFrames(of: name))
        case (.v4l2, _): V4L2Camera(self)
        case (.folder, .replay):
            ReplaySource(path: path, rateHertz: rateHertz, repeats: `repeat`, isRecursive: recursive)
        }
    }

    /// Read anew by each run of the camera: what the last one had not written down yet, the journal has.
    private func pictureIndex(_ journal: VerdictJournal) -> PictureIndex {
        let disposal: PictureIndex.Disposal =
            switch judgedFiles {
            case .leave: .leave
            case .move: .move
            case .delete: .delete { journal.sync(within: .seconds(5)) }
            }
        return PictureIndex(
            path: "\(journal.stateDirectory)/folders/\(name).index", folder: path, disposal: disposal,
            lastSequence: journal.lastSequence, journalled: { journal.judgedPictures(of: name, after: $0) })
    }
}

extension VerdictJournal {
    /// Lines of the camera, and of all cameras, that are looked at.
    private static let (ownLines, allLines) = (10_000, 100_000)
    /// That are read at a time.
    private static let block = 10_000

    /// A camera's pictures of files that have their verdicts, by lines of this version.
    ///
    /// - Parameter sequence: lines behind it; of an index that has none the newest 100,000.
    /// - Returns: the oldest first.
    package func judgedPictures(
        of camera: String, after sequence: UInt64
    ) -> [(name: FileName, entry: PictureIndex.Entry)] {
        struct Fields: Decodable {
            var camera: String
            var frame: String
            var digest: String?
            var verdict: Verdict
        }
        let last = lastSequence
        var pictures: [(name: FileName, entry: PictureIndex.Entry)] = []
        var next = sequence > 0 ? sequence + 1 : max(1, last - min(last, UInt64(Self.allLines)))
        // A journal that cannot be read costs double verdicts, never a missing one.
        while next <= last, let lines = try? self.lines(from: next, count: Self.block), let newest = lines.last {
            next = newest.sequence + 1
            for line in lines {
                guard let fields = try? ControlCoding.decode(Fields.self, from: line.bytes), fields.camera == camera,
                    let digest = fields.digest
                else { continue }
                let entry = PictureIndex.Entry(
                    identity: nil, digest: digest, sequence: line.sequence, verdict: fields.verdict)
                pictures.append((FileName(shown: fields.frame), entry))
            }
        }
        return pictures
    }

    /// Tells whether a camera's picture that did not change since has its verdict among the camera's newest 10,000: by lines of
    /// versions that kept no digests, whose clocks may have been wrong.
    package func inspectedFrames(
        of camera: String
    ) -> @Sendable (_ name: String, _ changedMicroseconds: Int64) -> Bool {
        struct Fields: Decodable {
            var camera: String
            var frame: String
            var time: String
        }
        // Read before the source runs, on the capture thread: with a long journal that takes time.
        var (end, own, all, times) = (lastSequence + 1, 0, 0, [String: String]())
        // A journal that cannot be read costs double verdicts, never a missing one.
        while own < Self.ownLines, all < Self.allLines, let lines = try? self.lines(before: end, count: Self.ownLines),
            let oldest = lines.first
        {
            (end, all) = (oldest.sequence, all + lines.count)
            for line in lines.reversed() {
                guard let fields = try? ControlCoding.decode(Fields.self, from: line.bytes), fields.camera == camera
                else { continue }
                own += 1
                // RFC 3339 of one length: the later text is the later time.
                times[fields.frame] = max(times[fields.frame] ?? "", fields.time)
            }
        }
        return { [times] name, changed in
            times[name].map { WallTime(microsecondsSince1970: changed).rfc3339 <= $0 } ?? false
        }
    }
}
