import LineIO
import Settings
import Testing

@Suite struct OutputStateMachineTests {
    @Test func anOKPulsesAfterItsVerdictAndIsReadOnTheEdgeOfResultValid() {
        var lines = TestLines()
        lines.go(to: 100)
        lines.begin(1)
        #expect(lines.isActive(.busy))
        lines.go(to: 160)
        lines.decide(1, .ok)
        let pulses = lines.pulses(until: 400)
        #expect(pulses[.ok] == [160..<210])
        #expect(pulses[.resultValid] == [161..<181])
        #expect(pulses[.busy] == [160..<161])
        #expect(pulses[.reject] == nil && pulses[.ng] == nil && pulses[.invalid] == nil)
    }

    @Test(arguments: [(OutputStateMachine.Outcome.ng, OutputSignal.ng), (.invalid, .invalid)])
    func whatIsNotOKIsARejectAndNeverOK(outcome: OutputStateMachine.Outcome, word: OutputSignal) {
        var lines = TestLines()
        lines.go(to: 10)
        lines.begin(1)
        lines.decide(1, outcome)
        let pulses = lines.pulses(until: 300)
        #expect(pulses[word] == [10..<60] && pulses[.reject] == [10..<90] && pulses[.resultValid] == [11..<31])
        #expect(pulses[.ok] == nil)
    }

