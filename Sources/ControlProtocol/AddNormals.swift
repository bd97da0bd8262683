/// JSON body of `POST /v1/normals`: what to take where the body is no picture. `{"seq":17}` is the stored picture of that verdict,
/// `{"seqs":[17,18]}` are those of verdicts that people judged good: that is their word for these parts, and no more is asked of
/// a person about them; what they would change is always looked at. `{"camera":"top","count":4}` are the camera's next ones;
/// without `camera` the only camera's, without `count` one.
package enum ShotSource: RequestFields, Equatable {
    case verdict(UInt64)
    /// 1 to ``ControlLimits/shotsAtOnce``, each once.
    case candidates([UInt64])
    /// `name` nil = the only camera; `count` is 1 to ``ControlLimits/shotsAtOnce``.
    case camera(name: String?, count: Int)

    /// What is wrong with a body that is JSON.
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case noSource
        case twoSources
        case count(Int)
        case candidates(Int)

        package var description: String {
            switch self {
            case .noSource: "nothing to take: \(Self.known)"
            case .twoSources: "seq and camera or count exclude each other: \(Self.known)"
            case .candidates(let count): "seqs: \(count) numbers: expected 1 to \(ControlLimits.shotsAtOnce), each once"
            case .count(let count): "count \(count): expected 1 to \(ControlLimits.shotsAtOnce)"
            }
        }

        private static let known = #"expected {"seq":N}, or {"camera":"name","count":N}"#
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case seq, seqs, camera, count
    }

    /// - Throws: ``Problem``; `DecodingError` for a field of another type.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let sequence = try fields.decodeIfPresent(UInt64.self, forKey: .seq)
        let candidates = try fields.decodeIfPresent([UInt64].self, forKey: .seqs)
        let name = try fields.decodeIfPresent(String.self, forKey: .camera)
        let count = try fields.decodeIfPresent(Int.self, forKey: .count)
        if let candidates {
            guard sequence == nil, name == nil, count == nil else { throw Problem.twoSources }
            guard (1...ControlLimits.shotsAtOnce).contains(candidates.count), Set(candidates).count == candidates.count
            else { throw Problem.candidates(candidates.count) }
            self = .candidates(candidates)
            return
        }
        switch (sequence, name, count) {
        case (nil, nil, nil): throw Problem.noSource
        case (let sequence?, nil, nil): self = .verdict(sequence)
        case (nil, _, _):
            let count = count ?? 1
            guard (1...ControlLimits.shotsAtOnce).contains(count) else { throw Problem.count(count) }
            self = .camera(name: name, count: count)
        default: throw Problem.twoSources
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .verdict(let sequence): try fields.encode(sequence, forKey: .seq)
        case .candidates(let sequences): try fields.encode(sequences, forKey: .seqs)
        case .camera(let name, let count):
            try fields.encodeIfPresent(name, forKey: .camera)
            try fields.encode(count, forKey: .count)
        }
    }
}

/// Where it stands with pictures that shall become normal shots: answer of `POST /v1/normals` (at once), and of
/// `GET /v1/normals/operations/<N>`.
package struct AddNormalsReply: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        case running
        /// Every picture was added, was there already, or was refused; and the fit is done, if there was one.
        case done
        /// It went no further; ``AddNormalsReply/error`` says why.
        case failed
    }

    /// What the daemon does, in this order; steps that are not wanted or not needed are left out.
    package enum Stage: String, Codable, Sendable {
        /// For its turn.
        case waiting
        /// The pictures; those of a camera are checked as they come.
        case taking
        case checking
        /// Fits a candidate and judges recent parts with it, when the fits before it are done.
        case previewing
        case storing
        /// Waits for the model with the shots.
        case fitting
    }

    /// What became of one picture.
    package struct Shot: Codable, Sendable, Equatable {
        package enum Outcome: String, Codable, Sendable {
            case added
            /// The recipe already has this picture, in these bytes or others; nothing changed.
            case duplicate
            /// It can be added, and will be unless `dry_run` was asked for or the operation fails before.
            case acceptable
            case refused
        }

        package var outcome: Outcome
        /// Absent when it was refused.
        package var normal: NormalReply?
        /// By the model in use; absent without one, for duplicates, and when it was refused.
        package var score: Float?
        /// Why it was refused.
        package var refusal: ErrorReply.Body?

        package init(
            outcome: Outcome, normal: NormalReply? = nil, score: Float? = nil, refusal: ErrorReply.Body? = nil
        ) {
            self.outcome = outcome
            self.normal = normal
            self.score = score
            self.refusal = refusal
        }
    }

    /// Its number: counts up from 1 since the daemon's start.
    package var operation: UInt64
    package var recipe: String
    package var state: State
    /// Where it is, or was when it ended.
    package var stage: Stage
    /// How much of the stage is done, in [0, 1].
    package var progress: Double
    /// The pictures that were checked, in the order in which they were taken.
    package var shots: [Shot]
    /// What a single new picture changes, when that was looked at.
    package var change: ShotChange?
    /// That the fit made; absent where none was asked for.
    package var generation: Int?
    /// Why it failed.
    package var error: ErrorReply.Body?

    package init(
        operation: UInt64, recipe: String, state: State, stage: Stage, progress: Double = 0, shots: [Shot] = [],
        change: ShotChange? = nil, generation: Int? = nil, error: ErrorReply.Body? = nil
    ) {
        self.operation = operation
        self.recipe = recipe
        self.state = state
        self.stage = stage
        self.progress = progress
        self.shots = shots
        self.change = change
        self.generation = generation
        self.error = error
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
    /// What a person should know before the shot is added, a sentence each; absent without any.
    package var warnings: [String]?

    package init(limitBefore: Float, limitAfter: Float, parts: Int, flips: [Flip], warnings: [String]? = nil) {
        self.limitBefore = limitBefore
        self.limitAfter = limitAfter
        self.parts = parts
        self.flips = flips
        self.warnings = warnings
    }

    /// Parts that are NG and would be OK.
    package var passing: [Flip] { flips.filter { $0.before == .ng && $0.after == .ok } }

    private enum CodingKeys: String, CodingKey {
        case parts, flips, warnings
        case limitBefore = "limit_before"
        case limitAfter = "limit_after"
    }
}
