/// What the line does right now. Only `inspecting` is healthy: whatever else comes, even an unknown word, is not.
package enum LineState: String, Codable, Sendable, CaseIterable {
    /// Frames come in and get an OK or NG verdict.
    case inspecting
    /// No frame has come yet, or no camera has been started.
    case starting
    /// Frames come in and are INVALID, because nothing has been fitted yet.
    case noModel = "no_model"
    /// The source delivers no frames.
    case cameraLost = "camera_lost"
    /// The camera is there and delivers no frames, or only damaged ones.
    case cameraStalled = "camera_stalled"
    /// Another camera than the configured one, or another size, format or control. Nothing is judged: a picture of
    /// another camera would get a verdict that means nothing.
    case cameraMismatch = "camera_mismatch"
    /// Another program holds the camera.
    case cameraBusy = "camera_busy"
    /// Frames come, and none of them can be judged: dark, saturated, frozen, damaged, of another size; or files that are
    /// no pictures.
    case cameraInvalid = "camera_invalid"
    /// Frames come, and none of them can be judged by the model: it is damaged or was fitted with another backbone, a decision
    /// about it cannot be read, or its scores are no numbers.
    case modelFailed = "model_failed"
    /// Parts get no verdict within their deadline.
    case late
    /// The inspection has been at one part for so long that it hangs.
    case inspectionStalled = "inspection_stalled"
    /// The quick lane of the control socket takes no more questions: each of its threads has been at one for too long.
    case controlStalled = "control_stalled"
    /// The lines of a camera are not held: its chip is not there, or another program has them. Parts are INVALID `io_lost`.
    case ioLost = "io_lost"
    /// Verdicts cannot be written to the disk, or it does not answer: parts are INVALID `storage_failed`, or their
    /// verdicts are in memory only and say so (`stored`), as the configuration has it.
    case journalFailed = "journal_failed"
    /// The state directory is gone, was replaced, may not be written or does not answer.
    case storageFailed = "storage_failed"
    /// The source came to its end (a folder replayed once).
    case finished
    case stopping
}

/// Answer of `GET /v1/status`.
package struct StatusReply: Codable, Sendable, Equatable {
    package var version: String
    /// What the place is called; absent in answers of versions that did not say it.
    package var station: String?
    /// What tells the journals of this state directory from all others; absent while that is not known.
    package var journal: String?
    /// That of the camera that is worst off: one that sees nothing is not hidden by those that do.
    package var state: LineState
    /// Why the state is what it is, in words; absent while inspecting.
    package var reason: String?
    /// All that keeps parts from their verdicts, the worst first; empty while inspecting.
    package var causes: [FindingReply]
    /// What is not as it should be while every part gets its verdict.
    package var warnings: [FindingReply]
    /// That nobody has acknowledged; absent = none. They are among the warnings, too.
    package var alarms: [AlarmReply]?
    /// Of the monotonic clock.
    package var uptimeSeconds: Double
    package var cameras: [CameraReply]
    package var recipes: [RecipeReply]
    /// Of all cameras, also of those that a reload has removed.
    package var counts: CountsReply
    /// Absent before the first judged part.
    package var latency: LatencyReply?
    package var storage: StorageReply

    package init(
        version: String, station: String?, journal: String? = nil, health: HealthReply, alarms: [AlarmReply]? = nil,
        uptimeSeconds: Double,
        cameras: [CameraReply],
        recipes: [RecipeReply],
        counts: CountsReply, latency: LatencyReply?, storage: StorageReply
    ) {
        self.version = version
        self.station = station
        self.journal = journal
        state = health.state
        reason = health.reason
        causes = health.causes
        warnings = health.warnings
        self.alarms = alarms
        self.uptimeSeconds = uptimeSeconds
        self.cameras = cameras
        self.recipes = recipes
        self.counts = counts
        self.latency = latency
        self.storage = storage
    }

    private enum CodingKeys: String, CodingKey {
        case version, station, journal, state, reason, causes, warnings, alarms, cameras, recipes, counts, latency,
            storage
        case uptimeSeconds = "uptime_s"
    }
}

