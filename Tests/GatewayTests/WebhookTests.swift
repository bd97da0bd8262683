import Gateway
import Testing

/// A receiver that takes batches, or not.
@Suite struct WebhookTests {
    @Test(arguments: [200, 201, 204, 299]) func whatIsTakenIsTaken(status: Int) {
        #expect(WebhookAnswer(status: status, headers: [:]) == .accepted)
    }

    @Test(arguments: [301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 504, 100])
    func whatMayBeBetterLaterComesAgain(status: Int) {
        guard case .again(_, .zero) = WebhookAnswer(status: status, headers: [:]) else {
            Issue.record("\(status)")
            return
        }
    }

    @Test(arguments: [400, 401, 403, 404, 409, 410, 413, 415, 422, 451])
    func whatDoesNotBecomeBetterIsRefused(status: Int) {
        guard case .refused(let words) = WebhookAnswer(status: status, headers: [:]) else {
            Issue.record("\(status)")
            return
        }
        #expect(words.contains("\(status)"))
    }

    @Test func aReceiverMayAskForAPauseButNotForDays() {
        func pause(_ text: String) -> Duration? {
            guard case .again(_, let pause) = WebhookAnswer(status: 503, headers: ["retry-after": text]) else {
                return nil
            }
            return pause
        }
        #expect(pause("120") == .seconds(120))
        #expect(pause("99999999999") == .seconds(3600))
        #expect(pause("-5") == .zero && pause("Wed, 21 Oct 2026 07:28:00 GMT") == .zero)
    }

    @Test func oneBatchIsUnderWayAtATimeAndIsAcknowledgedAsAWhole() {
        var test = TestCourse.open(.web)
        test.verdicts(1...10)
        test.work()
        #expect(test.received == [1, 2, 3, 4])
        test.accept()
        #expect(test.received == [1, 2, 3, 4, 5, 6, 7, 8])
        test.accept()
        test.accept()
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 10)
    }

    /// A receiver that knows requests by their key gets another body under it otherwise.
    @Test func whatFailedComesAgainWithTheSameLinesAlthoughThereAreMoreByThen() {
        var test = TestCourse.open(.web)
        test.verdicts(1...2)
        test.work()
        test.lose("503")
        test.verdicts(3...9)
        test.comeBack()
        #expect(test.received == [1, 2, 1, 2])
        test.accept()
        #expect(test.received == [1, 2, 1, 2, 3, 4, 5, 6])
    }

    @Test func aPauseThatTheReceiverAsksForIsKept() {
        var test = TestCourse.open(.web)
        test.verdicts(1...1)
        test.work()
        test.underWay.removeAll()
        test.course.closed("429", at: test.now, chance: 0.5, leastPause: .seconds(120))
        let opens = test.opens
        test.wait(.seconds(119))
        #expect(test.opens == opens)
        test.wait(.seconds(1))
        #expect(test.opens == opens + 1)
    }

    @Test func aBatchThatIsRefusedThreeTimesIsPutAsideAndTheNextOneGoesOut() {
        var test = TestCourse.open(.web)
        test.verdicts(1...6)
        test.work()
        for _ in 0..<2 {
            test.refuse("422")
            #expect(test.aside.isEmpty && test.course.report.state == .refused)
            test.wait(.seconds(4))
        }
        test.refuse("422")
        #expect(test.aside == [1, 2, 3, 4])
        #expect(test.received == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6])
        #expect(test.course.report.putAside == 4)
        test.accept()
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 6)
    }

    @Test func whatCannotBePutAsideIsNotPassedOver() {
        var test = TestCourse.open(.web)
        test.canPutAside = false
        test.verdicts(1...1)
        test.work()
        for _ in 0..<3 {
            test.refuse()
            test.wait(.seconds(4))
        }
        #expect(test.course.report.state == .refused && test.course.report.reason == "disk full")
        test.canPutAside = true
        test.wait(.seconds(60))
        test.refuse()
        #expect(test.aside == [1])
    }

    @Test func withStopNothingIsPutAside() {
        var settings = SinkSettings.web
        settings.onRefused = .stop
        var test = TestCourse.open(settings)
        test.verdicts(1...1)
        test.work()
        for _ in 0..<9 {
            test.refuse()
            test.wait(.seconds(60))
        }
        #expect(test.aside.isEmpty && test.received == [UInt64](repeating: 1, count: 10))
        test.accept()
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 1)
    }

    @Test func linesOfTwoJournalsAreNotInOneBatch() {
        var test = TestCourse.open(.web)
        test.verdicts(1...2)
        test.begin(journal: "00000000000000ff", newest: 1)
        test.verdicts(1...1)
        test.work()
        #expect(test.underWay.count == 3)
        test.accept()
        #expect(test.underWay.count == 1)
    }

    @Test func aBatchIsKnownByItsJournalAndNumbersAlsoAsAFile() throws {
        func message(_ seq: UInt64) throws -> SinkMessage {
            let line = try FeedLine(Array(#"{"seq":\#(seq),"camera":"a","verdict":"OK"}"#.utf8))
            return try #require(SinkMessage(line, journal: "7f3c", station: "s"))
        }
        let batch = SinkBatch([try message(9), try message(12)])
        #expect(batch.key == "7f3c/9-12" && batch.fileName == "7f3c-000000000009-12.jsonl")
        #expect(batch.body.count { $0 == UInt8(ascii: "\n") } == 2)
        #expect(SinkBatch(fileName: batch.fileName, body: batch.body) == batch)
        let gap = SinkBatch([.gap(of: .verdicts, journal: "7f3c", station: "s", from: 4, to: nil)])
        #expect(gap.key == "7f3c/4-gap" && SinkBatch(fileName: gap.fileName, body: gap.body)?.key == gap.key)
        #expect(SinkBatch(fileName: "notes.txt", body: []) == nil)
    }
}
