import Capture
import Core
import Glibc
import Settings
import Testing

/// What comes of a camera that works, and of its frames.
@Suite struct V4L2CameraTests {
    @Test func aFrameIsWhatTheDriverGaveWithItsNumber() throws {
        let scripted = ScriptedCamera()
        let camera = CaptureThread(.scripted, system: scripted)
        let frame = try #require(try camera.frame())
        #expect(
            frame.payload
                == .success(
                    Picture(.raw(.yuyv, height: 4, width: 6, bytesPerRow: 12), bytes: [UInt8](repeating: 7, count: 48)))
        )
        #expect(frame.name == "0" && frame.number == 1)
        #expect(try camera.frame()?.name == "1")
        #expect(camera.reading.description == "v4l2 /dev/cam YUYV 6 x 4, 10 Hz")
        #expect(camera.reading.differences.isEmpty)
    }

    @Test func theFirstFramesAfterTheStartAreDropped() throws {
        var settings = Configuration.Camera.scripted
        settings.warmupFrames = 3
        let scripted = ScriptedCamera()
        scripted.script = [.frame(), .frame(flagged: true), .frame(sequence: 9)]
        let camera = CaptureThread(settings, system: scripted)
        #expect(try camera.frame()?.name == "10")
        #expect(camera.reading.missed == 0 && camera.reading.damaged == 0)
        #expect(scripted.queued == 4)
    }

    @Test func flaggedFramesAmongGoodOnesAreFaultsAndTheStreamGoesOn() throws {
        let scripted = ScriptedCamera()
        // 0.9 s of flagged frames, and a good one.
        let round: [ScriptedCamera.Step] = Array(repeating: .frame(flagged: true), count: 10) + [.frame()]
        scripted.script = Array(repeating: round, count: 100).flatMap(\.self)
        let camera = CaptureThread(.scripted, system: scripted)
        for _ in 0..<100 {
            for _ in 0..<10 { #expect(try camera.frame()?.payload == .failure(.flagged)) }
            #expect(try camera.frame()?.isPicture == true)
        }
        #expect(camera.reading.damaged == 1000 && camera.reading.restarts == 0 && scripted.queued == 1100)
    }

    @Test func anEmptyOrShortFrameIsAFaultAndALongerOneIsCut() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(bytes: 0), .frame(bytes: 47), .frame(bytes: 60)]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.payload == .failure(.short(bytes: 0, expected: 48)))
        #expect(try camera.frame()?.payload == .failure(.short(bytes: 47, expected: 48)))
        #expect(try camera.frame()?.bytes == 48)
    }

    @Test func motionJPEGHasAllItsBytesButNotNone() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(bytes: 0), .frame(bytes: 30)]
        var settings = Configuration.Camera.scripted
        settings.format = "MJPG"
        let camera = CaptureThread(settings, system: scripted)
        #expect(try camera.frame()?.payload == .failure(.short(bytes: 0, expected: 1)))
        #expect(
            try camera.frame()?.payload
                == .success(Picture(.motionJPEG(height: 4, width: 6), bytes: [UInt8](repeating: 7, count: 30))))
    }

    @Test func lostFramesAreCountedByTheirNumbersAndAWrapIsNone() throws {
        let scripted = ScriptedCamera()
        // 4 lost before 5; then the numbers go back, wrap without a loss, and wrap with 2 lost.
        scripted.script = [0, 5, 3, .max - 1, .max, 0, .max, 2].map { .frame(sequence: $0) }
        let camera = CaptureThread(.scripted, system: scripted)
        let missed = try (0..<8).map { _ in
            _ = try camera.frame()
            return camera.reading.missed
        }
        #expect(missed == [0, 4, 4, 4, 4, 4, 4, 6])
    }

    @Test func aFrameThatWaitedTooLongIsStale() throws {
        let scripted = ScriptedCamera()
        // 2 periods are 200 ms, the limit is 500 ms.
        scripted.script = [.frame(late: .milliseconds(499)), .frame(late: .milliseconds(501))]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(try camera.frame()?.payload == .failure(.stale(milliseconds: 501)))
        #expect(camera.reading.damaged == 1)
    }

    @Test func aLongExposureIsNotStale() throws {
        let scripted = ScriptedCamera()
        // 2 x 400 ms and 300 ms of exposure: 1.1 s.
        scripted.period = .milliseconds(400)
        scripted.controls = [
            CameraControl(
                id: 0x009a_0902, name: "exposure_time_absolute", kind: .integer, range: 1...9999, standard: 3000)
        ]
        scripted.script = [.frame(late: .milliseconds(1099)), .frame(late: .milliseconds(1101))]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame(within: .seconds(3))?.isPicture == true)
        #expect(try camera.frame(within: .seconds(3))?.payload == .failure(.stale(milliseconds: 1101)))
    }

    @Test func exposureBeginsTwoPeriodsBeforeTheFramesEnd() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(after: .milliseconds(100), late: .milliseconds(30))]
        let camera = CaptureThread(.scripted, system: scripted)
        let frame = try #require(try camera.frame())
        #expect(scripted.time(of: frame.capturedAt) == .milliseconds(100))
        #expect(scripted.time(of: frame.exposedAt) == .milliseconds(-100))
    }

    @Test func aFrameThatTookLongerWasExposedLonger() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(), .frame(), .frame(), .frame(after: .milliseconds(400)), .frame(sequence: 9)]
        let camera = CaptureThread(.scripted, system: scripted)
        let leads = try (0..<5).map { _ in try camera.frame().map { $0.capturedAt - $0.exposedAt } }
        #expect(leads == [200, 200, 200, 800, 200].map { .milliseconds($0) })
    }

    @Test func theWordOfUSBCamerasForTheExposuresStartIsNotTaken() throws {
        let scripted = ScriptedCamera()
        scripted.identity.driver = "uvcvideo"
        scripted.isStartOfExposure = true
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame().map { $0.capturedAt - $0.exposedAt } == .milliseconds(200))
    }

    @Test func aTimeOfTheExposuresStartIsTakenAsItIs() throws {
        let scripted = ScriptedCamera()
        scripted.isStartOfExposure = true
        scripted.script = [.frame(after: .milliseconds(100), late: .milliseconds(30))]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame().map { scripted.time(of: $0.exposedAt) } == .milliseconds(100))
    }

    @Test func withoutAUsableClockAFrameIsAsOldAsTheEmptyQueueAllows() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(after: .milliseconds(100), late: .milliseconds(300), ownClock: true)]
        let camera = CaptureThread(.scripted, system: scripted)
        let frame = try #require(try camera.frame(within: .seconds(1)))
        // Nothing was there when the wait began, at 0 s; two periods before that the exposure may have begun.
        #expect(scripted.time(of: frame.exposedAt) == .milliseconds(-200))
        #expect(scripted.time(of: frame.capturedAt) == .milliseconds(400))
    }

    @Test func theQueueWasEmptyWhenItWasAskedAndNotWhenItAnswered() throws {
        let scripted = ScriptedCamera()
        scripted.emptyAnswer = .milliseconds(50)
        scripted.script = [.frame(ownClock: true)]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame().map { scripted.time(of: $0.exposedAt) } == .milliseconds(-200))
    }

    @Test func aFrameOfBeforeTheStreamIsStale() throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(skew: .seconds(-10))]
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.payload == .failure(.stale(milliseconds: 10_000)))
    }

    @Test(arguments: [Duration.seconds(1), .seconds(-3610), .seconds(-3700), .seconds(1 << 40)])
    func aTimeThatCannotBeIsNotBelieved(skew: Duration) throws {
        let scripted = ScriptedCamera()
        scripted.script = [.frame(after: .milliseconds(100), skew: skew)]
        let camera = CaptureThread(.scripted, system: scripted)
        let frame = try #require(try camera.frame())
        #expect(frame.isPicture && scripted.time(of: frame.capturedAt) == .milliseconds(100))
        #expect(scripted.time(of: frame.exposedAt) == .milliseconds(-200))
    }

    @Test func aCameraThatClaimsThirtyHertzIsMeasured() throws {
        let scripted = ScriptedCamera()
        scripted.period = .microseconds(33_333)
        scripted.script = Array(repeating: .frame(after: .milliseconds(250)), count: 5)
        var settings = Configuration.Camera.scripted
        settings.rateHertz = 0
        let camera = CaptureThread(settings, system: scripted)
        for _ in 0..<4 { _ = try camera.frame() }
        let frame = try #require(try camera.frame())
        #expect(frame.capturedAt - frame.exposedAt == .milliseconds(500))
    }

    @Test func theCamerasOwnFormatIsKeptUnlessItCannotBeRead() throws {
        let scripted = ScriptedCamera()
        scripted.offered = ["H264", "MJPG", "YUYV"].compactMap { FourCC($0) }
        var camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(camera.reading.description.contains("YUYV"))
        let other = ScriptedCamera()
        other.offered = ["H264", "MJPG"].compactMap { FourCC($0) }
        camera = CaptureThread(.scripted, system: other)
        #expect(try camera.frame()?.isPicture == true)
        #expect(camera.reading.description.contains("MJPG"))
    }

    @Test func aSizeThatOnlyAnotherFormatHasIsFound() throws {
        let scripted = ScriptedCamera()
        let motionJPEG = try #require(FourCC("MJPG"))
        scripted.given[motionJPEG] = DeviceFormat(fourCC: motionJPEG, height: 8, width: 12, bytesPerRow: 0, bytes: 99)
        var settings = Configuration.Camera.scripted
        (settings.height, settings.width) = (8, 12)
        let camera = CaptureThread(settings, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(camera.reading.description == "v4l2 /dev/cam MJPG 12 x 8, 10 Hz")
    }

    @Test func anotherRateIsReportedAndUsed() throws {
        let scripted = ScriptedCamera()
        scripted.period = .milliseconds(40)
        let camera = CaptureThread(.scripted, system: scripted)
        #expect(try camera.frame()?.isPicture == true)
        #expect(camera.reading.differences == ["rate: asked for 10 Hz, the driver gives 25 Hz"])
    }
}

extension Configuration.Camera {
    /// Without warm-up, at 10 Hz.
    static var scripted: Self {
        var camera = Self(device: "/dev/cam")
        camera.warmupFrames = 0
        camera.rateHertz = 10
        return camera
    }
}

extension Frame {
    var isPicture: Bool { (try? payload.get()) != nil }
    var bytes: Int? { (try? payload.get())?.bytes.count }
}
