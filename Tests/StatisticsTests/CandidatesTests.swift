import ControlProtocol
import Statistics
import Testing

/// What is proposed to people, of what they said and of what the newest parts look like.
@Suite struct CandidatesTests {
    private func said(_ words: [(seq: Int, judged: String, uid: UInt32)]) -> Rejudgements {
        Rejudgements(
            words.enumerated().map { number, word in
                EventRecord(
                    seq: UInt64(number + 1), time: "", event: .judgement, origin: .control, uid: word.uid,
                    after: ["seq": .count(word.seq), "judged": .text(word.judged)])
            })
    }

    private func part(
        _ seq: UInt64, _ verdict: Verdict = .ok, score: Float = 0.5, isUncertain: Bool = false, isOdd: Bool = false
    ) -> Candidates.Part {
        Candidates.Part(seq: seq, verdict: verdict, score: score, limit: 1, isUncertain: isUncertain, isOdd: isOdd)
    }

    @Test func whatPeopleSaidOtherwiseComesFirst() {
        let judged = said([
            (1, "OK", 1000), (2, "NG", 1000), (3, "OK", 1000), (3, "NG", 1001), (4, "OK", 1000), (5, "OK", 1000),
            (6, "NG", 1000),
            (7, "OK", 1000), (7, "unsure", 1000),
        ])
        let known = [
            part(1, .ng), part(2), part(3, .ng), part(4, .ng), part(5), part(6, .ng), part(7, .ng),
        ]
        let list = Candidates(judged, settled: [4]).list(known: known, newest: [part(8, isUncertain: true)]) {
            $0.seq != 1
        }
        // 3 is disputed, 4 is a shot by now, 5 and 6 were judged as the line did, and 7 was taken back.
        #expect(list.map(\.seq) == [2, 1, 8])
        #expect(list.map(\.kind) == [.escape, .falseReject, .uncertain])
        // What people said is there without a picture, too.
        #expect(list.map(\.hasPicture) == [true, false, true])
    }

    @Test func worthALookIsWhatIsUncertainOddOrHighAndNobodyJudgedYet() {
        var newest = (1...100).map { part($0, score: Float($0) / 200) }
        newest += [
            part(101, isUncertain: true), part(102, isOdd: true), part(103, .ng, score: 2), part(104, score: 0.9),
        ]
        let judged = said([(104, "OK", 1000)])
        let list = Candidates(judged, settled: [100]).list(known: [], newest: newest) { $0.seq != 99 }
        #expect(list.map(\.seq) == [101, 102] + (90...98).reversed())
        #expect(list.map(\.kind) == [.uncertain, .odd] + [CandidateReply.Kind](repeating: .high, count: 9))
    }

    @Test func fiveHundredAreEnoughAndJudgedOnesAreAmongThem() {
        let judged = said((1...450).map { ($0, "OK", 1000) })
        let newest = (1000..<1100).map { part($0, isUncertain: true) }
        let list = Candidates(judged, settled: []).list(known: (1...450).map { part($0, .ng) }, newest: newest) { _ in
            true
        }
        #expect(list.count == 500 && list.count { $0.kind == .falseReject } == 450)
        // The oldest suggestions are those left out.
        #expect(list.suffix(50).map(\.seq) == (1050..<1100).reversed())
    }
}
