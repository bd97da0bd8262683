import Capture
import ControlProtocol
import Core
import Daemon
import Testing

@Suite struct CaptureStateMachineTests {
    var machine = CaptureStateMachine(recipe: TestLine.recipe())
    let now = ContinuousClock.now

    private func frame(_ level: UInt8, number: UInt64) -> Frame { TestLine.frame(level, number: number) }

    @Test func framesWithTheSameBytesAreCountedInARow() {
        var machine = machine
        for (level, repeats) in [(UInt8(10), 1), (10, 2), (10, 3), (11, 1), (11, 2)] {
            _ = machine.arrived(frame(level, number: 1), at: now)
            #expect(machine.repeats == repeats)
        }
        #expect(machine.frames == 5)
    }

    @Test func aFrameWithAFaultCountsAndDoesNotMakeTheCameraDeliver() {
        var machine = machine
        let arrival = machine.arrived(Frame(name: "1", number: 1, payload: .failure(.flagged)), at: now)
        #expect(!arrival.isBack)
        #expect(machine.frames == 1)
        #expect(machine.camera == .starting)
        #expect(machine.newest == nil)
    }

    @Test func aPartIsJudgedByTheRecipeOfTheTimeWhenItWasComplete() {
        var machine = machine
        machine.backlog.count = { 3 }
        machine.use(TestLine.recipe(name: "cap"), at: now + .seconds(1))
        machine.use(TestLine.recipe(name: "lid"), at: now + .seconds(2))
        // Other settings of the same recipe are no change of the product.
        machine.use(TestLine.recipe(name: "lid", frozenFrames: 5), at: now + .seconds(3))
        machine.use(TestLine.recipe(name: "cap", frozenFrames: 6), at: now + .seconds(4))
        #expect(
            [0, 1, 2, 3, 4, 5].map { machine.recipe(at: now + .seconds($0)).name }
                == ["default", "cap", "lid", "lid", "cap", "cap"])
        #expect(machine.recipe(at: now + .seconds(1)).frozenFrames == 6)
    }

    @Test func theFirstFrameAfterALossIsSaidOnce() {
        var machine = machine
        #expect(machine.arrived(frame(1, number: 1), at: now).isBack)
        #expect(!machine.arrived(frame(2, number: 2), at: now).isBack)
        #expect(machine.lose(.cameraLost, reason: "unplugged", at: now).isWorthTelling)
        #expect(machine.arrived(frame(3, number: 3), at: now).isBack)
    }

    @Test func aLossThatLastsIsToldAgainOnlyAfterTenMinutes() {
        var machine = machine
        #expect(machine.lose(.cameraLost, reason: "a", at: now).isWorthTelling)
        #expect(!machine.lose(.cameraLost, reason: "b", at: now + .seconds(1)).isWorthTelling)
        #expect(machine.lose(.cameraBusy, reason: "c", at: now + .seconds(2)).isWorthTelling)
        #expect(!machine.lose(.cameraBusy, reason: "c", at: now + .seconds(601)).isWorthTelling)
        #expect(machine.lose(.cameraBusy, reason: "c", at: now + .seconds(603)).isWorthTelling)
        #expect(machine.camera == .lost(.cameraBusy, reason: "c", told: now + .seconds(603)))
    }

    @Test func reopeningIsOrderedOnceAndStoppingForGood() {
        var machine = machine
        #expect(machine.takeOrder() == .goOn)
        machine.reopen()
        #expect(machine.takeOrder() == .reopen)
        #expect(machine.takeOrder() == .goOn)
        machine.stop()
        machine.reopen()
        #expect(machine.takeOrder() == .stop)
        #expect(machine.takeOrder() == .stop)
    }

    @Test func whoWantsShotsIsRefusedWhereNoneCanCome() {
        var machine = machine
        let request = ShotRequest(1, camera: "cam")
        #expect(machine.take(request) == nil)
        #expect(machine.lose(.cameraLost, reason: "unplugged", at: now).waiting.count == 1)
        #expect(machine.take(request) == "unplugged")
        _ = machine.delivers()
        #expect(machine.take(request) == nil)
        #expect(machine.finish().count == 1)
        #expect(machine.take(request) == "the source came to its end")
        machine.stop()
        #expect(machine.take(request) == "the camera is being stopped")
    }
}
