/// One journal line: the verdict on one part and what it rests on. Programs outside read it, from the file, from `tail`
/// and `history`: a field may be added, none changes its meaning.
///
/// The line in the file has these fields in this order, absent ones left out, and ends with `crc`: CRC32C of everything
/// before `,"crc"`, as 8 hexadecimal digits.
package struct InspectionRecord: Codable, Sendable, Equatable {
    /// From 1, one more with each line, also over restarts; after an end that nobody asked for some thousand are left
    /// out. 0 = none: no line was made, see ``Stored/nowhere``.
    package var seq: UInt64
    /// When the frame was complete, or the trigger came that got none: RFC 3339 with microseconds, UTC. For people;
    /// nothing is ordered by it, for the wall clock may be set back.
    package var time: String
    package var camera: String
    /// That was in use when the part was captured or triggered, not when it was judged.
    package var recipe: String
    /// The model that judged. Absent when there was none, and when the frame failed before a model was asked.
    package var generation: Int?
    /// The frame's name at its source: the file's name, or the number that the driver gave. Empty when a trigger got
    /// none.
    package var frame: String
    /// Of a watched folder's file, what tells its bytes from others: the first half of their SHA-256 in hexadecimal digits;
    /// absent for cameras, and when they could not be read.
    package var digest: String?
    /// The part's serial number, if given.
    package var part: String?
    /// The number that whoever triggered gave with the trigger ("id" of ``TriggerRequest``); absent when none was.
    package var triggerID: UInt32?
    /// The lot that was set when the frame was taken or the trigger came; absent = none, and in lines of older versions.
    package var lot: String?
    package var verdict: Verdict
    /// Why there is no judgement, in a word such as `no_model` or `frame_dark`; with INVALID always, else never. More
    /// may come: an unknown one is no OK either.
    package var cause: String?
    /// The cause in words, with what was expected and what came; one line of at most 300 bytes, for people: it may change from
    /// version to version. With INVALID; absent in lines of versions that did not write it.
    package var detail: String?
    /// What of the picture as a whole is not as in the shots, in words; absent when nothing is, or nobody looked.
    package var sceneShift: String?
    /// Higher = more anomalous; 1.0 is a typical good part. Also of INVALID parts while the recipe is commissioned;
    /// absent for others.
    package var score: Float?
    /// The score at which a part is rejected: NG when `score >= limit`. Only with a judgement, so that nobody can make
    /// a verdict of a muted score.
    package var limit: Float?
    /// Who set the limit; absent when calibration did.
    package var limitBy: LimitOrigin?
    /// True when the score is so near to the limit that either verdict is poorly supported, else absent.
    package var uncertain: Bool?
    /// Boxes around what is at the limit or above. Empty for OK and for INVALID.
    package var regions: [Region]
    package var latency: Latency
    /// Below the state directory; absent when the configuration keeps none of such parts. Pictures are written after
    /// the line and may be dropped or have been pruned: the path is a promise to try.
    package var image: String?
    /// Below the state directory, as `image`.
    package var heatmap: String?
    /// Whether the line was synced to the disk before anybody saw it: NG, others with `journal.durability = "each"`.
    /// Why it was not says ``stored``.
    package var durable: Bool
    /// Where the line was when the verdict showed; absent in lines of versions that did not say it.
    package var stored: Stored?

    package enum Stored: String, Codable, Sendable {
        /// On the disk. `durable` is true.
        case synced
        /// With the system: a power cut within the next second may lose it, a crash of the daemon does not.
        case written
        /// In memory only, for the disk fails or does not answer. Written when it works again, and lost with the
        /// daemon. With `journal.on_storage_failure = "no_verdict"` the part is INVALID.
        case memory
        /// Nowhere: the disk failed for so long that the journal takes no more. The part is INVALID and has no number.
        case nowhere = "none"
    }

    /// A box in pixels of the inspected picture.
    package struct Region: Codable, Sendable, Equatable {
        package var x: Int
        package var y: Int
        package var width: Int
        package var height: Int
        /// The highest anomaly in the box, in the score's unit.
        package var peak: Float

        package init(x: Int, y: Int, width: Int, height: Int, peak: Float) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
            self.peak = peak
        }
    }

    /// Milliseconds of the monotonic clock, to the microsecond; a stage that was not reached took 0. What the journal
    /// takes comes on top.
    package struct Latency: Codable, Sendable, Equatable {
        /// From the complete frame (or the trigger that got none) to the start of the inspection: the camera's queue.
        package var wait: Double
        /// Next to nothing where the picture was decoded while the part before it was in hand.
        package var decode: Double
        /// Preprocessing and the look at the whole scene included.
        package var embed: Double
        package var score: Double
        /// From the complete frame to the verdict. More than the sum of the others when a stage ended without a
        /// judgement: its time is in none of them.
        package var total: Double

        package init(wait: Double = 0, decode: Double = 0, embed: Double = 0, score: Double = 0, total: Double = 0) {
            self.wait = wait
            self.decode = decode
            self.embed = embed
            self.score = score
            self.total = total
        }
    }

    package init(
        seq: UInt64, time: String, camera: String, recipe: String, generation: Int?, frame: String,
        digest: String? = nil, part: String?, triggerID: UInt32? = nil, lot: String? = nil,
        verdict: Verdict, cause: String?, detail: String? = nil, sceneShift: String? = nil, score: Float?,
        limit: Float?, limitBy: LimitOrigin? = nil, uncertain: Bool? = nil,
        regions: [Region],
        latency: Latency,
        image: String?, heatmap: String?, stored: Stored?
    ) {
        self.seq = seq
        self.time = time
        self.camera = camera
        self.recipe = recipe
        self.generation = generation
        self.frame = frame
        self.digest = digest
        self.part = part
        self.triggerID = triggerID
        self.lot = lot
        self.verdict = verdict
        self.cause = cause
        self.detail = detail
        self.sceneShift = sceneShift
        self.score = score
        self.limit = limit
        self.limitBy = limitBy
        self.uncertain = uncertain
        self.regions = regions
        self.latency = latency
        self.image = image
        self.heatmap = heatmap
        durable = stored == .synced
        self.stored = stored
    }

    private enum CodingKeys: String, CodingKey {
        case seq, time, camera, recipe, generation, frame, digest, part, lot, verdict, cause, detail, score, limit,
            uncertain,
            regions
        case triggerID = "trigger_id"
        case limitBy = "limit_by"
        case sceneShift = "scene_shift"
        case latency = "latency_ms"
        case image, heatmap, durable, stored
    }
}
