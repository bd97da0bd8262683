import ControlProtocol
import Statistics
import Testing

/// What people say of parts afterwards.
@Suite struct RejudgementTests {
    private func event(
        _ seq: Int, _ judged: JudgedAs, by uid: UInt32 = 1, _ change: (inout EventRecord) -> Void = { _ in }
    ) -> EventRecord {
        var event = EventRecord(
            seq: 1, time: "2026-01-02T03:04:05.000000Z", event: .judgement, origin: .control, uid: uid,
            after: ["seq": .count(seq), "judged": .text(judged.rawValue)])
        change(&event)
        return event
    }

    private func rejudgements(_ events: [EventRecord]) -> Rejudgements {
        Rejudgements(
            events.enumerated().map { index, event in
                var event = event
                event.seq = UInt64(index + 1)
                return event
            })
    }

    @Test func theLastWordOfAPersonCounts() {
        let said = rejudgements([event(7, .ok), event(7, .ng), event(8, .ng), event(8, .unsure)])
        #expect(said.outcome(of: 7) == .bad && said.outcome(of: 8) == nil && said.outcome(of: 9) == nil)
    }

    @Test func twoWhoDifferAreADispute() {
        let events = [event(7, .ok, by: 1), event(7, .ng, by: 2)]
        #expect(rejudgements(events).outcome(of: 7) == .disputed)
        #expect(rejudgements(events + [event(7, .unsure, by: 2)]).outcome(of: 7) == .good)
        #expect(rejudgements(events + [event(7, .ok, by: 2)]).outcome(of: 7) == .good)
    }

    @Test func whatWasRefusedWasNotSaid() {
        #expect(rejudgements([event(7, .ok) { $0.refused = true }]).outcome(of: 7) == nil)
        // The second event says that the first one's word did not stand: the person was told that it failed.
        let failed = event(7, .ng) { ($0.failed, $0.after) = (2, [:]) }
        #expect(rejudgements([event(7, .ok), event(7, .ng), failed]).outcome(of: 7) == .good)
    }

    private func count(_ verdicts: [Verdict], _ said: Rejudgements) throws -> RejudgedReply? {
        var count = StatisticsCount(StatisticsQuestion(from: 0, to: 1000, by: .camera), try .berlin(), said)
        for (index, verdict) in verdicts.enumerated() {
            count.count(
                VerdictFacts(
                    seq: UInt64(index + 1), time: Int64(index), camera: "top", recipe: "bottle", verdict: verdict))
        }
        let index = IndexReply(lastSequence: 0, journalSequence: 0, unreadable: 0)
        return count.reply(station: "", downtime: Downtime(), index: index, now: 0).total.rejudged
    }

    @Test func falseRejectsAndEscapesAreCountedByWhatPeopleSaid() throws {
        // 1 and 2 are NG, 3 to 6 OK, 7 INVALID.
        let verdicts: [Verdict] = [.ng, .ng, .ok, .ok, .ok, .ok, .invalid]
        #expect(try count(verdicts, Rejudgements()) == nil)
        let some = try #require(
            try count(verdicts, rejudgements([event(1, .ok), event(3, .ng), event(4, .ok), event(7, .ok)])))
        #expect(some.falseRejects?.count == 1 && some.falseRejects?.of == 1)
        #expect(some.escapes?.count == 1 && some.escapes?.of == 2)
        // One NG is left that nobody looked at.
        #expect(some.falseRejectRate == nil)
        let all = try #require(try count(verdicts, rejudgements([event(1, .ok), event(2, .ng)])))
        #expect(all.falseRejectRate?.count == 1 && all.falseRejectRate?.of == 5)
        let disputed = try #require(try count(verdicts, rejudgements([event(1, .ok), event(1, .ng, by: 2)])))
        #expect(disputed.disputed == 1 && disputed.falseRejects == nil)
    }
}
