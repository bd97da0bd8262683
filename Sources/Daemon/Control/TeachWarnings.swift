import ControlProtocol
import Core

/// What a person should know before parts of the line teach a model.
struct TeachWarnings {
    /// From here on more parts add little (docs/accuracy.md).
    private static let enoughParts = 20
    /// How far above the limit a typical good part may be: one shot says little of the next part. Good parts of the products that were
    /// looked at had 2 and 4 times the limit of an only shot, those of another product 5 times.
    private static let farFromOnlyShot: Float = 4

    /// Why it takes a person's word; nil when nothing stands against it.
    let objection: String?
    /// The heaviest first.
    let sentences: [String]

    /// - Parameters:
    ///   - parts: kept ones, at least one of them scored by the new model.
    ///   - passing: parts that were NG and would be OK.
    ///   - damaged: kept parts that could not be read.
    ///   - rejects: how many parts were NG or uncertain since the one with this number.
    init(
        _ parts: [TeachProposal.Part], _ change: ShotChange, passing: [UInt64], _ active: Recipe.Active,
        _ model: FittedModel,
        damaged: Int,
        rejects: (_ first: UInt64) throws -> Int
    ) rethrows {
        objection =
            Self.passing(passing) ?? Self.strangers(parts, active) ?? Self.lax(active, model)
            ?? Self.implausible(change, active)
        var sentences: [String] = []
        if change.parts == 0 {
            sentences.append(
                "no picture of a recent part is stored, and nobody can see which of them would pass: `save_images`")
        }
        if let stays = Self.staying(active, model) { sentences.append(stays) }
        let odd = parts.filter { $0.fate == Lesson.Fate.odd.rawValue }.map(\.seq)
        if !odd.isEmpty {
            sentences.append(
                "parts that are unlike all others and not learnt: \(Self.list(odd)): look at them, they may be bad")
        }
        let count = parts.count { $0.after != nil }
        let rejects = try parts.first.map { try rejects($0.seq) } ?? 0
        // Of good ones some are always rejected.
        if Double(rejects) > 0.2 * Double(rejects + parts.count), active.commission == nil {
            sentences.append(
                "\(rejects) parts were NG or uncertain meanwhile and are not among these \(parts.count): if they were good, the limit comes "
                    + "out too low: run known-good parts with `fsacctl commission --parts 30`, which keeps all of them")
        }
        if count < Self.enoughParts {
            sentences.append("\(count) different parts are few: \(Self.enoughParts) to 30 tell the limit better")
        }
        if let inspectionTime = active.model.inspectionTime, model.inspectionTime == nil {
            sentences.append(
                "the model in use was fitted to judge a frame within \(inspectionTime.budget) ms: one that "
                    + "remembers parts, too, takes longer, and how long was not measured: `fsacctl status` shows it once it is in use"
            )
        }
        if damaged > 0 { sentences.append("\(damaged) kept parts were damaged on the disk, and are left out") }
        self.sentences = sentences
    }

    private static func staying(_ active: Recipe.Active, _ model: FittedModel) -> String? {
        active.manual.map { manual in
            "the limit \(manual.value) that was set by \(manual.proposal == nil ? "hand" : "commissioning") stays in use: "
                + "`fsacctl limit auto` takes that of the parts, \(model.calibration.evidence.limit)"
        }
    }

    /// A limit is set for the scores of the model of then: by one that knows the parts, a bad part scores less.
    private static func lax(_ active: Recipe.Active, _ model: FittedModel) -> String? {
        guard let manual = active.manual, manual.value > model.calibration.evidence.limit else { return nil }
        return staying(active, model).map { $0 + ", first: bad parts could pass; with --force it stays" }
    }

    private static func passing(_ parts: [UInt64]) -> String? {
        guard !parts.isEmpty else { return nil }
        return
            "\(parts.count == 1 ? "part" : "parts") \(list(parts)) would be OK and \(parts.count == 1 ? "is" : "are") NG: "
            + "if a person has looked at what would pass, and all of it is good, repeat the command with --force"
    }

    /// Parts may be like one another because all of them are of another product, or bad in the same way.
    private static func strangers(_ parts: [TeachProposal.Part], _ active: Recipe.Active) -> String? {
        let scores = parts.map(\.before).sorted()
        let evidence = active.model.calibration.evidence
        let factor =
            evidence.shotCount == 1 && !evidence.isOfStream ? Self.farFromOnlyShot : LimitChange.plausibleFactor
        guard !scores.isEmpty, scores[scores.count / 2] > factor * active.summary.limit else { return nil }
        return
            "most of these parts score more than \(factor) times what the model allows a good part, "
            + "\(active.summary.limit): they are like one another, and unlike what it knows: if it is the right product, and "
            + "somebody has looked at the parts and all is well, repeat the command with --force"
    }

    private static func implausible(_ change: ShotChange, _ active: Recipe.Active) -> String? {
        guard change.limitAfter > LimitChange.plausibleFactor * active.summary.limit else { return nil }
        return "the limit \(change.limitAfter) is more than \(LimitChange.plausibleFactor) times the one of before, "
            + "\(active.summary.limit): parts differ that much: if they are all good, repeat the command with --force"
    }

    private static func list(_ numbers: [UInt64]) -> String {
        numbers.prefix(10).map(String.init).joined(separator: ", ") + (numbers.count > 10 ? ", ..." : "")
    }
}
