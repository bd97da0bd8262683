/// One normal shot of the recipe.
public struct NormalReply: Codable, Sendable, Equatable {
    /// Of the bytes as they came; its name everywhere.
    public var sha256: String
    public var format: String
    public var bytes: Int
    /// The generation in use was fitted from it.
    public var fitted: Bool

    public init(sha256: String, format: String, bytes: Int, fitted: Bool) {
        self.sha256 = sha256
        self.format = format
        self.bytes = bytes
        self.fitted = fitted
    }
}

/// Answer of `GET /v1/normals`.
public struct NormalsReply: Codable, Sendable, Equatable {
    public var recipe: String
    public var normals: [NormalReply]

    public init(recipe: String, normals: [NormalReply]) {
        self.recipe = recipe
        self.normals = normals
    }
}

/// Answer of `POST /v1/normals` and `/v1/normals/from-verdict`.
public struct AddNormalReply: Codable, Sendable, Equatable {
    public enum Outcome: String, Codable, Sendable {
        case added
        /// The recipe already has this picture, in these bytes or others; nothing changed.
        case duplicate
        /// `dry_run` was asked for: the picture would be added.
        case acceptable
    }
    public var outcome: Outcome
    public var normal: NormalReply
    /// By the model in use; absent without one, and for duplicates.
    public var score: Float?
    /// The fit that was started, when one was.
    public var fit: FitReply?

    public init(outcome: Outcome, normal: NormalReply, score: Float? = nil, fit: FitReply?) {
        self.outcome = outcome
        self.normal = normal
        self.score = score
        self.fit = fit
    }
}

/// What a shot would change.
public struct ShotChange: Codable, Sendable, Equatable {
    /// A part whose verdict would be another one.
    public struct Flip: Codable, Sendable, Equatable {
        public var seq: UInt64
        public var frame: String
        public var before: Verdict
        public var after: Verdict

        public init(seq: UInt64, frame: String, before: Verdict, after: Verdict) {
            self.seq = seq
            self.frame = frame
            self.before = before
            self.after = after
        }
    }

    public var limitBefore: Float
    public var limitAfter: Float
    /// Recent parts whose stored pictures were judged by both models.
    public var parts: Int
    public var flips: [Flip]

    public init(limitBefore: Float, limitAfter: Float, parts: Int, flips: [Flip]) {
        self.limitBefore = limitBefore
        self.limitAfter = limitAfter
        self.parts = parts
        self.flips = flips
    }

    private enum CodingKeys: String, CodingKey {
        case parts, flips
        case limitBefore = "limit_before"
        case limitAfter = "limit_after"
    }
}

/// Answer of `POST /v1/normals/preview?parts=&seq=` and `GET /v1/normals/preview`.
public struct PreviewReply: Codable, Sendable, Equatable {
    public enum State: String, Codable, Sendable {
        case running, done, failed
    }
    /// Counts up with every preview.
    public var number: UInt64
    public var state: State
    /// In [0, 1], while running.
    public var progress: Double
    /// Why it failed.
    public var message: String?
    /// When done.
    public var change: ShotChange?

    public init(number: UInt64, state: State, progress: Double = 0, message: String? = nil, change: ShotChange? = nil) {
        self.number = number
        self.state = state
        self.progress = progress
        self.message = message
        self.change = change
    }
}

/// Body of `POST /v1/normals/from-verdict`: the stored picture of that verdict becomes a normal shot.
public struct FromVerdictRequest: Codable, Sendable, Equatable {
    public var seq: UInt64

    public init(seq: UInt64) {
        self.seq = seq
    }
}

/// Body of `POST /v1/normals/from-camera`: the next pictures become normal shots.
public struct FromCameraRequest: Codable, Sendable, Equatable {
    /// Absent = the only camera.
    public var camera: String?
    /// 1 to 32; absent = 1.
    public var count: Int?

    public init(camera: String? = nil, count: Int? = nil) {
        self.camera = camera
        self.count = count
    }
}

/// Answer of `POST /v1/normals/from-camera`: what became of each picture, in the order in which they were taken.
public struct FromCameraReply: Codable, Sendable, Equatable {
    public struct Shot: Codable, Sendable, Equatable {
        /// Absent when it was refused.
        public var added: AddNormalReply?
        /// Why it was refused.
        public var refusal: ErrorReply.Body?

        public init(added: AddNormalReply?, refusal: ErrorReply.Body?) {
            self.added = added
            self.refusal = refusal
        }
    }

    public var recipe: String
    public var shots: [Shot]
    /// The fit that was started, when one was.
    public var fit: FitReply?

    public init(recipe: String, shots: [Shot], fit: FitReply?) {
        self.recipe = recipe
        self.shots = shots
        self.fit = fit
    }
}

/// Answer of `DELETE /v1/normals/<sha256>`.
public struct RemoveNormalReply: Codable, Sendable, Equatable {
    public var removed: String
    public var fit: FitReply?

    public init(removed: String, fit: FitReply?) {
        self.removed = removed
        self.fit = fit
    }
}
