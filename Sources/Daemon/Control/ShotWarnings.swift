import ControlProtocol
import Core
import Foundation

/// What a person should know of a shot before it is added: what the model in use, and a candidate with the shot, have to say.
struct ShotWarnings {
    /// Of one recent part.
    struct Scores {
        let before: Float
        let after: Float
    }

    /// From here on it is worth a sentence that a defect may be more times as strong as before, or as many times less. The third
    /// shot of a product moves it less than this (docs/accuracy.md).
    private static let notableFactor: Float = 1.15

    /// The heaviest first.
    let sentences: [String]

    /// - Parameters:
    ///   - scores: of the recent parts that both models judged.
    ///   - sha256: the new shots'.
    init(
        of change: ShotChange, _ scores: [Scores], from model: FittedModel, to candidate: FittedModel,
        with sha256: Set<String>
    ) {
        sentences =
            [
                Self.passing(change), Self.taught(model), Self.merged(model, candidate), Self.scale(change, scores),
                Self.region(model, candidate),
            ].compactMap(\.self)
            + Self.odd(model, candidate, sha256)
    }

    private static func passing(_ change: ShotChange) -> String? {
        let parts = change.passing.map(\.seq)
        guard let first = parts.first else { return nil }
        return parts.count == 1
            ? "part \(first), which is NG, would pass"
            : "\(parts.count) of the last \(change.parts) parts, which are NG, would pass"
    }

    /// A fit begins with the shots again.
    private static func taught(_ model: FittedModel) -> String? {
        model.lesson.map { lesson in
            "\(lesson.learnt) parts of the line that taught the model in use are not in a fit of the shots: keep parts and teach "
                + "it again with `fsacctl teach`"
        }
    }

    private static func merged(_ model: FittedModel, _ candidate: FittedModel) -> String? {
        let (before, after) = (model.calibration.evidence, candidate.calibration.evidence)
        guard after.partCount < before.partCount, candidate.shots.count > model.shots.count else { return nil }
        let odd = candidate.oddShots.count - model.oddShots.count
        guard before.partCount - after.partCount > odd else { return nil }
        return "shots that show \(before.partCount) parts now would be taken for pictures of \(after.partCount)"
    }

    /// How much stronger a defect may be before it is seen: the limit's distance from good parts, as a factor.
    private static func scale(_ change: ShotChange, _ scores: [Scores]) -> String? {
        let good = scores.filter { !$0.before.isReject(at: change.limitBefore) }
        let used = good.isEmpty ? scores : good
        guard let before = median(used.map(\.before)), let after = median(used.map(\.after)), before > 0, after > 0
        else {
            return nil
        }
        let factor = (change.limitAfter / after) / (change.limitBefore / before)
        guard factor > notableFactor || factor < 1 / notableFactor else { return nil }
        let parts = good.isEmpty ? "recent parts" : "recent parts that are OK"
        let numbers =
            String(
                format: "%.2f instead of %.2f at a limit of %.2f instead of %.2f", after, before, change.limitAfter,
                change.limitBefore)
        return "the score scale moves: \(parts) score \(numbers), so that a defect "
            + (factor > 1
                ? String(format: "could be %.1f times as strong and pass", factor)
                : String(format: "is seen at %.1f times its strength, and more good parts are rejected", factor))
    }

    /// That something else is looked at closely; a box may be a little larger or smaller.
    private static func region(_ model: FittedModel, _ candidate: FittedModel) -> String? {
        guard let before = model.partRegion, let after = candidate.partRegion, !after.isLike(before),
            let finding = after.findings.first
        else { return nil }
        return "what is looked at closely would change: \(finding)"
    }

    private static func odd(_ model: FittedModel, _ candidate: FittedModel, _ sha256: Set<String>) -> [String] {
        let others = candidate.shots.count - candidate.oddShots.count
        return candidate.oddShots.compactMap { shot in
            if sha256.contains(shot.sha256) {
                let which = sha256.count == 1 ? "this picture" : "picture \(shot.sha256.prefix(12))"
                return "nothing would be learnt from \(which) until one of another part like it is added: "
                    + (shot.isDoubted ? "it is NG or uncertain by the model in use; " : "")
                    + String(format: "it scores %.2f by the other %ld shots, ", shot.score, others)
                    + String(format: "none of which scores more than %.2f without itself", shot.highestOther)
            }
            let isNew = !model.oddShots.contains { $0.sha256 == shot.sha256 }
            return isNew ? "shot \(shot.sha256.prefix(12)) would be left out, since it is unlike all others" : nil
        }
    }

    private static func median(_ values: [Float]) -> Float? {
        values.isEmpty ? nil : values.sorted()[values.count / 2]
    }
}