    @Test func withADelayNothingInTimeIsAReject() {
        var lines = TestLines(delay: 420)
        lines.go(to: 10)
        lines.begin(1)
        let pulses = lines.pulses(until: 1000)
        // 420 ms after the trigger, as INVALID; the verdict of an inspection that hung comes in vain.
        #expect(
            pulses[.reject] == [430..<510] && pulses[.invalid] == [430..<480] && pulses[.resultValid] == [431..<451])
        lines.decide(1, .ok)
        let later = lines.pulses(until: 2000)
        #expect(later[.ok] == nil)
        #expect(lines.machine.counts.late == 1 && lines.machine.counts.ok == 0)
    }

    @Test(arguments: [11, 200, 429]) func withADelayOnlyAnOKInTimeCancelsTheReject(at verdict: Int) {
        for outcome in [OutputStateMachine.Outcome.ok, .ng, .invalid] {
            var lines = TestLines(delay: 420)
            lines.go(to: 10)
            lines.begin(1)
            lines.go(to: verdict)
            lines.decide(1, outcome)
            let pulses = lines.pulses(until: 1000)
            // The reject comes at its own time, however long computing took.
            #expect(pulses[.reject] == (outcome == .ok ? nil : [430..<510]), "\(outcome)")
            #expect(pulses[.ok] == (outcome == .ok ? [verdict..<verdict + 50] : nil))
        }
    }

    @Test func anOKAtTheVeryMomentOfItsRejectIsTooLate() {
        var lines = TestLines(delay: 420)
        lines.begin(1)
        lines.go(to: 420)
        lines.decide(1, .ok)
        let pulses = lines.pulses(until: 1000)
        #expect(pulses[.reject] == [420..<500] && pulses[.ok] == nil)
    }

    @Test func severalPartsUnderWayAreRejectedEachAtItsPlace() {
        var lines = TestLines(delay: 420)
        for (number, time) in [(UInt64(1), 100), (2, 200), (3, 300)] {
            lines.go(to: time)
            lines.begin(number)
        }
        lines.go(to: 350)
        lines.decide(1, .ng)
        lines.go(to: 400)
        lines.decide(2, .ok)
        lines.go(to: 450)
        lines.decide(3, .ng)
        let pulses = lines.pulses(until: 1000)
        #expect(pulses[.reject] == [520..<600, 720..<800])
    }

    @Test(arguments: [3, 50, 79, 83]) func noRejectIsCutForTheNextOneAndTheyBecomeOne(apart: Int) {
        var lines = TestLines(delay: 100)
        lines.begin(1)
        lines.go(to: apart)
        lines.begin(2)
        let pulses = lines.pulses(until: 1000)
        #expect(pulses[.reject] == [100..<100 + apart + 80])
        #expect((lines.machine.counts.overlapped > 0) == (apart < 80))
    }

    @Test(arguments: [1, 3, 50, 79]) func anOKOfTheNextPartLeavesTheRejectBeforeItsWholePulse(apart: Int) {
        var lines = TestLines(delay: 100)
        lines.begin(1)
        lines.go(to: apart)
        lines.begin(2)
        lines.decide(1, .ng)
        // At the last moment, when the reject of the first is under way.
        lines.go(to: 99 + apart)
        lines.decide(2, .ok)
        let pulses = lines.pulses(until: 1000)
        #expect(pulses[.reject] == [99 + apart..<180] && pulses[.ok]?.count == 1)
    }

    @Test func withoutADelayAnOKWaitsUntilTheRejectBeforeItIsOver() {
        var lines = TestLines()
        lines.go(to: 10)
        lines.begin(1)
        lines.decide(1, .ng)
        lines.go(to: 50)
        lines.begin(2)
        lines.decide(2, .ok)
        let pulses = lines.pulses(until: 300)
        #expect(pulses[.reject] == [50..<90] && pulses[.ok] == [95..<145])
    }

    @Test func afterAStartAllThatWasTriggeredBeforeIsRejectedAndAHeartbeatThatStoodStillIsSeen() {
        var lines = TestLines(delay: 400)
        lines.go(to: 100)
        lines.machine.linesTaken(now: lines.time)
        lines.machine.set(.init(isReady: true, isHealthy: true, isAlive: true), now: lines.time)
        lines.begin(1)
        lines.decide(1, .ok)
        let pulses = lines.pulses(until: 3000)
        #expect(pulses[.reject] == [100..<500] && pulses[.ok] == [100..<150])
        #expect(pulses[.heartbeat] == [2100..<2600])
    }

    @Test func aResultDuringAPulseStartsAPulseOfItsOwnAfterThePause() {
        var lines = TestLines()
        lines.go(to: 10)
        lines.begin(1)
        lines.decide(1, .ok)
        lines.go(to: 40)
        lines.begin(2)
        lines.decide(2, .ng)
        let pulses = lines.pulses(until: 300)
        #expect(pulses[.ng] == [45..<95] && pulses[.resultValid] == [46..<66])
        #expect(lines.machine.counts.overlapped == 1)
    }

    @Test func aResultIsNotTakenAwayBeforeItCouldBeRead() {
        var lines = TestLines()
        lines.go(to: 10)
        for number in UInt64(1)...3 {
            lines.begin(number)
            lines.decide(number, .ok)
        }
        let pulses = lines.pulses(until: 500)
        #expect(pulses[.resultValid] == [11..<31, 37..<57, 63..<83])
    }

    @Test func aLatchedResultStandsUntilTheNextTrigger() {
        var lines = TestLines(.latch)
        lines.go(to: 10)
        lines.begin(1)
        lines.decide(1, .ok)
        let pulses = lines.pulses(until: 5000)
        #expect(pulses[.ok] == [10..<5000])
        lines.begin(2)
        #expect(!lines.isActive(.ok) && !lines.isActive(.resultValid))
    }

    @Test func aLatchedResultDoesNotOutliveAPartThatWasTriggeredBeforeItStood() {
        var lines = TestLines(.latch)
        lines.go(to: 10)
        lines.begin(1)
        lines.begin(2)
        lines.decide(1, .ok)
        let pulses = lines.pulses(until: 5000)
        #expect(pulses[.ok] == [10..<31])
    }

    @Test(arguments: [Configuration.LineIO.Mode.latch, .handshake]) func noOKStandsOnADeadLine(
        mode: Configuration.LineIO.Mode
    ) {
        let alive = OutputStateMachine.Condition(isReady: true, isHealthy: true, isAlive: true)
        for outcome in [OutputStateMachine.Outcome.ok, .ng] {
            var lines = TestLines(mode, inputs: [.acknowledge])
            lines.go(to: 10)
            lines.machine.set(alive, now: lines.time)
            lines.begin(1)
            lines.decide(1, outcome)
            lines.go(to: 5000)
            #expect(lines.isActive(.resultValid))
            lines.machine.set(.init(), now: lines.time)
            let pulses = lines.pulses(until: 10_000)
            #expect(pulses[.ok] == (outcome == .ok ? [5000..<6000] : nil))
            #expect(pulses[.ng] == (outcome == .ok ? nil : [5000..<10_000]))
        }
    }

    @Test func aHandshakeHoldsTheResultUntilItIsAcknowledgedAndTheNextOneWaits() {
        var lines = TestLines(.handshake, inputs: [.acknowledge])
        lines.go(to: 10)
        lines.begin(1)
        lines.decide(1, .ok)
        lines.begin(2)
        lines.decide(2, .ng)
        let pulses = lines.pulses(until: 5000)
        #expect(pulses[.ok] == [10..<5000])
        // An edge from before the result stood is the one of another result.
        lines.machine.acknowledge(at: .milliseconds(9), now: lines.time)
        #expect(lines.isActive(.ok))
        lines.machine.acknowledge(at: lines.time, now: lines.time)
        #expect(!lines.isActive(.ok) && !lines.isActive(.resultValid))
        lines.go(to: 5005)
        #expect(lines.isActive(.ng) && lines.isActive(.reject))
        // Somebody who takes alarms back has read no result.
        lines.machine.clearAlarms(now: lines.time)
        #expect(lines.isActive(.ng))
    }

    @Test func resultsThatNobodyReadsAreAnOverrunAndNoneIsOKUntilAllWereRead() {
        var lines = TestLines(.handshake, inputs: [.acknowledge])
        lines.go(to: 10)
        for number in UInt64(1)...10 {
            lines.begin(number)
            lines.decide(number, .ok)
        }
        #expect(lines.isActive(.alarm) && !lines.isActive(.ready))
        for _ in 1...10 {
            lines.go(to: lines.now + 100)
            lines.machine.acknowledge(at: lines.time, now: lines.time)
        }
        #expect(lines.machine.counts.ok == 1 && lines.machine.counts.invalid == 9)
        lines.go(to: lines.now + 100)
        lines.begin(11)
        lines.decide(11, .ok)
        #expect(lines.isActive(.ok))
    }

    @Test func moreThan64PartsUnderWayAreNotTakenAndStillRejected() {
        var lines = TestLines(delay: 420)
        for number in UInt64(1)...64 { lines.begin(number) }
        let isTaken = lines.machine.begin(65, at: .milliseconds(200), now: lines.time)
        #expect(!isTaken)
        lines.decide(65, .ok)
        let pulses = lines.pulses(until: 3000)
        #expect(pulses[.ok] == nil)
        #expect(pulses[.reject]?.contains { $0.contains(620) } == true)
    }

    @Test func allThatPassesBetweenTwoTriggersIsRejectedWhereOneWasLostBetweenThem() {
        var lines = TestLines(delay: 400)
        lines.go(to: 1000)
        lines.machine.lose(1, after: .milliseconds(700), before: .milliseconds(1000), now: lines.time)
        let pulses = lines.pulses(until: 3000)
        #expect(pulses[.reject] == [1100..<1400] && pulses[.invalid] == [1000..<1050])
        #expect(lines.machine.alarms == [.triggerLost])
    }

    @Test func aRejectThatTheSensorDoesNotSeeIsAnAlarm() {
        var lines = TestLines(delay: 100, inputs: [.rejectConfirm, .acknowledge])
        lines.begin(1)
        lines.go(to: 150)
        lines.machine.confirmReject(at: .milliseconds(150), now: lines.time)
        lines.go(to: 1000)
        #expect(!lines.isActive(.alarm))
        lines.begin(2)
        let pulses = lines.pulses(until: 2000)
        #expect(pulses[.alarm] == [1300..<2000])
        lines.machine.acknowledge(at: lines.time, now: lines.time)
        #expect(!lines.isActive(.alarm))
    }

    @Test func partsThatAskForSomebodyAreOnTheLineOfAlarms() {
        var lines = TestLines(inputs: [.acknowledge])
        lines.machine.set(.init(isReady: false, isHealthy: true, isAlive: true, hasAlarm: true), now: lines.time)
        #expect(lines.isActive(.alarm) && !lines.isActive(.ready) && lines.isActive(.healthy))
        // Whose alarm it is looks to it: the input only tells that somebody saw it.
        let isSeen = lines.machine.acknowledge(at: lines.time, now: lines.time)
        #expect(isSeen && lines.isActive(.alarm))
        lines.machine.set(.init(isReady: true, isHealthy: true, isAlive: true), now: lines.time)
        #expect(!lines.isActive(.alarm) && lines.isActive(.ready))
    }

    @Test func theAcknowledgementOfAResultTakesNoAlarmBackAndTheNextOneDoes() {
        var lines = TestLines(.handshake, inputs: [.acknowledge])
        lines.go(to: 10)
        lines.machine.lose(1, after: .zero, before: lines.time, now: lines.time)
        lines.go(to: 50)
        let isSeen = lines.machine.acknowledge(at: lines.time, now: lines.time)
        #expect(!isSeen)
        #expect(!lines.isActive(.invalid) && lines.isActive(.alarm))
        lines.machine.acknowledge(at: lines.time, now: lines.time)
        #expect(!lines.isActive(.alarm))
    }

    @Test func aTestOfOKEndsWhenAPartMayBeThere() {
        var lines = TestLines()
        lines.machine.set(.init(), now: lines.time)
        lines.machine.test(.ok, now: lines.time)
        lines.machine.test(.busy, now: lines.time)
        #expect(lines.isActive(.ok) && lines.isActive(.busy))
        var ready = lines
        ready.machine.set(.init(isReady: true, isHealthy: true, isAlive: true), now: lines.time)
        #expect(!ready.isActive(.ok) && ready.isActive(.busy))
        lines.begin(1)
        #expect(!lines.isActive(.ok))
    }

    @Test func theHeartbeatIsASquareWaveWhileTheLineLives() {
        var lines = TestLines()
        lines.machine.set(.init(isReady: true, isHealthy: true, isAlive: true), now: .zero)
        let pulses = lines.pulses(until: 2200)
        #expect(pulses[.heartbeat] == [0..<500, 1000..<1500, 2000..<2200])
        lines.machine.set(.init(isReady: false, isHealthy: false, isAlive: false), now: lines.time)
        #expect(lines.machine.levels.isEmpty && lines.machine.nextDeadline == nil)
    }

    @Test func aThreadThatWakesLateMakesNoPulseShorter() {
        var lines = TestLines(delay: 100)
        lines.begin(1)
        lines.jump(to: 400)
        #expect(lines.isActive(.reject) && lines.isActive(.invalid))
        lines.go(to: 479)
        #expect(lines.isActive(.reject))
        lines.go(to: 480)
        #expect(!lines.isActive(.reject))
    }

    @Test(arguments: Configuration.LineIO.Mode.allCases) func afterTheLinesWereAwayNoPartOfBeforeIsOK(
        mode: Configuration.LineIO.Mode
    ) {
        var lines = TestLines(mode, inputs: [.acknowledge])
        lines.go(to: 10)
        for number in UInt64(1)...3 { lines.begin(number) }
        lines.decide(1, .ok)
        lines.go(to: 30)
        #expect(lines.isActive(.ok))
        lines.machine.linesLost(now: lines.time)
        #expect(!lines.isActive(.ok))
        lines.decide(2, .ok)
        lines.decide(3, .ok)
        lines.machine.linesTaken(now: lines.time)
        let pulses = lines.pulses(until: 1000)
        #expect(pulses[.ok] == nil && pulses[.invalid] != nil)
    }

    @Test func verdictsThatGotLostAreNoOK() {
        var lines = TestLines()
        lines.begin(1)
        lines.begin(2)
        lines.machine.fail(now: lines.time)
        lines.decide(1, .ok)
        lines.decide(2, .ok)
        let pulses = lines.pulses(until: 1000)
        #expect(pulses[.ok] == nil)
        #expect(lines.machine.counts.invalid == 2 && lines.machine.isIdle)
    }
}
