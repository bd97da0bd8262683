package import ControlProtocol

extension ShareReply {
    /// Of the normal distribution, two-sided 95 %.
    private static let z = 1.959963984540054

    /// Wilson's bounds (1927), without a correction for continuity; nil of nothing.
    package init?(_ count: Int, of all: Int) {
        guard all > 0 else { return nil }
        let (n, share) = (Double(all), Double(count) / Double(all))
        let z2 = Self.z * Self.z
        let centre = (share + z2 / (2 * n)) / (1 + z2 / n)
        let half = Self.z / (1 + z2 / n) * (share * (1 - share) / n + z2 / (4 * n * n)).squareRoot()
        self.init(
            count: count, of: all, lower: count == 0 ? 0 : max(0, centre - half),
            upper: count == all ? 1 : min(1, centre + half))
    }
}

/// What people said of parts: of each the last word of each person counts.
package struct Rejudgements: Sendable {
    package enum Outcome: Sendable, Equatable {
        case good, bad
        /// Two people say different things.
        case disputed
    }

    /// Of each part, by person: those at the operator's page by what they call themselves, and all who say nothing as one.
    private let words: [UInt64: [String: JudgedAs]]
    /// Of each part what the newest word on it names.
    private let defects: [UInt64: String]

    /// - Parameter events: in the order of their numbers. What was refused, or failed as a later one says, was not said.
    package init(_ events: [EventRecord] = []) {
        let failed = Set(events.compactMap(\.failed))
        var words: [UInt64: [String: JudgedAs]] = [:]
        var defects: [UInt64: String] = [:]
        for event in events where event.event == .judgement && event.refused != true && !failed.contains(event.seq) {
            guard case .count(let number) = event.after["seq"], let seq = UInt64(exactly: number),
                case .text(let text) = event.after["judged"], let judged = JudgedAs(rawValue: text)
            else { continue }
            let person = event.uid.map { "\($0)" } ?? "\(event.origin.rawValue) \(event.name ?? "")"
            words[seq, default: [:]][person] = judged
            defects[seq] = if case .text(let defect) = event.after["defect"] { defect } else { nil }
        }
        self.words = words
        self.defects = defects
    }

    /// What people said last of each part that they did not take their words back of, in the order of the parts.
    package var parts: [JudgementListReply.Part] {
        words.keys.sorted().compactMap { seq in
            outcome(of: seq).map { outcome in
                let said: JudgementListReply.Outcome =
                    switch outcome {
                    case .good: .good
                    case .bad: .bad
                    case .disputed: .disputed
                    }
                return .init(seq: seq, outcome: said, defect: said == .good ? nil : defects[seq])
            }
        }
    }

    package func outcome(of seq: UInt64) -> Outcome? {
        let said = Set((words[seq] ?? [:]).values).subtracting([.unsure])
        if said.count > 1 { return .disputed }
        return said.first.map { $0 == .ok ? .good : .bad }
    }
}

/// Counts what people said of OK and NG parts.
struct RejudgedTally: Sendable {
    private var (rejects, falseRejects, passed, escapes, disputed) = (0, 0, 0, 0, 0)

    mutating func count(_ verdict: Verdict, _ outcome: Rejudgements.Outcome) {
        switch (verdict, outcome) {
        case (.invalid, _): return
        case (_, .disputed): disputed += 1
        case (.ng, _):
            rejects += 1
            if outcome == .good { falseRejects += 1 }
        case (.ok, _):
            passed += 1
            if outcome == .bad { escapes += 1 }
        }
    }

    /// Nil where nobody said anything.
    func reply(ok: Int, ng: Int) -> RejudgedReply? {
        guard rejects + passed + disputed > 0 else { return nil }
        return RejudgedReply(
            falseRejects: ShareReply(falseRejects, of: rejects), escapes: ShareReply(escapes, of: passed),
            falseRejectRate: rejects == ng ? ShareReply(falseRejects, of: ok + falseRejects) : nil, disputed: disputed)
    }
}
