package import Core

/// What the operator of a line sets, one nested table for each concern of the daemon.
///
/// Every key has a default, so an empty file is a valid one; `config.toml.example` shows and explains all of them.
///
/// A value that never changes once it is read: a reload makes another one and compares the two; Codable, to tell
/// the keys that differ.
package struct Configuration: Codable, Sendable, Equatable {
    /// What only one daemon at a time may use. Read at the start only.
    package var stateDirectory = "/var/lib/fsac"
    /// Read at the start only.
    package var modelsDirectory = "/usr/share/fsac/models"
    /// Of an inspection; a fit beside it takes half as many. Read at the start only.
    package var computeThreads = 2
    /// What backbones may compute in less than single precision. Read at the start only.
    package var precision = Precision.auto
    /// Bytes that a fit may take on top of what the daemon has; 0 = a third of the memory that the daemon may have. Read at the start only.
    package var fitMemoryBytes = 0
    package var station = Station()
    package var control = Control()
    package var page = Page()
    package var statistics = Statistics()
    package var alarm = Alarm()
    /// Never empty; names differ.
    package var cameras = [Camera()]
    /// Never empty; names differ.
    package var recipes = [RecipeSettings()]
    /// One a camera at most; empty = no lines are used. Read at the start only.
    package var lineIO: [LineIO] = []
    package var journal = Journal()
    package var images = Images()
    package var log = Log()

    package init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case stateDirectory = "state_directory"
        case modelsDirectory = "models_directory"
        case computeThreads = "compute_threads"
        case fitMemoryBytes = "fit_memory_bytes"
        case cameras = "camera"
        case recipes = "recipe"
        case lineIO = "line_io"
        case precision, station, control, page, statistics, alarm, journal, images, log
    }
}

