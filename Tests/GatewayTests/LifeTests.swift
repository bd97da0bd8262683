import ControlProtocol
import Gateway
import Testing

/// A dead line never says that it is well.
@Suite struct LifeTests {
    private func isNotKnown(_ test: TestDesk) -> Bool {
        let line = test.read(8, 8)
        // No state, fault 10, not READY; recipe and generation are not known.
        return line[1] == 0 && line[2] == 10 && line[3] & 1 == 0 && line[4] == 0 && line[5] == 0
    }

    @Test func beforeTheDaemonIsThereNothingIsKnown() {
        let test = TestDesk()
        #expect(isNotKnown(test))
        #expect(test.read(40, 60) == [UInt16](repeating: 0, count: 60))
    }

    @Test func threeHeartbeatsThatStayAwayAreAFaultAndTheLastVerdictStays() {
        let test = TestDesk.live()
        test.verdict(TestDesk.record(5))
        test.now += .milliseconds(749)
        #expect(test.read(10) == [0])
        test.now += .milliseconds(1)
        #expect(isNotKnown(test))
        #expect(test.read(41, 3) == [0, 5, 1])
    }

    @Test func aBrokenConnectionIsAFaultAtOnce() {
        let test = TestDesk.live()
        test.desk.end(at: test.now)
        #expect(isNotKnown(test))
        test.desk.begin()
        #expect(isNotKnown(test))
        test.beat()
        #expect(!isNotKnown(test))
    }

    @Test func theHeartbeatMovesOnlyWhileAllIsWell() {
        let test = TestDesk.live()
        let before = test.read(8)[0]
        test.beat()
        #expect(test.read(8) == [before + 1])
        test.take(.state(test.status(.cameraLost)))
        test.beat()
        #expect(test.read(8, 4) == [before + 1, 3, 3, 0])
        test.take(.state(test.status()))
        test.beat()
        #expect(test.read(8) == [before + 2])
    }

    /// A gateway that was stopped for a while finds heartbeats of before in its socket.
    @Test func oldHeartbeatsAreNoSignOfLife() {
        let test = TestDesk.live()
        let before = test.read(8)
        test.now += .seconds(10)
        test.beat(age: .seconds(9))
        test.beat(age: .milliseconds(800))
        #expect(isNotKnown(test))
        #expect(test.read(8) == before)
        test.beat()
        #expect(!isNotKnown(test))
    }

    @Test(arguments: LineState.allCases) func everyStateButOneIsAFault(state: LineState) {
        let test = TestDesk.live()
        test.take(.state(test.status(state)))
        test.beat()
        let line = test.read(9, 3)
        #expect((line[1] == 0) == (state == .inspecting))
        #expect((line[2] & 1 == 1) == (state == .inspecting))
        #expect([6, 7, 8].contains(line[0]) == (state == .inspecting))
    }

    @Test func aCameraThatIsLostIsNoFaultOfAnotherOne() {
        let test = TestDesk.live(cameras: ["camera1", "camera2"])
        test.take(.state(test.status(.cameraLost)))
        #expect(test.read(10, unit: 1) == [3] && test.read(10, unit: 2) == [0])
        // What is wrong with the line is wrong with each.
        let cause = FindingReply(place: "journal", state: .journalFailed, reason: "full")
        test.take(.state(test.status(.journalFailed, causes: [cause], cameraState: .inspecting)))
        #expect(test.read(10, unit: 1) == [8] && test.read(10, unit: 2) == [8])
    }

    @Test func aUnitWhoseCameraIsNotThereSaysSo() {
        let test = TestDesk(cameras: ["camera9"])
        test.desk.begin()
        var status = test.status()
        status.cameras[0].name = "camera1"
        test.take(.state(status))
        test.beat()
        #expect(test.read(8, 4) == [0, 0, 20, 0])
    }

    @Test func thePLCIsAliveWhileItsHeartbeatChanges() {
        let test = TestDesk.live()
        func isAlive() -> Bool { test.read(11)[0] & 1 << 12 != 0 }
        // One that has none is not missed.
        #expect(!isAlive() && test.desk.troubles(at: test.now) == [])
        _ = test.write([1], at: 203)
        #expect(isAlive())
        test.now += .milliseconds(400)
        _ = test.write([1], at: 203)
        #expect(isAlive())
        test.now += .milliseconds(101)
        #expect(!isAlive())
        #expect(test.desk.troubles(at: test.now) == ["unit 1: the PLC's heartbeat (register 203) stands still"])
        _ = test.write([2], at: 203)
        #expect(isAlive() && test.desk.troubles(at: test.now) == [])
    }
}
