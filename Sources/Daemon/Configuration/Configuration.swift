public import Core

/// What the operator of a line sets, one nested table a part of the daemon.
///
/// Every key has a default, so an empty file is a valid one; `config.toml.example` shows and explains all of them.
public struct Configuration: Codable, Sendable, Equatable {
    public var stateDirectory = "/var/lib/fsac"
    public var modelsDirectory = "/usr/share/fsac/models"
    public var computeThreads = 2
    public var control = Control()
    /// Never empty; names differ.
    public var cameras = [Camera()]
    /// Never empty; names differ.
    public var recipes = [Recipe()]
    public var journal = Journal()
    public var images = Images()
    public var log = Log()

    public init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case stateDirectory = "state_directory"
        case modelsDirectory = "models_directory"
        case computeThreads = "compute_threads"
        case cameras = "camera"
        case recipes = "recipe"
        case control, journal, images, log
    }
}

extension Configuration {
    /// The control API on its Unix socket.
    public struct Control: Codable, Sendable, Equatable {
        public var socket = "/run/fsac/control.sock"
        /// Empty = the daemon's own group.
        public var socketGroup = ""
        public var maxConnections = 64
        public var headerTimeoutSeconds = 5
        public var requestTimeoutSeconds = 30
        public var idleTimeoutSeconds = 30

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case socket
            case socketGroup = "socket_group"
            case maxConnections = "max_connections"
            case headerTimeoutSeconds = "header_timeout_s"
            case requestTimeoutSeconds = "request_timeout_s"
            case idleTimeoutSeconds = "idle_timeout_s"
        }
    }

    /// Where the frames come from.
    public struct Camera: Codable, Sendable, Equatable {
        public enum Source: String, Codable, Sendable, CaseIterable { case folder, v4l2 }
        public enum Mode: String, Codable, Sendable, CaseIterable { case watch, replay }
        /// When a frame becomes a part.
        public enum Trigger: String, Codable, Sendable, CaseIterable { case continuous, interval, software, presence }

        public var name = "camera1"
        /// The recipe at the first start; empty = the first of the file.
        public var recipe = ""
        public var source = Source.folder

        // Folder.
        public var path = "/srv/fsac/frames"
        public var mode = Mode.watch
        public var settleMilliseconds = 500
        public var queueLength = 16
        public var `repeat` = true

        // V4L2.
        /// A link below `/dev/v4l` or of an own udev rule.
        public var device = ""
        /// Empty = any.
        public var card = ""
        /// Empty = any.
        public var bus = ""
        /// V4L2's four-character code; empty = the camera's own choice among those that can be read.
        public var format = ""
        public var warmupFrames = 3
        public var controls: [String: ControlValue] = [:]

        // Both.
        /// Frames a second; 0 = as the camera likes (V4L2 only).
        public var rateHertz = 10.0
        /// 0 = any.
        public var height = 0
        /// 0 = any.
        public var width = 0

        public var trigger = Trigger.continuous
        public var intervalMilliseconds = 1000
        public var triggerDeadlineMilliseconds = 1000
        /// Grey levels.
        public var motionStartLevel = 12.0
        /// Grey levels.
        public var motionStopLevel = 4.0
        public var stillFrames = 3

        public init() {}

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case name, recipe, source, path, mode, `repeat`, device, card, bus, format, controls, height, width, trigger
            case settleMilliseconds = "settle_ms"
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
    public enum ControlValue: Codable, Sendable, Equatable {
        case number(Int)
        case flag(Bool)
        /// The entry of a menu.
        case choice(String)

        /// The bare value, as in the file.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .choice(try container.decode(String.self))
            }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let number): try container.encode(number)
            case .flag(let flag): try container.encode(flag)
            case .choice(let choice): try container.encode(choice)
            }
        }
    }

    /// How one product is inspected.
    public struct Recipe: Codable, Sendable, Equatable {
        /// What becomes of a part whose picture as a whole is not as the shots.
        public enum SceneShiftPolicy: String, Codable, Sendable, CaseIterable { case off, warn, invalid }

        public var name = "default"
        public var backbone = "dinov2-small+efficientnet-lite0"
        /// 0 = the backbone's default.
        public var inputSize = 0
        public var method = Method.auto
        /// Empty = the backbone's default.
        public var layers: [Int] = []
        public var localAveraging = true
        public var rotations = 8
        /// Patches; 0 keeps all.
        public var coresetBudget = 4096
        public var aggregation = MethodSettings.Aggregation.topPercent
        /// Whether only the part is judged, told from the background.
        public var foreground = false
        /// Of PaDiM.
        public var dimensions = 100
        /// Of SPADE.
        public var neighbours = 50
        /// Of `auto`, in seconds.
        public var fitBudget = 20.0
        /// Standard deviation, in patches.
        public var smoothing = 0.5
        /// 0 = few false rejects, 1 = few escapes.
        public var sensitivity = 0.5
        /// Mean grey level.
        public var minBrightness = 4.0
        /// Mean grey level.
        public var maxBrightness = 251.0
        /// 0 = off.
        public var frozenFrames = 5
        public var sceneShift = SceneShiftPolicy.warn
        /// `[x, y, width, height]` in pixels of the frame; empty = the whole frame.
        public var roi: [Int] = []
        /// Polygons of `[x, y]` in pixels of the frame, inside of which nothing counts.
        public var ignore: [[[Int]]] = []
        /// What the part is called, for models that read text: `metal bottle cap`.
        public var object = "object"
        /// For models that read text: states of good and bad parts, and sentences to put them in; empty = WinCLIP's.
        public var normalStates: [String] = []
        public var abnormalStates: [String] = []
        public var promptTemplates: [String] = []

        public init() {}

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case name, backbone, method, layers, rotations, aggregation, foreground, dimensions, neighbours, smoothing
            case sensitivity, roi, ignore, object
            case inputSize = "input_size"
            case localAveraging = "local_averaging"
            case coresetBudget = "coreset_budget"
            case fitBudget = "fit_budget"
            case minBrightness = "min_brightness"
            case maxBrightness = "max_brightness"
            case frozenFrames = "frozen_frames"
            case sceneShift = "scene_shift"
            case normalStates = "normal_states"
            case abnormalStates = "abnormal_states"
            case promptTemplates = "prompt_templates"
        }
    }

    /// The verdicts on disk.
    public struct Journal: Codable, Sendable, Equatable {
        public enum Durability: String, Codable, Sendable, CaseIterable {
            /// OK and INVALID lines are synced in groups, at most 1 s after they were written; NG lines before they show.
            case grouped = "1s"
            /// Every line is synced before it shows.
            case each
        }

        public var durability = Durability.grouped
        public var segmentBytes = 64 << 20
        public var maxBytes = 4 << 30

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case durability
            case segmentBytes = "segment_bytes"
            case maxBytes = "max_bytes"
        }
    }

    /// The pictures and heat maps on disk.
    public struct Images: Codable, Sendable, Equatable {
        public enum Selection: String, Codable, Sendable, CaseIterable { case all, ng, none }

        public var saveImages = Selection.all
        public var saveHeatmaps = Selection.ng
        public var maxBytes = 10 << 30
        public var minFreeBytes = 256 << 20
        public var jpegQualityPercent = 95
        public var queueLength = 8

        public init() {}

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case saveImages = "save_images"
            case saveHeatmaps = "save_heatmaps"
            case maxBytes = "max_bytes"
            case minFreeBytes = "min_free_bytes"
            case jpegQualityPercent = "jpeg_quality_percent"
            case queueLength = "queue_length"
        }
    }

    /// What the daemon says on standard error.
    public struct Log: Codable, Sendable, Equatable {
        public enum Level: String, Codable, Sendable, CaseIterable { case debug, info, notice, warning, error }

        public var level = Level.info

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case level
        }
    }
}
