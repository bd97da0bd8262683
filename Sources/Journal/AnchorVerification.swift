package import ControlProtocol

/// What anchors say of the journals. As `fsacctl verify --json` prints it.
package struct AnchorReport: Codable, Sendable, Equatable {
    /// In the event journal.
    package var anchors = 0
    /// Of them so many whose verdicts and events are those that they were made of; lines of others are gone with retention.
    package var checked = 0
    /// Of those that were kept elsewhere so many that are the same here; absent when none was given.
    package var kept: Int?
    package var findings: [JournalReport.Finding] = []
}

/// Compares the lines of both journals with the anchors in the event journal, and those with anchors that were kept elsewhere. Three
/// looks, one after the other: at the events for their anchors, then at the lines of the events, then at those of the verdicts.
package struct AnchorVerification {
    /// The lines of one journal between two anchors.
    private struct Stretch {
        let before: LineChain
        let after: LineChain
        /// The anchor's own number.
        let event: UInt64
    }

    private enum Outcome { case same, other, unknown }

    /// One journal read from its oldest line to its newest.
    private struct Course {
        private var rest: ArraySlice<Stretch>
        private var chain: LineChain?
        private var first: UInt64?
        private(set) var outcomes: [Outcome] = []

        init(_ stretches: [Stretch]) { rest = stretches[...] }

        mutating func look(at line: VerdictLine) {
            first = first ?? line.sequence
            while let stretch = rest.first, line.sequence > stretch.after.sequence { end(stretch) }
            guard let stretch = rest.first, line.sequence > stretch.before.sequence else { return }
            var chain = chain ?? stretch.before
            chain.add(line)
            self.chain = chain
        }

        mutating func finish() {
            while let stretch = rest.first { end(stretch) }
        }

        private mutating func end(_ stretch: Stretch) {
            rest.removeFirst()
            // The oldest line of a journal stands behind those that are gone with retention.
            let isWhole = first.map { $0 <= stretch.before.sequence + 1 } ?? false
            outcomes.append(!isWhole ? .unknown : (chain ?? stretch.before) == stretch.after ? .same : .other)
            chain = nil
        }
    }

    private var anchors: [EventRecord] = []
    private var stretches: [(events: Stretch, verdicts: Stretch)] = []
    private var events = Course([])
    private var verdicts = Course([])
    private var report = AnchorReport()

    package init() {}

    // MARK: Looks

    /// - Parameter line: of the event journal.
    package mutating func find(in line: VerdictLine) {
        guard let event = JournalAnchor.event(line.bytes), event.refused != true else { return }
        anchors.append(event)
    }

    /// All anchors are found.
    package mutating func begin() {
        report.anchors = anchors.count
        var known: JournalAnchor?
        for event in anchors {
            guard let before = JournalAnchor(event.before), let after = JournalAnchor(event.after) else {
                add(.damaged, "events", event.seq, event.seq, "an anchor without its chains")
                continue
            }
            if let known, known != before {
                add(.untied, "events", event.seq, event.seq, "an anchor that does not begin where the one before ends")
            }
            known = after
            stretches.append(
                (
                    Stretch(before: before.events, after: after.events, event: event.seq),
                    Stretch(before: before.verdicts, after: after.verdicts, event: event.seq)
                ))
        }
        (events, verdicts) = (Course(stretches.map(\.events)), Course(stretches.map(\.verdicts)))
    }

    package mutating func look(atEvent line: VerdictLine) { events.look(at: line) }
    package mutating func look(atVerdict line: VerdictLine) { verdicts.look(at: line) }

    /// - Parameter kept: events `anchor` as they were told and kept elsewhere; nil = none were given.
    package mutating func finish(kept: [EventRecord]?) -> AnchorReport {
        events.finish()
        verdicts.finish()
        for (between, outcomes) in zip(stretches, zip(events.outcomes, verdicts.outcomes)) {
            if outcomes == (.same, .same) { report.checked += 1 }
            for (place, stretch, outcome) in [
                ("events", between.events, outcomes.0), ("journal", between.verdicts, outcomes.1),
            ] where outcome == .other {
                add(
                    .changed, place, stretch.before.sequence + 1, stretch.after.sequence,
                    "not the lines that the anchor of event \(stretch.event) was made of")
            }
        }
        if let kept { compare(with: kept) }
        return report
    }

    private mutating func compare(with kept: [EventRecord]) {
        let known = Dictionary(anchors.map { ($0.seq, $0) }) { $1 }
        var same: Set<UInt64> = []
        for event in kept {
            guard let own = known[event.seq] else {
                add(.missing, "events", event.seq, event.seq, "an anchor that was kept")
                continue
            }
            if (own.before, own.after) == (event.before, event.after) {
                same.insert(event.seq)
            } else {
                add(.changed, "events", event.seq, event.seq, "not the anchor that was kept")
            }
        }
        report.kept = same.count
    }

    private mutating func add(
        _ kind: JournalReport.Finding.Kind, _ place: String, _ first: UInt64, _ last: UInt64, _ reason: String
    ) {
        guard report.findings.count < JournalReport.mostFindings else { return }
        report.findings.append(.init(kind, file: place, from: first, to: last, reason: reason))
    }
}
