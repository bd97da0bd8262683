package import ControlProtocol

/// Parts that people may learn from, of what is recorded: what they said, and what the newest parts look like.
package struct Candidates: Sendable {
    /// Suggestions at most: the highest scores, and odd parts.
    private static let (high, odd) = (10, 20)

    /// A part of the recipe, as its line in the journal has it.
    package struct Part: Sendable {
        package var seq: UInt64
        package var verdict: Verdict
        package var score: Float
        package var limit: Float
        package var isUncertain: Bool
        /// In its picture as a whole, or unlike the others by what teaching found.
        package var isOdd: Bool

        package init(seq: UInt64, verdict: Verdict, score: Float, limit: Float, isUncertain: Bool, isOdd: Bool) {
            self.seq = seq
            self.verdict = verdict
            self.score = score
            self.limit = limit
            self.isUncertain = isUncertain
            self.isOdd = isOdd
        }
    }

    private let judged: Rejudgements
    /// Dismissed, or shots by now.
    private let settled: Set<UInt64>

    package init(_ judged: Rejudgements, settled: Set<UInt64>) {
        self.judged = judged
        self.settled = settled
    }

    /// What people said first, then what is worth a look, the newest first of each; at most ``ControlLimits/candidates``.
    ///
    /// - Parameters:
    ///   - known: parts that somebody judged.
    ///   - newest: parts among which something may be worth a look.
    ///   - hasPicture: whether a part's is stored. Only such are suggested.
    package func list(known: [Part], newest: [Part], hasPicture: (Part) -> Bool) -> [CandidateReply] {
        let said = known.sorted { $0.seq > $1.seq }.compactMap { part -> CandidateReply? in
            guard !settled.contains(part.seq) else { return nil }
            switch (part.verdict, judged.outcome(of: part.seq)) {
            case (.ng, .good): return reply(part, .falseReject, hasPicture(part))
            case (.ok, .bad): return reply(part, .escape, hasPicture(part))
            default: return nil
            }
        }
        let others = newest.sorted { $0.seq > $1.seq }.filter {
            $0.verdict == .ok && judged.outcome(of: $0.seq) == nil && !settled.contains($0.seq) && $0.limit > 0
        }
        var suggestions: [(part: Part, kind: CandidateReply.Kind)] = others.filter(\.isUncertain).map {
            ($0, .uncertain)
        }
        let certain = others.filter { !$0.isUncertain }
        suggestions += certain.filter(\.isOdd).prefix(Self.odd).map { ($0, .odd) }
        let highest = certain.filter { !$0.isOdd }.sorted {
            ($0.score / $0.limit, $0.seq) > ($1.score / $1.limit, $1.seq)
        }
        suggestions += highest.prefix(Self.high).map { ($0, .high) }
        // The newest 500 that somebody judged: of more nobody keeps the pictures.
        let kept = said.prefix(ControlLimits.candidates)
        let room = ControlLimits.candidates - kept.count
        let looked = suggestions.filter { hasPicture($0.part) }.prefix(room).map { reply($0.part, $0.kind, true) }
        return kept + looked
    }

    private func reply(_ part: Part, _ kind: CandidateReply.Kind, _ hasPicture: Bool) -> CandidateReply {
        CandidateReply(
            seq: part.seq, kind: kind, verdict: part.verdict, score: part.score, limit: part.limit,
            hasPicture: hasPicture)
    }
}
