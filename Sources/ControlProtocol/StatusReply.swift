/// What the line does right now.
public enum LineState: String, Codable, Sendable {
    /// Frames come in and get an OK or NG verdict.
    case inspecting
    /// No frame has come yet.
    case starting
    /// Frames come in and are INVALID, because nothing has been fitted yet.
    case noModel = "no_model"
    /// The source delivers no frames.
    case cameraLost = "camera_lost"
    /// The camera is there and delivers no frames.
    case cameraStalled = "camera_stalled"
    /// Another camera than the configured one, or another size or format.
    case cameraMismatch = "camera_mismatch"
    /// Another program holds the camera.
    case cameraBusy = "camera_busy"
    /// Frames come, and none of them can be judged: dark, saturated, frozen, damaged, of another size.
    case cameraInvalid = "camera_invalid"
    /// Verdicts cannot be written down.
    case journalFailed = "journal_failed"
    /// The source came to its end (a folder replayed once).
    case finished
    case stopping
}

/// Answer of `GET /v1/status`.
public struct StatusReply: Codable, Sendable, Equatable {
    public var version: String
    /// That of the camera that is worst off.
    public var state: LineState
    /// Why the state is what it is, in words; absent while inspecting.
    public var reason: String?
    public var uptimeSeconds: Double
    public var cameras: [CameraReply]
    public var recipes: [RecipeReply]
    public var counts: CountsReply
    public var latency: LatencyReply?
    public var storage: StorageReply

    public init(
        version: String, state: LineState, reason: String?, uptimeSeconds: Double, cameras: [CameraReply],
        recipes: [RecipeReply], counts: CountsReply, latency: LatencyReply?, storage: StorageReply
    ) {
        self.version = version
        self.state = state
        self.reason = reason
        self.uptimeSeconds = uptimeSeconds
        self.cameras = cameras
        self.recipes = recipes
        self.counts = counts
        self.latency = latency
        self.storage = storage
    }

    private enum CodingKeys: String, CodingKey {
        case version, state, reason, cameras, recipes, counts, latency, storage
        case uptimeSeconds = "uptime_s"
    }
}

/// One camera and what it does.
public struct CameraReply: Codable, Sendable, Equatable {
    public var name: String
    /// Kind and place of the source and what was agreed on, for people: `folder /srv/frames`.
    public var source: String
    /// What the camera was asked for and did not give, a sentence each.
    public var differences: [String]
    public var state: LineState
    /// Why, in words; absent while inspecting.
    public var reason: String?
    public var recipe: String
    /// What makes a frame a part: `continuous`, `interval`, `software` or `presence`.
    public var trigger: String
    public var frames: UInt64
    /// Frames that were replaced in the queue by newer ones before they were inspected.
    public var dropped: UInt64
    /// Frames that the driver lost.
    public var missed: UInt64
    /// Frames that came damaged, short or stale, whether or not anybody waited for them.
    public var damaged: UInt64
    /// How often the stream was started again.
    public var restarts: UInt64
    public var counts: CountsReply

    public init(
        name: String, source: String, differences: [String] = [], state: LineState, reason: String? = nil,
        recipe: String, trigger: String = "continuous", frames: UInt64 = 0, dropped: UInt64 = 0, missed: UInt64 = 0,
        damaged: UInt64 = 0, restarts: UInt64 = 0, counts: CountsReply = CountsReply()
    ) {
        self.name = name
        self.source = source
        self.differences = differences
        self.state = state
        self.reason = reason
        self.recipe = recipe
        self.trigger = trigger
        self.frames = frames
        self.dropped = dropped
        self.missed = missed
        self.damaged = damaged
        self.restarts = restarts
        self.counts = counts
    }
}

/// Verdicts since the daemon started.
public struct CountsReply: Codable, Sendable, Equatable {
    public var ok: UInt64
    public var ng: UInt64
    /// Of both, those whose score is so near to the limit that either verdict is poorly supported.
    public var uncertain: UInt64
    public var invalid: UInt64
    /// INVALID verdicts by cause; sums to `invalid`.
    public var causes: [String: UInt64]

    public init(
        ok: UInt64 = 0, ng: UInt64 = 0, uncertain: UInt64 = 0, invalid: UInt64 = 0, causes: [String: UInt64] = [:]
    ) {
        self.ok = ok
        self.ng = ng
        self.uncertain = uncertain
        self.invalid = invalid
        self.causes = causes
    }
}

/// Milliseconds from frame to journalled verdict, over the latest verdicts (nearest rank).
public struct LatencyReply: Codable, Sendable, Equatable {
    public var p50: Double
    public var p95: Double
    public var p99: Double

    public init(p50: Double, p95: Double, p99: Double) {
        self.p50 = p50
        self.p95 = p95
        self.p99 = p99
    }
}

/// The state directory.
public struct StorageReply: Codable, Sendable, Equatable {
    public var directory: String
    public var freeBytes: UInt64
    /// Sequence number of the newest journal line, 0 when there is none.
    public var lastSequence: UInt64
    /// Pictures that were not written because the disk was full or too slow; verdicts are never dropped.
    public var imagesDropped: UInt64

    public init(directory: String, freeBytes: UInt64, lastSequence: UInt64, imagesDropped: UInt64) {
        self.directory = directory
        self.freeBytes = freeBytes
        self.lastSequence = lastSequence
        self.imagesDropped = imagesDropped
    }

    private enum CodingKeys: String, CodingKey {
        case directory
        case freeBytes = "free_bytes"
        case lastSequence = "last_seq"
        case imagesDropped = "images_dropped"
    }
}

/// Answer of `GET /healthz`: status 200 while every camera's frames are being inspected, 503 otherwise.
public struct HealthReply: Codable, Sendable, Equatable {
    public var state: LineState
    public var reason: String?

    public init(state: LineState, reason: String?) {
        self.state = state
        self.reason = reason
    }
}
