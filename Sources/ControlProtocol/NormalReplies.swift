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
        /// The recipe already has these very bytes; nothing changed.
        case duplicate
        /// `dry_run` was asked for: the picture would be added.
        case acceptable
    }
    public var outcome: Outcome
    public var normal: NormalReply
    /// The fit that was started, when one was.
    public var fit: FitReply?

    public init(outcome: Outcome, normal: NormalReply, fit: FitReply?) {
        self.outcome = outcome
        self.normal = normal
        self.fit = fit
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
