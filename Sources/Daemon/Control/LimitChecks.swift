import ControlProtocol
import Core

/// Looks at a limit before it is set: what it would change among the newest parts, and whether that takes a person's word. Reads
/// the journal: for ``WorkLane/slow``.
struct LimitChecks: Sendable {
    /// Newest parts that are looked at. Their scores are in the journal: nothing is computed.
    static let parts = 200

    let recent: RecentParts

    /// - Parameter value: nil = calibration's.
    /// - Throws: ``StoreError``; what the journal throws.
    func change(to value: Float?, in recipe: Recipe) throws -> LimitChange {
        let active = try recipe.inUse()
        let after = value ?? active.summary.limit
        // As far as it is known: else the verdicts that parts got have to stand for it.
        let before = active.isLimitLost ? nil : active.limit
        let parts = try recent.newest(Self.parts, of: recipe.name) { record in
            // Scores of other generations may mean something else. Muted ones had no verdict.
            record.generation == active.generation && record.verdict != .invalid
                ? record.score.map { (record, score: $0) } : nil
        }
        let flips = parts.compactMap { record, score -> LimitChange.Flip? in
            let old: Verdict = before.map { score.isReject(at: $0) ? .ng : .ok } ?? record.verdict
            let new: Verdict = score.isReject(at: after) ? .ng : .ok
            return old == new
                ? nil : .init(seq: record.seq, frame: record.frame, score: score, before: old, after: new)
        }
        var change = LimitChange(limitBefore: before, limitAfter: after, parts: parts.count, flips: flips)
        change.objection =
            Self.escapes(flips, of: parts.count) ?? value.flatMap { Self.implausible($0, active.summary.limit, before) }
        return change
    }

    /// Rejects that would pass.
    private static func escapes(_ flips: [LimitChange.Flip], of parts: Int) -> String? {
        let escapes = flips.filter { $0.after == .ok }
        guard !escapes.isEmpty else { return nil }
        let shown = escapes.prefix(3).map { "\($0.seq) with score \($0.score)" } + (escapes.count > 3 ? ["..."] : [])
        return
            "\(escapes.count) of the last \(parts) parts were NG and would be OK (\(shown.joined(separator: ", "))): "
            + "if a person has looked at them and they are good, repeat it with --force"
    }

    /// Higher than anything that the shots make plausible, and than what is in use.
    private static func implausible(_ value: Float, _ calibrated: Float, _ before: Float?) -> String? {
        guard value > LimitChange.plausibleFactor * calibrated, value > before ?? 0 else { return nil }
        return
            "\(value) is more than \(LimitChange.plausibleFactor) times the limit that the shots give (\(calibrated)): a bad part "
            + "could pass: if that is meant, repeat it with --force"
    }
}
