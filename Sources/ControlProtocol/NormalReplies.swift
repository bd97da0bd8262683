/// One normal shot of the recipe.
package struct NormalReply: Codable, Sendable, Equatable {
    /// Of the bytes as they came; its name everywhere.
    package var sha256: String
    package var format: String
    package var bytes: Int
    /// The generation in use was fitted from it.
    package var fitted: Bool

    package init(sha256: String, format: String, bytes: Int, fitted: Bool) {
        self.sha256 = sha256
        self.format = format
        self.bytes = bytes
        self.fitted = fitted
    }
}

/// Answer of `GET /v1/normals`.
package struct NormalsReply: Codable, Sendable, Equatable {
    package var recipe: String
    package var normals: [NormalReply]

    package init(recipe: String, normals: [NormalReply]) {
        self.recipe = recipe
        self.normals = normals
    }
}

/// Answer of `POST /v1/normals` and `/v1/normals/from-verdict`.
package struct AddNormalReply: Codable, Sendable, Equatable {
    package enum Outcome: String, Codable, Sendable {
        case added
        /// The recipe already has this picture, in these bytes or others; nothing changed.
        case duplicate
        /// `dry_run` was asked for: the picture would be added.
        case acceptable
    }
    package var outcome: Outcome
    package var normal: NormalReply
    /// By the model in use; absent without one, and for duplicates.
    package var score: Float?
    /// The fit that was started, when one was.
    package var fit: FitReply?

    package init(outcome: Outcome, normal: NormalReply, score: Float? = nil, fit: FitReply?) {
        self.outcome = outcome
        self.normal = normal
        self.score = score
        self.fit = fit
    }
}

/// What a shot would change.
package struct ShotChange: Codable, Sendable, Equatable {
    /// A part whose verdict would be another one.
    package struct Flip: Codable, Sendable, Equatable {
        package var seq: UInt64
        package var frame: String
        package var before: Verdict
        package var after: Verdict

        package init(seq: UInt64, frame: String, before: Verdict, after: Verdict) {
            self.seq = seq
            self.frame = frame
            self.before = before
            self.after = after
        }
    }

    package var limitBefore: Float
    package var limitAfter: Float
    /// Recent parts whose stored pictures were judged by both models.
    package var parts: Int
    package var flips: [Flip]

    package init(limitBefore: Float, limitAfter: Float, parts: Int, flips: [Flip]) {
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
package struct PreviewReply: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        case running, done, failed
    }
    /// Counts up with every preview.
    package var number: UInt64
    package var state: State
    /// In [0, 1], while running.
    package var progress: Double
    /// Why it failed.
    package var message: String?
    /// When done.
    package var change: ShotChange?

    package init(number: UInt64, state: State, progress: Double = 0, message: String? = nil, change: ShotChange? = nil)
    {
        self.number = number
        self.state = state
        self.progress = progress
        self.message = message
        self.change = change
    }
}

/// Body of `POST /v1/normals/from-verdict`: the stored picture of that verdict becomes a normal shot.
package struct FromVerdictRequest: Codable, Sendable, Equatable {
    package var seq: UInt64

    package init(seq: UInt64) {
        self.seq = seq
    }
}

/// Body of `POST /v1/normals/from-camera`: the next pictures become normal shots.
package struct FromCameraRequest: Codable, Sendable, Equatable {
    /// Absent = the only camera.
    package var camera: String?
    /// 1 to 32; absent = 1.
    package var count: Int?

    package init(camera: String? = nil, count: Int? = nil) {
        self.camera = camera
        self.count = count
    }
}

/// Answer of `POST /v1/normals/from-camera`: what became of each picture, in the order in which they were taken.
package struct FromCameraReply: Codable, Sendable, Equatable {
    package struct Shot: Codable, Sendable, Equatable {
        /// Absent when it was refused.
        package var added: AddNormalReply?
        /// Why it was refused.
        package var refusal: ErrorReply.Body?

        package init(added: AddNormalReply?, refusal: ErrorReply.Body?) {
            self.added = added
            self.refusal = refusal
        }
    }

    package var recipe: String
    package var shots: [Shot]
    /// The fit that was started, when one was.
    package var fit: FitReply?

    package init(recipe: String, shots: [Shot], fit: FitReply?) {
        self.recipe = recipe
        self.shots = shots
        self.fit = fit
    }
}

/// Answer of `DELETE /v1/normals/<sha256>`.
package struct RemoveNormalReply: Codable, Sendable, Equatable {
    package var removed: String
    package var fit: FitReply?

    package init(removed: String, fit: FitReply?) {
        self.removed = removed
        self.fit = fit
    }
}