extension Configuration {
    /// The control API on its Unix socket. Read at the start only.
    package struct Control: Codable, Sendable, Equatable {
        package var socket = "/run/fsac/control.sock"
        /// Empty = the daemon's own group.
        package var socketGroup = ""
        /// More clients wait until one leaves.
        package var maxConnections = 64
        /// From connecting to the complete head of a request.
        package var headerTimeoutSeconds = 5
        /// From there to the complete request, and again to the complete reply, which a trigger's deadline has to come
        /// before.
        package var requestTimeoutSeconds = 30
        /// Between requests.
        package var idleTimeoutSeconds = 30

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case socket
            case socketGroup = "socket_group"
            case maxConnections = "max_connections"
            case headerTimeoutSeconds = "header_timeout_s"
            case requestTimeoutSeconds = "request_timeout_s"
            case idleTimeoutSeconds = "idle_timeout_s"
        }
    }

    /// Where the frames come from. A reload stops a camera whose table changed and starts it anew.
    package struct Camera: Codable, Sendable, Equatable {
        package enum Source: String, Codable, Sendable, CaseIterable { case folder, v4l2 }
        /// Whether each file is a part, once, or the files play as a free-running camera's frames.
        package enum Mode: String, Codable, Sendable, CaseIterable { case watch, replay }
        /// When a file in a watched folder is complete: when its writer closes it; when it rests; or the first for a folder of
        /// this computer and the second for one of another.
        package enum Completion: String, Codable, Sendable, CaseIterable {
            case auto, closed
            case atRest = "at_rest"
        }
        /// What becomes of a watched folder's file after its verdict is in the journal: nothing, `done/VERDICT/`, or an end.
        package enum JudgedFiles: String, Codable, Sendable, CaseIterable { case leave, move, delete }
        /// When a frame becomes a part: always; at a pace; when somebody asks; when something has come to rest; at an edge of
        /// the line input `trigger`.
        package enum Trigger: String, Codable, Sendable, CaseIterable {
            case continuous, interval, software, presence, line
        }

        package var name = "camera1"
        /// The name of the recipe at the first start; empty = the first of the file.
        package var recipe = ""
        package var source = Source.folder

        // Folder.
        package var path = "/srv/fsac/frames"
        package var mode = Mode.watch
        package var completeWhen = Completion.auto
        /// Without a change for that long a file is complete that nobody announced.
        package var settleMilliseconds = 500
        /// Whether pictures in folders below it count, too.
        package var recursive = false
        /// Whether bytes behind the end of a JPEG are left out instead of refused.
        package var acceptTrailer = false
        package var judgedFiles = JudgedFiles.leave
        /// Parts that may wait for their inspection before the folder has to.
        package var queueLength = 16
        /// Replay begins again at the end; else each picture is a part and none is dropped.
        package var `repeat` = true

        // V4L2.
        /// A link below `/dev/v4l` or of an own udev rule.
        package var device = ""
        /// What the driver must call the camera, so that another one in its place judges nothing; empty = any.
        package var card = ""
        /// Where it must be plugged in; empty = any.
        package var bus = ""
        /// V4L2's four-character code; empty = the camera's own choice among those that can be read.
        package var format = ""
        /// Left out after each start of the stream, while exposure and white balance settle.
        package var warmupFrames = 3
        /// By the names that `v4l2-ctl` prints; set again at each start of the stream, for cameras forget them without
        /// power.
        package var controls: [String: ControlValue] = [:]

        // Both.
        /// Frames a second; 0 = as the camera likes (V4L2 only).
        package var rateHertz = 10.0
        /// 0 = any.
        package var height = 0
        /// 0 = any.
        package var width = 0

        package var trigger = Trigger.continuous
        /// From due time to due time.
        package var intervalMilliseconds = 1000
        /// From the trigger (or the frame, where this side triggers) to the beginning of the inspection.
        package var triggerDeadlineMilliseconds = 1000
        /// Grey levels, see ``PresenceDetector``.
        package var motionStartLevel = 12.0
        /// Grey levels.
        package var motionStopLevel = 4.0
        /// In a row, that are rest.
        package var stillFrames = 3

        package init() {}

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case name, recipe, source, path, mode, recursive, `repeat`, device, card, bus, format, controls, height,
                width, trigger
            case completeWhen = "complete_when"
            case settleMilliseconds = "settle_ms"
            case acceptTrailer = "accept_trailer"
            case judgedFiles = "judged_files"
            case queueLength = "queue_length"
            case warmupFrames = "warmup_frames"
            case rateHertz = "rate_hz"
            case intervalMilliseconds = "interval_ms"
            case triggerDeadlineMilliseconds = "trigger_deadline_ms"
            case motionStartLevel = "motion_start_level"
            case motionStopLevel = "motion_stop_level"
            case stillFrames = "still_frames"
        }
    }

    /// What a camera's control is set to, before the camera is asked for its kind.
    /// Menus by an entry's name or index; whether it fits is told when the camera is there.
    package enum ControlValue: Codable, Sendable, Equatable {
        case number(Int)
        case flag(Bool)
        /// The entry of a menu.
        case choice(String)

        /// The bare value, as in the file.
        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .choice(try container.decode(String.self))
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let number): try container.encode(number)
            case .flag(let flag): try container.encode(flag)
            case .choice(let choice): try container.encode(choice)
            }
        }
    }

    /// What the file says of how one product is inspected: a table of `[[recipe]]`.
    package struct RecipeSettings: Codable, Sendable, Equatable {
        /// What becomes of a part whose picture as a whole is not as the shots.
        package enum SceneShiftPolicy: String, Codable, Sendable, CaseIterable { case off, warn, invalid }

        package var name = "default"
        package var backbone = "fsac-vit-small+efficientnet-lite0"
        /// 0 = the backbone's default.
        package var inputSize = 0
        /// The method with its options; Codable, which `any Method` is not.
        private var choice = AnyMethod(Methods.standard)
        /// Empty = the backbone's default.
        package var layers: [Int] = []
        /// Standard deviation, in patches.
        package var smoothing = 0.5
        /// 0 = few false rejects, 1 = few escapes.
        package var sensitivity = 0.5
        /// Mean grey level inside of the roi, 0 to 255: darker frames are INVALID.
        package var minBrightness = 4.0
        /// Mean grey level.
        package var maxBrightness = 251.0
        /// So many frames in a row with the same bytes are a frozen camera; 0 = off.
        package var frozenFrames = 5
        /// `warn`: the verdict counts, and journal, log and status say so.
        package var sceneShift = SceneShiftPolicy.warn
        /// Parts that are kept after each fit, to teach the model by; 0 = none.
        package var teachParts = 0
        /// `[x, y, width, height]` in pixels of the frame; empty = the whole frame.
        package var roi: [Int] = []
        /// Polygons of `[x, y]` in pixels of the frame, inside of which nothing counts.
        package var ignore: [[[Int]]] = []
        /// What the part is called, for models that read text: `metal bottle cap`.
        package var object = "object"
        /// For models that read text: states of good and bad parts, and sentences to put them in; empty = WinCLIP's.
        package var normalStates: [String] = []
        package var abnormalStates: [String] = []
        package var promptTemplates: [String] = []

        package init() {}

        /// With what the file says of its options, and its own defaults for the rest.
        package var method: any Method {
            get { choice.method }
            set { choice.method = newValue }
        }

        /// All but the methods' options, see ``furtherKeys``.
        package enum CodingKeys: String, CodingKey, CaseIterable {
            case name, backbone, layers, smoothing, sensitivity, roi, ignore, object
            case choice = "method"
            case inputSize = "input_size"
            case minBrightness = "min_brightness"
            case maxBrightness = "max_brightness"
            case frozenFrames = "frozen_frames"
            case sceneShift = "scene_shift"
            case teachParts = "teach_parts"
            case normalStates = "normal_states"
            case abnormalStates = "abnormal_states"
            case promptTemplates = "prompt_templates"
        }
    }

    /// The verdicts on disk. Read at the start only.
    package struct Journal: Codable, Sendable, Equatable {
        package enum Durability: String, Codable, Sendable, CaseIterable {
            /// OK and INVALID lines are synced in groups, at most 1 s after they were written; NG lines before they
            /// show.
            case grouped = "1s"
            /// Every line is synced before it shows.
            case each
        }

        package enum StorageFailure: String, Codable, Sendable, CaseIterable {
            /// A part whose line is not on the disk as `durability` promises is INVALID.
            case noVerdict = "no_verdict"
            /// Its verdict counts, and says that it is only in memory.
            case goOn = "continue"
        }

        package var durability = Durability.grouped
        package var onStorageFailure = StorageFailure.noVerdict
        /// How long a verdict waits for a disk that does not answer.
        package var syncDeadlineMilliseconds = 2000
        /// A file that would grow beyond it ends; retention works in whole files.
        package var segmentBytes = 64 << 20
        /// Of all segments; the newest stays in any case.
        package var maxBytes = 4 << 30

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case durability
            case onStorageFailure = "on_storage_failure"
            case syncDeadlineMilliseconds = "sync_deadline_ms"
            case segmentBytes = "segment_bytes"
            case maxBytes = "max_bytes"
        }
    }

    /// The pictures and heat maps on disk. Read at the start only.
    package struct Images: Codable, Sendable, Equatable {
        package enum Selection: String, Codable, Sendable, CaseIterable { case all, ng, none }

        package var saveImages = Selection.all
        package var saveHeatmaps = Selection.ng
        /// Of both together; those that say least go first: OK, then INVALID, uncertain and NG, of each the oldest.
        package var maxBytes = 10 << 30
        /// At most; 0 = as long as there is room. By the day of the frame.
        package var okDays = 0
        package var invalidDays = 0
        package var uncertainDays = 0
        package var ngDays = 0
        /// At most, beside `maxBytes`; 0 = as much as there is room for.
        package var okMaxBytes = 0
        package var invalidMaxBytes = 0
        package var uncertainMaxBytes = 0
        package var ngMaxBytes = 0
        /// Left free on the file system: the journal needs it more.
        package var minFreeBytes = 256 << 20
        /// Of pictures that do not come as JPEG.
        package var jpegQualityPercent = 95
        /// Verdicts whose pictures may wait to be written; those of the next are dropped and counted.
        package var queueLength = 8

        package init() {}

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case saveImages = "save_images"
            case saveHeatmaps = "save_heatmaps"
            case maxBytes = "max_bytes"
            case okDays = "ok_days"
            case invalidDays = "invalid_days"
            case uncertainDays = "uncertain_days"
            case ngDays = "ng_days"
            case okMaxBytes = "ok_max_bytes"
            case invalidMaxBytes = "invalid_max_bytes"
            case uncertainMaxBytes = "uncertain_max_bytes"
            case ngMaxBytes = "ng_max_bytes"
            case minFreeBytes = "min_free_bytes"
            case jpegQualityPercent = "jpeg_quality_percent"
            case queueLength = "queue_length"
        }
    }

    /// What the daemon says on standard error.
    package struct Log: Codable, Sendable, Equatable {
        package enum Level: String, Codable, Sendable, CaseIterable { case debug, info, notice, warning, error }

        package var level = Level.info

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case level
        }
    }
}
