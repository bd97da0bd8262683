/// The limit in use and where it comes from.
public struct LimitReply: Codable, Sendable, Equatable {
    /// The score at which a part is rejected.
    public var value: Float
    /// Set by hand; false = found by calibration from the shots.
    public var manual: Bool
    /// The limit that calibration found for the generation in use; equal to `value` unless set by hand.
    public var calibrated: Float
    /// What the calibrated limit rests on, in words: number of held-out scores and the false-reject rate they support.
    public var evidence: String
    /// What a limit that was accepted after commissioning rests on, in words; absent for others.
    public var commissioned: String?
    /// The lowest and the highest score that are uncertain: judged, but the limit could as well be on their other side.
    public var uncertain: [Float]
    /// What other sensitivities would give.
    public var options: [LimitOption]

    public init(
        value: Float, manual: Bool, calibrated: Float, evidence: String, commissioned: String? = nil,
        uncertain: [Float] = [],
        options: [LimitOption] = []
    ) {
        self.value = value
        self.manual = manual
        self.calibrated = calibrated
        self.evidence = evidence
        self.commissioned = commissioned
        self.uncertain = uncertain
        self.options = options
    }
}

/// The limit at one sensitivity, and what is expected of it.
public struct LimitOption: Codable, Sendable, Equatable {
    /// From 0, few false rejects, to 1, few escapes.
    public var sensitivity: Double
    public var limit: Float
    /// Share of good parts.
    public var falseRejectRate: Double
    /// Share of synthetic anomalies; absent without any. Real defects may be harder.
    public var escapeRate: Double?

    public init(sensitivity: Double, limit: Float, falseRejectRate: Double, escapeRate: Double?) {
        self.sensitivity = sensitivity
        self.limit = limit
        self.falseRejectRate = falseRejectRate
        self.escapeRate = escapeRate
    }

    private enum CodingKeys: String, CodingKey {
        case sensitivity, limit
        case falseRejectRate = "false_reject_rate"
        case escapeRate = "escape_rate"
    }
}

/// Body of `PUT /v1/limit`: `{"value":0.42}` sets it by hand, `{"value":null}` or `{}` goes back to calibration's.
public struct LimitRequest: Codable, Sendable, Equatable {
    public var value: Float?

    public init(value: Float?) {
        self.value = value
    }
}

/// One fitted model.
public struct GenerationReply: Codable, Sendable, Equatable {
    public var generation: Int
    /// In use now.
    public var current: Bool
    public var backbone: String
    public var method: String
    /// SHA-256 of the shots it was fitted from.
    public var shots: [String]
    public var limit: LimitReply
    /// What the fit chose and why, a line each; absent where nothing was to be chosen.
    public var choice: [String]?

    public init(
        generation: Int, current: Bool, backbone: String, method: String, shots: [String], limit: LimitReply,
        choice: [String]? = nil
    ) {
        self.generation = generation
        self.current = current
        self.backbone = backbone
        self.method = method
        self.shots = shots
        self.limit = limit
        self.choice = choice
    }
}

/// Answer of `GET /v1/models`, newest generation first.
public struct ModelsReply: Codable, Sendable, Equatable {
    public var models: [GenerationReply]

    public init(models: [GenerationReply]) {
        self.models = models
    }
}

/// Body of `POST /v1/models/rollback`; without a generation, the one before the current.
public struct RollbackRequest: Codable, Sendable, Equatable {
    public var generation: Int?

    public init(generation: Int? = nil) {
        self.generation = generation
    }
}

/// Where the background fit stands. `request` counts up with every fit that was asked for; a client that asked for
/// request n waits until `done >= n`.
public struct FitReply: Codable, Sendable, Equatable {
    public enum State: String, Codable, Sendable {
        case idle, fitting, failed
    }
    public var state: State
    /// In [0, 1], while fitting.
    public var progress: Double?
    /// Why the latest fit failed; the model before it stays in use.
    public var message: String?
    /// The newest fit asked for, 0 = none since start.
    public var request: UInt64
    /// The newest fit that ended, well or badly.
    public var done: UInt64

    public init(state: State, progress: Double? = nil, message: String? = nil, request: UInt64, done: UInt64) {
        self.state = state
        self.progress = progress
        self.message = message
        self.request = request
        self.done = done
    }
}
