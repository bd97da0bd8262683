/// One journal line: the verdict on one part and what it rests on.
///
/// The line in the file has these fields in this order, absent ones left out, and ends with `crc`: CRC32C of everything
/// before `,"crc"`, as 8 hexadecimal digits.
package struct InspectionRecord: Codable, Sendable, Equatable {
    /// From 1, one more with each line, also over restarts.
    package var seq: UInt64
    /// When the frame was captured: RFC 3339 with microseconds, UTC. For people; nothing is ordered by it.
    package var time: String
    package var camera: String
    package var recipe: String
    /// The model that judged; absent when there was none.
    package var generation: Int?
    /// The frame's name at its source: the file's name, or the number that the driver gave. Empty when a trigger got none.
    package var frame: String
    /// The part's serial number, if given.
    package var part: String?
    package var verdict: Verdict
    /// Why there is no judgement; INVALID only.
    package var cause: String?
    /// What of the picture as a whole is not as in the shots, in words; absent when nothing is, or nobody looked.
    package var sceneShift: String?
    /// Higher = more anomalous.
    package var score: Float?
    /// The score at which a part is rejected.
    package var limit: Float?
    /// True when the score is so near to the limit that either verdict is poorly supported, else absent.
    package var uncertain: Bool?
    /// Boxes around what is at the limit or above.
    package var regions: [Region]
    package var latency: Latency
    /// Below the state directory. Pictures are written after the line and may be dropped or have been pruned.
    package var image: String?
    /// Below the state directory, as `image`.
    package var heatmap: String?
    /// Whether the line was synced to the disk before anybody saw it.
    package var durable: Bool

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

    /// Milliseconds of the monotonic clock; a stage that was not reached took 0.
    package struct Latency: Codable, Sendable, Equatable {
        /// From capture to the start of the inspection.
        package var wait: Double
        package var decode: Double
        package var embed: Double
        package var score: Double
        /// From capture to the verdict.
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
        seq: UInt64, time: String, camera: String, recipe: String, generation: Int?, frame: String, part: String?,
        verdict: Verdict, cause: String?, sceneShift: String? = nil, score: Float?, limit: Float?,
        uncertain: Bool? = nil,
        regions: [Region],
        latency: Latency,
        image: String?, heatmap: String?, durable: Bool
    ) {
        self.seq = seq
        self.time = time
        self.camera = camera
        self.recipe = recipe
        self.generation = generation
        self.frame = frame
        self.part = part
        self.verdict = verdict
        self.cause = cause
        self.sceneShift = sceneShift
        self.score = score
        self.limit = limit
        self.uncertain = uncertain
        self.regions = regions
        self.latency = latency
        self.image = image
        self.heatmap = heatmap
        self.durable = durable
    }

    private enum CodingKeys: String, CodingKey {
        case seq, time, camera, recipe, generation, frame, part, verdict, cause, score, limit, uncertain, regions
        case sceneShift = "scene_shift"
        case latency = "latency_ms"
        case image, heatmap, durable
    }
}
