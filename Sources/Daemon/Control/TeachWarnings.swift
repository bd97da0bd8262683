import ControlProtocol
import Core

/// What a person should know before parts of the line teach a model.
struct TeachWarnings {
    /// From here on more parts add little (docs/accuracy.md).
    private static let enoughParts = 20

    /// Why it takes a person's word; nil when nothing stands against it.
    let objection: String?
    /// The heaviest first.
    let sentences: [String]

    /// - Parameters:
    ///   - passing: parts that were NG and would be OK.
    ///   - damaged: kept parts that could not be read.
    ///   - rejects: how many parts were NG or uncertain since the one with this number.
    init(
        _ parts: [TeachProposal.Part], _ change: ShotChange, passing: [UInt64], _ active: Recipe.Active,
        _ model: FittedModel,
        damaged: Int,
        rejects: (_ first: UInt64) throws -> Int
    ) rethrows {
        objection = Self.passing(passing) ?? Self.implausible(change, active)
        var sentences: [String] = []
        if let manual = active.manual {
            sentences.append(
                "the limit \(manual.value) that was set by \(manual.proposal == nil ? "hand" : "commissioning") stays in use: "
                    + "`fsacctl limit auto` takes that of the parts, \(model.calibration.evidence.limit)")
        }
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
        if damaged > 0 { sentences.append("\(damaged) kept parts were damaged on the disk, and are left out") }
        self.sentences = sentences
    }

    private static func passing(_ parts: [UInt64]) -> String? {
        guard !parts.isEmpty else { return nil }
        return
            "\(parts.count == 1 ? "part" : "parts") \(list(parts)) would be OK and \(parts.count == 1 ? "is" : "are") NG: "
            + "if a person has looked at what would pass, and all of it is good, repeat the command with --force"
    }

    private static func implausible(_ change: ShotChange, _ active: Recipe.Active) -> String? {
        guard change.limitAfter > LimitChecks.plausibleFactor * active.summary.limit else { return nil }
        return "the limit \(change.limitAfter) is more than \(LimitChecks.plausibleFactor) times the one of before, "
            + "\(active.summary.limit): parts differ that much: if they are all good, repeat the command with --force"
    }

    private static func list(_ numbers: [UInt64]) -> String {
        numbers.prefix(10).map(String.init).joined(separator: ", ") + (numbers.count > 10 ? ", ..." : "")
    }
}
