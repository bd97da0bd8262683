import ControlProtocol
import Gateway
import Testing

@Suite struct CommandTests {
    @Test func aTriggerIsCarriedOutOnceHoweverOftenItIsWritten() throws {
        let test = TestDesk.live()
        let order = try #require(test.command(1, number: 17, part: "A-4711"))
        #expect(order.action == .trigger(part: "A-4711") && order.camera == "camera1" && order.number == 17)
        #expect(order.place.command == 17)
        #expect(test.read(240, 4) == [17, 1, 0, 1])
        // The reply was lost: the same request again, and the number alone.
        #expect(test.command(1, number: 17, part: "A-4711") == nil)
        #expect(test.write([17], at: 201).order == nil)
        #expect(test.send([6, 0, 201, 0, 17]).reply == [6, 0, 201, 0, 17])
        test.desk.finish(order, .verdict(.ok, 5), at: test.now)
        test.verdict(TestDesk.record(5, id: 17))
        #expect(test.read(240, 3) == [17, 2, 0])
        #expect(test.command(1, number: 17) == nil)
        #expect(test.command(1, number: 0) == nil)
        #expect(test.command(1, number: 18)?.action == .trigger(part: nil))
    }

    @Test func argumentsMayComeFirstAndTheNumberLast() throws {
        let test = TestDesk.live()
        #expect(test.write([0x4142, 0], at: 204).order == nil)
        #expect(test.write([1], at: 200).order == nil)
        #expect(test.write([3], at: 201).order?.action == .trigger(part: "AB"))
    }

    @Test func aPartIsNeverCalledAsTheOneBefore() throws {
        let test = TestDesk.live()
        let order = try #require(test.command(1, number: 1, part: "A"))
        test.desk.finish(order, .refused(.busy), at: test.now)
        // Its reply was lost, and it came again.
        #expect(test.command(1, number: 1, part: "A") == nil)
        #expect(test.write([1, 2], at: 200).order?.action == .trigger(part: nil))
    }

    @Test func aTriggerIsDoneWhenItsVerdictIsInTheRegistersAndNotBefore() throws {
        let test = TestDesk.live()
        let order = try #require(test.command(1, number: 1))
        test.desk.finish(order, .verdict(.ng, 9), at: test.now)
        #expect(test.read(241) == [1])
        test.verdict(TestDesk.record(8))
        #expect(test.read(241) == [1] && test.read(11)[0] & 2 != 0)
        test.verdict(TestDesk.record(9, .ng, id: 1))
        #expect(test.read(241) == [2] && test.read(43) == [2] && test.read(46) == [1])
    }

    @Test func whileOneIsUnderWayAnotherIsRefusedAsAWholeAndMayComeAgain() throws {
        let test = TestDesk.live()
        let first = try #require(test.command(1, number: 1, part: "A"))
        let second = test.write([1, 2, 0, 0, 0x4200], at: 200)
        #expect(second.reply == [0x90, 6] && second.order == nil)
        #expect(test.read(200, 5) == [1, 1, 0, 0, 0])
        test.desk.finish(first, .refused(.busy), at: test.now)
        #expect(test.read(240, 4) == [1, 3, 106, 1])
        #expect(test.command(1, number: 2, part: "B")?.action == .trigger(part: "B"))
    }

    @Test func aDaemonThatDiesIsTheAnswerToWhatWasUnderWay() throws {
        let test = TestDesk.live()
        let order = try #require(test.command(1, number: 1))
        test.now += .seconds(1)
        #expect(test.read(240, 4) == [1, 3, 10, 1])
        // What comes later does not make it done: the PLC has rejected the part.
        test.beat()
        test.desk.finish(order, .verdict(.ok, 3), at: test.now)
        test.verdict(TestDesk.record(3, id: 1))
        #expect(test.read(240, 3) == [1, 3, 10])
    }

    @Test func withoutTheDaemonACommandIsRefusedAtOnceAndGoesNowhere() {
        let test = TestDesk()
        #expect(test.command(1, number: 1) == nil)
        #expect(test.read(240, 4) == [1, 3, 10, 1])
    }

