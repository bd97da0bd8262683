import ControlProtocol
import Core

extension FrameGuards {
    init(_ configuration: Configuration) {
        let (camera, recipe) = (configuration.camera, configuration.recipe)
        self.init(
            size: camera.height > 0 ? (camera.height, camera.width) : nil,
            brightness: recipe.minBrightness...recipe.maxBrightness, frozenFrames: recipe.frozenFrames)
    }
}

/// The source that the configuration names.
enum ConfiguredSource: FrameSource {
    case replay(ReplaySource)
    case watch(WatchSource)
    case v4l2(V4L2Camera)

    var reading: SourceReading {
        switch self {
        case .replay(let source): source.reading
        case .watch(let source): source.reading
        case .v4l2(let source): source.reading
        }
    }

    mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent {
        switch self {
        case .replay(var source):
            defer { self = .replay(source) }
            return try source.next(timeout: timeout)
        case .watch(var source):
            defer { self = .watch(source) }
            return try source.next(timeout: timeout)
        case .v4l2(var source):
            defer { self = .v4l2(source) }
            return try source.next(timeout: timeout)
        }
    }
}

extension Configuration.Camera {
    var queuePolicy: FrameQueuePolicy {
        switch mode {
        case .replay where `repeat`: .newest
        case .replay: .everyFrame(capacity: 1)
        case .watch: .everyFrame(capacity: queueLength)
        }
    }

    /// Called on the capture thread.
    func makeSource(journal: VerdictJournal) -> ConfiguredSource {
        if source == .v4l2 { return .v4l2(V4L2Camera(self)) }
        return switch mode {
        case .replay: .replay(ReplaySource(path: path, rateHertz: rateHertz, repeats: `repeat`))
        case .watch:
            .watch(
                WatchSource(
                    path: path, settling: .milliseconds(settleMilliseconds), isDone: journal.inspectedFrames()))
        }
    }
}

extension VerdictJournal {
    /// Tells whether a picture that did not change since has its verdict among the newest 10,000.
    func inspectedFrames() -> @Sendable (_ name: String, _ changedMicroseconds: Int64) -> Bool {
        struct Fields: Decodable {
            var frame: String
            var time: String
        }
        let last = lastSequence
        // A journal that cannot be read costs double verdicts, never a missing one.
        let lines = (try? lines(from: last - min(last, 9999), count: 10_000)) ?? []
        var times: [String: String] = [:]
        for line in lines {
            guard let fields = try? ControlCoding.decode(Fields.self, from: line.bytes) else { continue }
            times[fields.frame] = fields.time
        }
        return { [times] name, changed in
            times[name].map { WallTime(microsecondsSince1970: changed).rfc3339 <= $0 } ?? false
        }
    }
}
