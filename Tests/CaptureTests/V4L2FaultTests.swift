import Capture
import ControlProtocol
import Glibc
import Settings
import Testing

/// What happens when a camera does not do what it should: rows C1 to C11 of the faults that are planned for.
@Suite struct V4L2FaultTests {
    @Test func anUnpluggedCameraIsClosedAtOnceAndUsedAgainWhenItIsBack() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(), .poll([.error, .gone, .event])]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        let error = try #require(camera.failure())
        #expect(error == .disconnected(path: "/dev/cam") && error.state == .cameraLost)
        #expect(scripted.openDevices == 0 && scripted.elapsed == .milliseconds(100))

        scripted.node = .absent
        let requests = scripted.log.count
        for _ in 0..<50 { #expect(camera.failure() == .deviceMissing(path: "/dev/cam")) }
        #expect(scripted.log.count == requests)
        scripted.node = .link
        #expect(try camera.frame()?.number == 2)
        #expect(scripted.openDevices == 1)
    }

    @Test func aRequestToADeviceThatIsGoneSaysSo() {
        let scripted = ScriptedCamera()
        scripted.script = [.dequeueFails(ENODEV)]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(camera.failure() == .disconnected(path: "/dev/cam"))
        #expect(scripted.openDevices == 0)
    }

    @Test func lookingForAnAbsentCameraStaysQuick() {
        let absent = CaptureError.deviceMissing(path: "/dev/cam")
        #expect(
            [1, 2, 3, 100].map { absent.retryPeriod(failures: $0) } == Array(repeating: .milliseconds(500), count: 4))
        let broken = CaptureError.requestFailed(path: "/dev/cam", request: "STREAMON", reason: "")
        #expect(
            [1, 2, 3, 100].map { broken.retryPeriod(failures: $0) } == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(2),
            ])
    }

    @Test func anotherCameraInItsPlaceIsNotTouched() {
        let scripted = ScriptedCamera()
        var settings = Configuration.Camera.scripted
        settings.card = "Cam"
        settings.bus = "usb-2"
        let camera = CaptureThread(settings, system: scripted)
        let error = camera.failure()
        #expect(error == .wrongCamera(path: "/dev/cam", key: "bus", expected: "usb-2", got: "usb-1"))
        #expect(error?.state == .cameraMismatch && error?.retryPeriod(failures: 9) == .seconds(1))
        #expect(scripted.log == ["open"] && scripted.openDevices == 0)
    }

    @Test func aNumberAloneIsNoCamera() throws {
        let scripted = ScriptedCamera()
        scripted.node = .number
        var camera = CaptureThread(.scripted, system: scripted)
        #expect(camera.failure() == .bareNode(path: "/dev/cam") && scripted.log.isEmpty)
        var settings = Configuration.Camera.scripted
        settings.card = "Cam"
        camera = CaptureThread(settings, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
    }

    @Test func aMetadataNodeIsRefused() {
        let scripted = ScriptedCamera()
        scripted.identity.kind = .metadata
        let camera = CaptureThread(.scripted, system: scripted)
        let error = camera.failure()
        #expect(error == .notACamera(path: "/dev/cam", kind: "metadata"))
        #expect(error?.description.contains("take the camera's other node") == true)
    }

    @Test func aSizeThatIsNotGivenIsNeverJudged() {
        let scripted = ScriptedCamera()
        var settings = Configuration.Camera.scripted
        (settings.height, settings.width) = (480, 640)
        let camera = CaptureThread(settings, system: scripted)
        let error = camera.failure()
        #expect(error == .notGiven(path: "/dev/cam", asked: "YUYV 640 x 480", got: "YUYV 6 x 4", offered: ["6 x 4"]))
        #expect(error?.state == .cameraMismatch && !scripted.log.contains("STREAMON") && scripted.openDevices == 0)
    }

    @Test func anotherSizeWhileItStreamsIsAMismatchUntilTheOldOneIsBack() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(), .change(ScriptedCamera.yuyv(height: 8, width: 12))]
        var settings = Configuration.Camera.scripted
        (settings.height, settings.width) = (4, 6)
        let camera = CaptureThread(settings, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(camera.failure()?.state == .cameraMismatch)
        #expect(camera.failure()?.state == .cameraMismatch)
        scripted.format = ScriptedCamera.yuyv(height: 4, width: 6)
        #expect(try camera.frame()?.bytes == 48)
    }

    @Test func anotherSizeIsTakenWhereNoneWasAskedFor() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(), .change(ScriptedCamera.yuyv(height: 8, width: 12))]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.bytes == 48)
        #expect(try camera.frame()?.bytes == 192)
        #expect(camera.reading.restarts == 1)
    }

    @Test func aStallShowsAfterASecondAndEndsWithTheNextFrame() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(), .silence(.milliseconds(1500))]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        let error = camera.failure()
        #expect(error == .stalled(path: "/dev/cam") && error?.state == .cameraStalled)
        #expect(error?.retryPeriod(failures: 1) == .zero)
        #expect(scripted.elapsed == .milliseconds(1100) && scripted.openDevices == 1)
        // Still no frame: still stalled, never healthy.
        #expect(camera.failure(calls: 1) == .stalled(path: "/dev/cam"))
        #expect(try camera.frame()?.number == 2)
        #expect(camera.reading.restarts == 1)
        #expect(scripted.elapsed == .milliseconds(1700))
    }

    @Test func threeRestartsInVainAreFollowedByClosing() {
        let scripted = ScriptedCamera()
        scripted.script = [.frame()]
        scripted.sendsFrames = false
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(camera.failure() == .stalled(path: "/dev/cam"))
        while scripted.openDevices == 1, scripted.elapsed < .seconds(20) { _ = camera.failure() }
        // The frame, the stall, and a second after each of three restarts.
        #expect(scripted.elapsed == .milliseconds(4100) && camera.reading.restarts == 3)
        #expect(camera.failure() == .stalled(path: "/dev/cam") && scripted.openDevices == 1)
    }

    @Test(arguments: [true, false]) func aCameraThatSendsOnlyDamagedFramesIsStalled(isFlagged: Bool) throws {
        let scripted = ScriptedCamera()
        let bad = ScriptedCamera.Step.frame(bytes: isFlagged ? nil : 5, flagged: isFlagged)
        scripted.script = [.frame()] + Array(repeating: bad, count: 1000)
        var settings = Configuration.Camera.scripted
        settings.warmupFrames = 2
        let camera = CaptureThread(settings, system: scripted)
        let error = try #require(camera.failure())
        #expect(error.state == .cameraStalled && error.description.contains("only damaged frames"))
        #expect(camera.reading.restarts == 1 && scripted.openDevices == 1)
        // Warm-up frames are no hope.
        while scripted.openDevices == 1, scripted.elapsed < .seconds(20) { _ = camera.failure() }
        #expect(camera.reading.restarts == 3 && scripted.openDevices == 0)
        scripted.script = []
        #expect(try camera.frame()?.isPicture == true)
    }

    @Test func afterOnlyDamagedFramesSilenceIsNoHealth() {
        let scripted = ScriptedCamera()
        scripted.script = Array(repeating: .frame(flagged: true), count: 15) + [.silence(.milliseconds(500))]
        let camera = CaptureThread(.scripted, system: scripted)
        let stalled = CaptureError.stalled(path: "/dev/cam", fault: .flagged)
        #expect(camera.failure() == stalled)
        #expect(camera.failure() == stalled && scripted.elapsed < .seconds(2))
    }

    @Test func framesThatWaitedForTheInspectionRestartNothing() throws {
        let scripted = ScriptedCamera()
        scripted.script = Array(repeating: .frame(late: .milliseconds(1500)), count: 10)
        let camera = CaptureThread(.scripted, system: scripted)
        for _ in 0..<10 { #expect(try camera.frame() != nil) }
        #expect(camera.reading.restarts == 0 && camera.reading.damaged > 1)
    }

    @Test func aSlowCameraIsNotStalled() throws {
        let scripted = ScriptedCamera()
        scripted.period = .seconds(2)
        scripted.script = [.frame(), .frame(after: .milliseconds(9900))]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame(within: .seconds(20))?.isPicture == true)
        #expect(try camera.frame(within: .seconds(20))?.isPicture == true)
        #expect(camera.reading.restarts == 0)
    }

    @Test(arguments: ["S_FMT", "REQBUFS", "QBUF", "STREAMON", "requeue"])
    func aRefusedRequestClosesTheDevice(request: String) throws {
        let scripted = ScriptedCamera()
        scripted.failures = [request: [EINVAL]]
        let camera = CaptureThread(.scripted, system: scripted)
        let error = try #require(camera.failure())
        #expect(error.state == .cameraLost && error.retryPeriod(failures: 1) == .milliseconds(500))
        #expect(error.description.hasPrefix("camera /dev/cam: \(request): Invalid argument"))
        #expect(scripted.openDevices == 0)
        #expect(try camera.frame()?.isPicture == true)
    }

    @Test func aDeadQueueClosesTheDevice() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(), .dequeueFails(EIO, whileBroken: true)]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(camera.failure()?.state == .cameraLost)
        #expect(scripted.openDevices == 0 && camera.reading.restarts == 0)
        #expect(try camera.frame()?.isPicture == true)
    }

    @Test func aMomentsErrorRestartsTheStreamAndQueuesNothing() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(), .dequeueFails(EIO)]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        let queued = scripted.queued
        #expect(try camera.frame()?.number == 2)
        #expect(camera.reading.restarts == 1 && scripted.queued == queued + 1 && scripted.openDevices == 1)
    }

    @Test func pollErrorsWithoutEndRestartTheStreamWithoutABusyLoop() throws {
        let scripted = ScriptedCamera()
        scripted.script = Array(repeating: .poll(.error), count: 1000)
        let camera = CaptureThread(.scripted, system: scripted)
        let error = try #require(camera.failure())
        #expect(error.state == .cameraLost && scripted.openDevices == 0 && camera.reading.restarts == 3)
        // Three errors before each restart and before giving up, 20 ms each.
        #expect(scripted.elapsed == .milliseconds(240))
        #expect(scripted.script.count == 1000 - 12)
    }

    @Test func readinessWithoutAFrameIsNoBusyLoop() throws {
        let scripted = ScriptedCamera()
        scripted.script = Array(repeating: .poll(.frame), count: 1000)
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame(within: .milliseconds(200)) == nil)
        #expect(scripted.script.count >= 1000 - 11)
    }

    @Test func aBusyCameraNamesItsHolder() throws {
        let scripted = ScriptedCamera()
        scripted.failures = ["S_FMT": [EBUSY]]
        scripted.holder = "guvcview (pid 4711)"
        let camera = CaptureThread(.scripted, system: scripted)
        let error = try #require(camera.failure())
        #expect(error.state == .cameraBusy && error.description.contains("held by guvcview (pid 4711)"))
        #expect(error.retryPeriod(failures: 9) <= .seconds(1) && scripted.openDevices == 0)
        #expect(try camera.frame()?.isPicture == true)
    }

    @Test func everyFailureSaysWhatToDo() {
        let cases: [(String, CInt, String, LineState)] = [
            ("STREAMON", ENOSPC, "USB bandwidth", .cameraStalled), ("open", EACCES, "group video", .cameraLost),
            ("QUERY_DV_TIMINGS", ENOLINK, "no signal", .cameraStalled), ("open", ENOENT, "not there", .cameraLost),
        ]
        for (request, errno, text, state) in cases {
            let scripted = ScriptedCamera()
            scripted.failures = [request: [errno]]
            let camera = CaptureThread(.scripted, system: scripted)
            let error = camera.failure()
            #expect(error?.description.contains(text) == true)
            #expect(error?.state == state && scripted.openDevices == 0)
        }
    }
}
