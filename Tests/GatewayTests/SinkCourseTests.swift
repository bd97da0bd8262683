import ControlProtocol
import Gateway
import Testing

/// What a receiver gets: every line, in order, at least once.
@Suite struct SinkCourseTests {
    @Test func linesComeInOrderAndTheCursorFollowsWhatIsAcknowledged() {
        var test = TestCourse.open()
        test.verdicts(1...5)
        test.work()
        #expect(test.received == [1, 2, 3, 4, 5])
        #expect(test.cursor.verdicts == SinkPlace(journal: TestCourse.journal, seq: 0))
        test.accept(3)
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 3)
        test.accept()
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 5)
        #expect(test.course.report.state == .delivering && test.course.report.behind == 0)
    }

    @Test func statisticsAreToldOnceAndHoldNobodyUp() {
        var test = TestCourse()
        // Of what was counted while nobody was there, the newest.
        test.course.tell(statistics: [1])
        test.course.tell(statistics: [2])
        test.begin(newest: 0)
        test.work()
        test.course.opened(at: test.now)
        test.verdicts(1...3)
        test.work()
        #expect(test.statistics == [[2]] && test.received == [1, 2, 3])
        // Nobody acknowledges them, and no connection is given up for it.
        test.underWay.removeAll { $0.ticket == .statistics }
        test.accept()
        test.wait(.seconds(120))
        #expect(test.course.report.state == .delivering && test.statistics == [[2]])
        // And one that a broker refuses is not said again.
        test.course.tell(statistics: [3])
        test.work()
        test.refuse()
        test.wait(.seconds(60))
        #expect(test.statistics == [[2], [3]] && test.course.report.state == .delivering)
    }

    @Test func moreThanTwentyAreNeverUnderWay() {
        var test = TestCourse.open()
        test.course.tell(Array("{}".utf8))
        test.verdicts(1...100)
        test.work()
        #expect(test.underWay.count == 20)
        test.accept(1)
        #expect(test.underWay.count <= 20)
        while !test.underWay.isEmpty {
            #expect(test.underWay.count <= 20)
            test.accept(7)
        }
        #expect(test.received == Array(1...100))
    }

    @Test func acknowledgementsOutOfTurnDoNotMoveTheCursorOverAHole() {
        var test = TestCourse.open()
        test.verdicts(1...3)
        test.work()
        let first = test.underWay.removeFirst()
        test.accept()
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 0)
        test.course.accepted(first.ticket, at: test.now)
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 3)
    }

    @Test func afterABrokenConnectionWhatWasNotAcknowledgedComesAgain() {
        var test = TestCourse.open()
        test.verdicts(1...5)
        test.work()
        test.accept(2)
        test.lose()
        #expect(test.course.report.state == .unreachable && test.course.report.reason == "gone")
        test.verdicts(6...6)
        test.comeBack()
        #expect(test.received == [1, 2, 3, 4, 5, 3, 4, 5, 6])
        test.accept()
        #expect(test.course.report.state == .delivering)
    }

    @Test func anOldAcknowledgementIsNoneOfTheNewConnection() {
        var test = TestCourse.open()
        test.verdicts(1...2)
        test.work()
        let old = test.underWay
        test.lose()
        for (ticket, _) in old { test.course.accepted(ticket, at: test.now) }
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 0)
    }

    /// A kill: what is not on the disk is not known.
    @Test func aRestartGoesOnFromTheDiskAndRepeatsAtMostWhatWasNotKept() {
        var test = TestCourse.open()
        test.verdicts(1...250)
        test.work()
        while !test.underWay.isEmpty { test.accept() }
        // Kept each hundred without the clock.
        #expect((test.cursor.verdicts?.seq ?? 0) >= 200)
        var next = TestCourse(cursor: test.cursor)
        let first = next.begin(newest: 260)
        #expect(first == (test.cursor.verdicts?.seq ?? 0) + 1)
    }

    @Test func pausesGrowToAMinuteAndAGoodConnectionEndsThem() {
        var test = TestCourse.open()
        test.wait(.seconds(20))
        var pauses: [Int] = []
        func nextPause() -> Int {
            let opens = test.opens
            var seconds = 0
            while test.opens == opens, seconds < 200 {
                test.wait(.seconds(1))
                seconds += 1
            }
            return seconds
        }
        for _ in 0..<8 {
            test.lose()
            pauses.append(nextPause())
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60])
        test.course.opened(at: test.now)
        test.wait(.seconds(10))
        test.lose()
        #expect(nextPause() == 1)
    }

    @Test func whoIsTakenOverComesBackLateSoThatTheOtherOneIsNotThrownOutAtOnce() {
        var test = TestCourse.open()
        test.wait(.seconds(60))
        test.lose("taken over", .takenOver)
        test.wait(.seconds(15))
        #expect(test.opens == 1)
        test.wait(.seconds(1))
        #expect(test.opens == 2)
    }

    /// As mosquitto 2.0 does it: the other one is thrown out without a word.
    @Test func aBrokerThatDropsTheConnectionAgainAndAgainMakesOneAskForASecondClientAndComeBackLater() {
        var test = TestCourse.open()
        for count in 1...4 {
            test.verdicts(UInt64(count)...UInt64(count))
            test.work()
            test.accept()
            test.wait(.seconds(2))
            let opens = test.opens
            test.lose("lost", .dropped)
            #expect((test.course.report.reason ?? "").contains("another client") == (count >= 3))
            test.wait(.seconds(2))
            #expect((test.opens > opens) == (count < 3))
            test.comeBack()
        }
        test.wait(.seconds(10))
        test.lose("lost", .dropped)
        #expect(test.course.report.reason == "lost")
    }

    @Test func aReceiverThatAcknowledgesNothingIsLeft() {
        var test = TestCourse.open()
        test.verdicts(1...1)
        test.work()
        test.wait(.seconds(29))
        #expect(test.course.report.state == .delivering)
        test.wait(.seconds(1))
        #expect(test.course.report.state == .unreachable)
        #expect(test.course.report.reason?.contains("acknowledged nothing") == true)
    }

    // MARK: Refusals

    @Test func aRefusedLineStopsTheSinkIsNamedAndIsTriedAlone() {
        var test = TestCourse.open()
        test.verdicts(1...5)
        test.work()
        test.accept(1)
        test.refuse("0x87 not authorized")
        #expect(test.course.report.state == .refused && test.course.report.reason == "0x87 not authorized")
        #expect(test.underWay.isEmpty)
        test.wait(.seconds(2))
        #expect(test.received.suffix(1) == [2] && test.underWay.count == 1)
        test.refuse()
        test.wait(.milliseconds(1900))
        #expect(test.underWay.isEmpty)
        test.wait(.milliseconds(200))
        test.accept()
        #expect(test.course.report.state == .delivering)
        #expect(test.received == [1, 2, 3, 4, 5, 2, 2, 3, 4, 5])
        test.accept()
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 5)
    }

    /// As mosquitto 2.0 does it.
    @Test func aBrokerThatRefusesAndEndsTheConnectionIsOneThatRefuses() {
        var test = TestCourse.open()
        for _ in 0..<5 {
            test.verdicts(1...1)
            test.work()
            test.refuse("0x87")
            test.lose("lost", .dropped)
            #expect(test.course.report.state == .refused && test.course.report.reason == "0x87")
            test.comeBack()
        }
        test.accept()
        #expect(test.course.report.state == .delivering)
        test.lose("no route to host")
        #expect(test.course.report.state == .unreachable)
    }

    @Test func aStateThatIsRefusedHoldsNoLineUpAndIsTold() {
        var test = TestCourse.open()
        test.course.tell(Array("{}".utf8))
        test.work()
        test.refuse("state: 0x87")
        #expect(test.course.report.state == .refused)
        test.verdicts(1...2)
        test.work()
        #expect(test.received == [1, 2])
        test.accept()
        #expect(test.course.report.reason == "state: 0x87")
        test.wait(.seconds(60))
        test.accept()
        #expect(test.course.report.state == .delivering && test.states.count == 2)
    }

    // MARK: The state of the line

    @Test func theStateIsToldWhenItIsAnotherOneAndOnEachConnection() {
        var test = TestCourse.open()
        for text in ["a", "a", "b"] {
            test.course.tell(Array(text.utf8))
            test.work()
            test.accept()
        }
        #expect(test.states == [Array("a".utf8), Array("b".utf8)])
        test.lose()
        test.comeBack()
        #expect(test.states.last == Array("b".utf8) && test.states.count == 3)
    }

    @Test func ofSeveralStatesMeanwhileTheNewestIsTold() {
        var test = TestCourse.open()
        for text in ["a", "b", "c"] {
            test.course.tell(Array(text.utf8))
            test.work()
        }
        test.accept()
        test.accept()
        #expect(test.states.last == Array("c".utf8))
    }

    // MARK: The journal

    @Test func linesThatNobodyAskedForMoveTheCursor() {
        var settings = SinkSettings.test
        settings.verdicts = [.ng]
        var test = TestCourse.open(settings)
        test.verdicts(1...3)
        test.wait(.seconds(1))
        #expect(test.received.isEmpty && test.cursor.verdicts?.seq == 3)
        test.verdicts(4...4, .ng)
        test.verdicts(5...6)
        test.work()
        #expect(test.received == [4])
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 3)
        test.accept()
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts?.seq == 6)
    }

    @Test func nowBeginsBehindTheNewestLineAlsoWhenNothingCameBeforeARestart() {
        var settings = SinkSettings.test
        settings.from = .now
        var test = TestCourse(settings)
        #expect(test.begin(newest: 41) == 42)
        test.work()
        var next = TestCourse(settings, cursor: test.cursor)
        #expect(next.begin(newest: 50) == 42)
    }

    @Test func numbersThatNeverComeAreTold() {
        var test = TestCourse.open()
        test.line(#"{"type":"gap","from":1,"to":7}"#)
        test.verdicts(8...8)
        test.work()
        #expect(
            test.gaps == [
                #"{"journal":"7f3c9a10d2b4e856","station":"press-4","type":"gap","of":"verdicts","from":1,"to":7}"#
            ])
        test.accept()
        test.wait(.seconds(1))
        #expect(test.received == [8] && test.cursor.verdicts?.seq == 8)
    }

    @Test func anotherJournalIsToldAndBeginsWithItsFirstLine() {
        var test = TestCourse.open()
        test.verdicts(1...3)
        test.work()
        test.accept(2)
        #expect(test.begin(journal: "00000000000000ff", newest: 2) == 1)
        test.verdicts(1...2)
        test.work()
        #expect(test.received == [1, 2, 3, 1, 2])
        #expect(
            test.gaps == [#"{"journal":"7f3c9a10d2b4e856","station":"press-4","type":"gap","of":"verdicts","from":4}"#])
        test.accept()
        test.wait(.seconds(1))
        #expect(test.cursor.verdicts == SinkPlace(journal: "00000000000000ff", seq: 2))
    }

    /// After a power cut: the newest lines are gone, and their numbers do not come again.
    @Test func aJournalThatEndsBeforeTheCursorIsWaitedFor() {
        var test = TestCourse(cursor: SinkCursor(verdicts: SinkPlace(journal: TestCourse.journal, seq: 50)))
        #expect(test.begin(newest: 48) == nil)
        #expect(test.begin(newest: 50) == 51)
        #expect(test.begin(newest: 11_060) == 51)
    }

    @Test func aLineThatComesTwiceFromTheDaemonGoesOutOnce() {
        var test = TestCourse.open()
        test.verdicts(1...3)
        test.verdicts(2...4)
        test.work()
        #expect(test.received == [1, 2, 3, 4])
    }

    @Test func aDeadReceiverHoldsOnlyAFewLinesInMemory() {
        var test = TestCourse()
        test.begin(newest: 100_000)
        var taken: UInt64 = 0
        while test.course.hasRoom(.verdicts) {
            taken += 1
            test.verdicts(taken...taken)
        }
        #expect(taken == 256)
    }

    @Test func aCursorThatCannotBeKeptIsSaidAndDeliveryGoesOn() {
        var test = TestCourse.open()
        test.verdicts(1...1)
        test.work()
        test.accept()
        test.now += .seconds(2)
        guard case .keep = test.course.order(at: test.now) else {
            Issue.record("no order to keep")
            return
        }
        test.course.notKept("disk full", at: test.now)
        #expect(test.course.report.state == .delivering && test.course.report.reason == "disk full")
        test.wait(.seconds(1))
        #expect(test.course.report.reason == nil && test.cursor.verdicts?.seq == 1)
    }
}
