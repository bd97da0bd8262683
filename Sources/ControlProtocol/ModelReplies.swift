/// A limit of a generation and where it comes from. Of the generation in use it is the one that parts are judged by; of
/// others the calibrated one, for a limit set by hand belongs to the recipe.
package struct LimitReply: Codable, Sendable, Equatable {
    /// The score at which a part is rejected.
    package var value: Float
    /// Set by hand, or accepted after commissioning (`commissioned` is there then); false = found by calibration from
    /// the shots.
    package var manual: Bool
    /// The limit that calibration found for this generation; equal to `value` unless `manual`.
    package var calibrated: Float
    /// What the calibrated limit rests on, in words: number of held-out scores and the false-reject rate they support.
    package var evidence: String
    /// What a limit that was accepted after commissioning rests on, in words; absent for others.
    package var commissioned: String?
    /// The lowest and the highest score that are uncertain: judged, but the limit could as well be on their other side.
    /// Two numbers, or none where nothing is known of it.
    package var uncertain: [Float]
    /// What other sensitivities would give, around the one in use. Expected of the shots, not measured on parts. May be
    /// empty.
    package var options: [LimitOption]
    /// What it changes, in the answer of `PUT /v1/limit`.
    package var change: LimitChange?

    package init(
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
package struct LimitOption: Codable, Sendable, Equatable {
    /// From 0, few false rejects, to 1, few escapes.
    package var sensitivity: Double
    package var limit: Float
    /// Expected share of good parts, 0 to 1.
    package var falseRejectRate: Double
    /// Expected share of synthetic anomalies, 0 to 1; absent without any. Real defects may be harder.
    package var escapeRate: Double?

    package init(sensitivity: Double, limit: Float, falseRejectRate: Double, escapeRate: Double?) {
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

/// Body of `PUT /v1/limit?dry_run=&force=`: `{"value":0.42}` sets it by hand, `{"value":null}` goes back to calibration's. It
/// holds from the next frame on. Without `value` it is refused: what was forgotten must not count as null.
package struct LimitRequest: RequestFields, Equatable {
    /// Finite and above 0.
    package var value: Float?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case value
    }

    package init(value: Float?) {
        self.value = value
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        value = try fields.decodeNil(forKey: .value) ? nil : fields.decode(Float.self, forKey: .value)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        // Nil is said: it is what is asked for.
        try fields.encode(value, forKey: .value)
    }
}

/// One fitted model. What is behind its number never changes, but for the limit.
package struct GenerationReply: Codable, Sendable, Equatable {
    package var generation: Int
    /// In use now.
    package var current: Bool
    /// Name and digest, for people; not to be parsed.
    package var backbone: String
    /// With its settings, for people; not to be parsed.
    package var method: String
    /// SHA-256 of the shots it was fitted from. Some may have been removed from the recipe since: the model keeps what
    /// it learnt.
    package var shots: [String]
    package var limit: LimitReply
    /// What the fit chose and why, a line each; absent where nothing was to be chosen.
    package var choice: [String]?
    /// Of the shots, those that it has learnt nothing from, because they are unlike all others; absent without any. `choice`
    /// says why.
    package var oddShots: [String]?
    /// What it looks at closely; absent where the method looks at all that is inspected, without choosing.
    package var region: PartRegionReply?

    package init(
        generation: Int, current: Bool, backbone: String, method: String, shots: [String], limit: LimitReply,
        choice: [String]? = nil, oddShots: [String]? = nil, region: PartRegionReply? = nil
    ) {
        self.generation = generation
        self.current = current
        self.backbone = backbone
        self.method = method
        self.shots = shots
        self.limit = limit
        self.choice = choice
        self.oddShots = oddShots
        self.region = region
    }

    private enum CodingKeys: String, CodingKey {
        case generation, current, backbone, method, shots, limit, choice, region
        case oddShots = "odd_shots"
    }
}

/// Answer of `GET /v1/models`, newest generation first. Only those that are kept and can be read.
package struct ModelsReply: Codable, Sendable, Equatable {
    package var models: [GenerationReply]

    package init(models: [GenerationReply]) {
        self.models = models
    }
}

/// Body of `POST /v1/models/rollback`; without a generation, the one before the current. It holds until the next fit,
/// over restarts.
package struct RollbackRequest: RequestFields, Equatable {
    package var generation: Int?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case generation
    }

    package init(generation: Int? = nil) {
        self.generation = generation
    }
}

/// Answer of `POST /v1/models/rollback`: the fields of the generation's ``GenerationReply``, and what became of the shots.
package struct RollbackReply: Codable, Sendable, Equatable {
    package var model: GenerationReply
    /// SHA-256 of the shots that the generation was not fitted from: no fit learns them again until they are restored.
    package var setAside: [String]
    /// SHA-256 of those that it was fitted from and that had been set aside: they are shots again.
    package var restored: [String]

    package init(model: GenerationReply, setAside: [String], restored: [String]) {
        self.model = model
        self.setAside = setAside
        self.restored = restored
    }

    private enum CodingKeys: String, CodingKey {
        case restored
        case setAside = "set_aside"
    }

    package init(from decoder: any Decoder) throws {
        model = try GenerationReply(from: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        // Absent from older daemons.
        setAside = try fields.decodeIfPresent([String].self, forKey: .setAside) ?? []
        restored = try fields.decodeIfPresent([String].self, forKey: .restored) ?? []
    }

    package func encode(to encoder: any Encoder) throws {
        try model.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(setAside, forKey: .setAside)
        try fields.encode(restored, forKey: .restored)
    }
}

/// Where the background fit of a recipe stands. `request` counts up with every fit that was asked for; a client that
/// asked for request n waits until `done >= n`. Requests during a fit are one more fit after it, so `done` may jump.
package struct FitReply: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        case idle, fitting, failed
    }
    /// What is fitted. A client that waits asks about this recipe, for another one may be in use by then.
    package var recipe: String
    /// Of the fit that answers `request`.
    package var state: State
    /// In [0, 1], while fitting; 0 while the fit of another recipe is at work.
    package var progress: Double?
    /// Why the fit failed, or was left out at the start, while the state is `failed`; the model before it stays in use.
    package var message: String?
    /// That the fit made.
    package var generation: Int?
    /// The fit that was asked about (`?request=N`), else the newest one asked for, 0 = none since the daemon started: after
    /// a restart the numbers begin anew.
    package var request: UInt64
    /// The newest fit that ended, well or badly.
    package var done: UInt64

    package init(
        recipe: String, state: State, progress: Double? = nil, message: String? = nil, generation: Int? = nil,
        request: UInt64, done: UInt64
    ) {
        self.recipe = recipe
        self.state = state
        self.progress = progress
        self.message = message
        self.generation = generation
        self.request = request
        self.done = done
    }
}