    @Test func afterARestartTheLastNumberIsNotCarriedOutAgainAndSaysSo() throws {
        let before = TestDesk.live()
        let order = try #require(before.command(1, number: 17))
        let test = TestDesk.live(places: [order.place])
        #expect(test.read(240, 3) == [17, 3, 101])
        #expect(test.command(1, number: 17) == nil)
        #expect(test.read(240, 3) == [17, 3, 101])
        #expect(test.command(1, number: 18) != nil)
    }

    @Test(arguments: [(6, 0, 102), (7, 0, 102), (99, 0, 102), (3, 8, 104)] as [(UInt16, UInt16, UInt16)])
    func whatThereIsNotIsRefused(code: UInt16, argument: UInt16, reason: UInt16) {
        let test = TestDesk.live()
        #expect(test.command(code, number: 5, argument: argument) == nil)
        #expect(test.read(240, 4) == [5, 3, reason, code])
    }

    @Test func aRecipeIsUsedByItsNumber() {
        let test = TestDesk.live()
        #expect(test.command(3, number: 1, argument: 7)?.action == .useRecipe("bottle"))
    }

    @Test func theLotOfTheNextPartsIsSetOrEnded() throws {
        let test = TestDesk.live()
        let order = try #require(test.command(4, number: 1, part: "A", lot: "L-2231"))
        #expect(order.action == .setLot("L-2231") && order.camera == "camera1")
        test.desk.finish(order, .done, at: test.now)
        #expect(test.read(240, 4) == [1, 2, 0, 4])
        // Used up: the next one without a name ends it, and is no repetition of it.
        #expect(test.read(220, 16) == [UInt16](repeating: 0, count: 16))
        #expect(test.command(4, number: 1, lot: "L-2231") == nil)
        #expect(test.command(4, number: 2)?.action == .setLot(nil))
    }

    @Test func aPartsOrLotsNameThatIsNoTextIsRefused() {
        let test = TestDesk.live()
        #expect(test.write([1, 1, 0, 0, 0xFF00], at: 200).order == nil)
        #expect(test.read(240, 3) == [1, 3, 103])
        // Something behind the end of the text: the rest of an older one.
        #expect(test.write([1, 2, 0, 0, 0x4100, 0x4200], at: 200).order == nil)
        #expect(test.read(240, 3) == [2, 3, 103])
        #expect(test.write([4, 3] + [UInt16](repeating: 0, count: 18) + [0x4107], at: 200).order == nil)
        #expect(test.read(240, 4) == [3, 3, 103, 4])
    }

    @Test func partsWithoutAnOKOrNGAreCounted() throws {
        let test = TestDesk.live()
        for (number, outcome) in [ModbusOutcome.verdict(.ok, 0), .verdict(.invalid, 0), .refused(.busy)].enumerated() {
            let order = try #require(test.command(1, number: UInt16(number + 1)))
            test.desk.finish(order, outcome, at: test.now)
        }
        #expect(test.read(22, 2) == [0, 2])
    }
}

@Suite struct ResultTests {
    @Test func theNewestResultIsShownAndIsNewUntilItIsAcknowledged() throws {
        let test = TestDesk.live()
        for sequence in 1...3 { test.verdict(TestDesk.record(UInt64(sequence))) }
        #expect(test.read(42) == [3] && test.read(11)[0] & 4 != 0)
        let order = try #require(test.command(2, number: 1, argument: 3))
        #expect(order.place.acknowledged == 3)
        test.desk.finish(order, .done, at: test.now)
        #expect(test.read(11)[0] & 4 == 0 && test.read(240, 2) == [1, 2])
    }

    @Test func queuedResultsAreShownInTheirOrderEachUntilItIsAcknowledged() throws {
        let test = TestDesk.live(results: .queued)
        for sequence in 1...3 { test.verdict(TestDesk.record(UInt64(sequence))) }
        #expect(test.read(42) == [1] && test.read(15) == [3])
        #expect(test.command(2, number: 1, argument: 2) == nil)
        #expect(test.read(240, 3) == [1, 3, 107] && test.read(42) == [1])
        for sequence in 1...3 {
            #expect(test.read(42) == [UInt16(sequence)])
            let order = try #require(test.command(2, number: UInt16(sequence + 1), argument: UInt16(sequence)))
            test.desk.finish(order, .done, at: test.now)
        }
        #expect(test.read(15) == [0] && test.read(11)[0] & 4 == 0 && test.read(42) == [3])
    }