/// One camera and what it does. Its numbers count from when it was started: at the daemon's start, or by a reload that
/// gave it other settings.
package struct CameraReply: Codable, Sendable, Equatable {
    package var name: String
    /// Kind and place of the source and what was agreed on, for people: `folder /srv/frames`.
    package var source: String
    /// What the camera was asked for and did not give (a rate, a control), a sentence each. It goes on: what parts
    /// cannot be judged with is `camera_mismatch`.
    package var differences: [String]
    package var state: LineState
    /// Why, in words; absent while inspecting.
    package var reason: String?
    /// That its next frame or trigger is judged by.
    package var recipe: String
    /// What makes a frame a part: `continuous`, `interval`, `software` or `presence`.
    package var trigger: String
    /// That came from the source, whether or not they became parts.
    package var frames: UInt64
    /// Frames that were replaced in the queue by newer ones before they were inspected: the line is slower than the
    /// camera. Never a triggered part.
    package var dropped: UInt64
    /// Frames that the driver lost, by the gaps in its numbers.
    package var missed: UInt64
    /// Frames that came damaged, short or stale, whether or not anybody waited for them.
    package var damaged: UInt64
    /// How often the stream was started again, because frames stayed away or were damaged.
    package var restarts: UInt64
    /// Files in a watched folder that are no pictures that fsac reads: no part was made of them.
    package var skipped: UInt64
    /// Pictures in a watched folder that another file took the name of before they were read: each a part that got
    /// INVALID.
    package var overwritten: UInt64
    /// Of a watched folder, what is in it that no part is made of, in words: `3 .webp, 1 folder (recursive = true reads it)`;
    /// absent when there is nothing.
    package var notRead: String?
    /// Of a watched folder: pictures that are complete and wait for their verdicts, by the recipe of their time. Absent for
    /// cameras.
    package var waiting: Int?
    /// Of the newest frame, in pixels; absent before the first.
    package var frameHeight: Int?
    package var frameWidth: Int?
    package var counts: CountsReply

    package init(
        name: String, source: String, differences: [String] = [], state: LineState, reason: String? = nil,
        recipe: String, trigger: String = "continuous", frames: UInt64 = 0, dropped: UInt64 = 0, missed: UInt64 = 0,
        damaged: UInt64 = 0, restarts: UInt64 = 0, skipped: UInt64 = 0, overwritten: UInt64 = 0,
        notRead: String? = nil, waiting: Int? = nil, frameHeight: Int? = nil, frameWidth: Int? = nil,
        counts: CountsReply = CountsReply()
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
        self.skipped = skipped
        self.overwritten = overwritten
        self.notRead = notRead
        self.waiting = waiting
        self.frameHeight = frameHeight
        self.frameWidth = frameWidth
        self.counts = counts
    }

    private enum CodingKeys: String, CodingKey {
        case name, source, differences, state, reason, recipe, trigger, frames, dropped, missed, damaged, restarts,
            skipped,
            overwritten, waiting, counts
        case notRead = "not_read"
        case frameHeight = "frame_height"
        case frameWidth = "frame_width"
    }
}

/// Verdicts since the daemon started, of a camera since that was; the journal has those of before.
package struct CountsReply: Codable, Sendable, Equatable {
    package var ok: UInt64
    package var ng: UInt64
    /// Of both, those whose score is so near to the limit that either verdict is poorly supported.
    package var uncertain: UInt64
    package var invalid: UInt64
    /// INVALID verdicts by cause, as in the journal; sums to `invalid`.
    package var causes: [String: UInt64]

    package init(
        ok: UInt64 = 0, ng: UInt64 = 0, uncertain: UInt64 = 0, invalid: UInt64 = 0, causes: [String: UInt64] = [:]
    ) {
        self.ok = ok
        self.ng = ng
        self.uncertain = uncertain
        self.invalid = invalid
        self.causes = causes
    }
}

/// Milliseconds from frame to journalled verdict, over the newest 1000 judged parts (nearest rank). INVALID ones do not
/// count: most end early, and would make a slow line look quick.
package struct LatencyReply: Codable, Sendable, Equatable {
    package var p50: Double
    package var p95: Double
    package var p99: Double

    package init(p50: Double, p95: Double, p99: Double) {
        self.p50 = p50
        self.p95 = p95
        self.p99 = p99
    }
}

/// The state directory and the disk it is on.
package struct StorageReply: Codable, Sendable, Equatable {
    package var directory: String
    /// As of the last look, once a second; 0 also when the file system could not be asked: there is no room on it then.
    package var freeBytes: UInt64
    /// Sequence number of the newest journal line, 0 when there is none.
    package var lastSequence: UInt64
    /// Pictures that were not written because the disk was full or too slow, since the start; verdicts are never
    /// dropped.
    package var imagesDropped: UInt64
    /// In the order in which they give way; absent before the first picture since the start.
    package var pictures: [PictureStorageReply]?
    /// Parts since the start that got no line, because the disk failed for too long; all of them INVALID.
    package var unrecorded: UInt64
    /// Of the journals, when they were looked at last; absent = none was found.
    package var damage: DamageReply?

    package init(
        directory: String, freeBytes: UInt64, lastSequence: UInt64, imagesDropped: UInt64,
        pictures: [PictureStorageReply]? = nil, unrecorded: UInt64 = 0, damage: DamageReply? = nil
    ) {
        self.directory = directory
        self.freeBytes = freeBytes
        self.lastSequence = lastSequence
        self.imagesDropped = imagesDropped
        self.pictures = pictures
        self.unrecorded = unrecorded
        self.damage = damage
    }

    private enum CodingKeys: String, CodingKey {
        case directory, pictures, unrecorded, damage
        case freeBytes = "free_bytes"
        case lastSequence = "last_seq"
        case imagesDropped = "images_dropped"
    }
}

/// What is wrong with the journals; `fsacctl verify` lists it.
package struct DamageReply: Codable, Sendable, Equatable {
    /// Lines that are damaged, missing, there twice or out of order; a stretch of them counts once.
    package var places: Int
    /// The first of them, for people.
    package var first: String

    package init(places: Int, first: String) {
        self.places = places
        self.first = first
    }
}

/// The stored pictures and heat maps of one class.
package struct PictureStorageReply: Codable, Sendable, Equatable {
    package var pictureClass: PictureClass
    package var bytes: UInt64
    /// How many days pictures last before they give way to newer ones, at the rate of the last 24 hours since the start and with
    /// what is stored of classes that say more; absent when none of the class came lately.
    package var days: Double?
    /// For how many days the configuration keeps them at most; absent = as long as there is room. More than `days` cannot be
    /// met.
    package var wantedDays: Int?

    package init(pictureClass: PictureClass, bytes: UInt64, days: Double?, wantedDays: Int?) {
        self.pictureClass = pictureClass
        self.bytes = bytes
        self.days = days
        self.wantedDays = wantedDays
    }

    private enum CodingKeys: String, CodingKey {
        case bytes, days
        case pictureClass = "class"
        case wantedDays = "wanted_days"
    }
}