    @Test func aPLCThatIsTooSlowIsToldSoAndNothingIsLost() throws {
        let test = TestDesk.live(results: .queued)
        func isOverrun() -> Bool {
            let isSaid = test.desk.troubles(at: test.now) == ["unit 1: the PLC does not acknowledge, and results wait"]
            #expect(isSaid == (test.read(11)[0] & 8 != 0))
            return isSaid
        }
        let count = UInt64(ResultQueue.capacity + 500)
        for sequence in 1...8 { test.verdict(TestDesk.record(UInt64(sequence))) }
        #expect(!isOverrun())
        for sequence in 9...count { test.verdict(TestDesk.record(sequence)) }
        #expect(isOverrun() && !test.desk.wantsToReadAgain)
        var number: UInt16 = 0
        for sequence in 1...count {
            #expect(test.read(42) == [UInt16(sequence)])
            number += 1
            let order = try #require(test.command(2, number: number, argument: UInt16(sequence)))
            test.desk.finish(order, .done, at: test.now)
            if test.desk.wantsToReadAgain {
                let since = try #require(test.desk.place["since"].flatMap { UInt64($0) })
                test.desk.begin()
                for missed in since...count { test.verdict(TestDesk.record(missed)) }
            }
        }
        #expect(test.read(15) == [0] && !isOverrun())
    }

    @Test func afterARestartQueuedResultsGoOnBehindTheLastAcknowledged() {
        var place = ModbusPlace()
        (place.command, place.acknowledged) = (4, 1_000_000)
        let test = TestDesk(results: .queued, places: [place])
        #expect(test.desk.place == ["since": "1000001"])
        #expect(TestDesk(results: .queued).desk.place == ["last": "0"])
        // A camera that never had a result holds nobody back.
        #expect(
            TestDesk(cameras: ["camera1", "camera2"], results: .queued, places: [place, ModbusPlace()]).desk.place
                == ["since": "1000001"])
    }

    @Test func aReconnectionGoesOnBehindTheLastLine() {
        let test = TestDesk.live()
        #expect(test.desk.place["last"] != nil)
        test.verdict(TestDesk.record(7))
        test.take(.gap(TailGap(from: 8, to: 20)))
        #expect(test.desk.place == ["since": "21"])
        test.desk.forgetPlace()
        test.verdict(TestDesk.record(1, .ng))
        #expect(test.read(42, 2) == [1, 2])
    }

    /// One that is longer than the place answers, and with other lines than those that follow.
    @Test func anotherJournalBeginsWithItsNewestLinesHoweverLongItIs() {
        func status(_ journal: String, _ test: TestDesk) -> StreamEvent {
            var status = test.status()
            status.journal = journal
            return .state(status)
        }
        let test = TestDesk.live()
        test.take(status("7f3c", test))
        test.verdict(TestDesk.record(7))
        #expect(!test.desk.wantsToReadAgain && test.desk.place == ["since": "8"])
        test.take(status("00ff", test))
        // Of the connection that was begun at the place of the other one.
        test.verdict(TestDesk.record(8, .ng))
        #expect(test.desk.wantsToReadAgain && test.desk.place["since"] == nil)
        test.desk.begin()
        test.take(status("00ff", test))
        test.beat()
        test.verdict(TestDesk.record(3, .ng))
        #expect(!test.desk.wantsToReadAgain && test.read(42, 2) == [3, 2])
        #expect(test.command(1, number: 9)?.place.journal == "00ff")
    }

    @Test func aPlaceOfAnotherJournalIsNoneOfThisOne() {
        var place = ModbusPlace()
        (place.acknowledged, place.journal) = (1_000_000, "7f3c")
        let test = TestDesk(results: .queued, places: [place])
        test.desk.begin()
        var status = test.status()
        status.journal = "00ff"
        test.take(.state(status))
        #expect(test.desk.wantsToReadAgain && test.desk.place["since"] == nil)
    }
}
