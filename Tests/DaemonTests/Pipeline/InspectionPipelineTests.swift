import ControlProtocol
import Core
import Daemon
import Testing

@Suite struct InspectionPipelineTests {
    let models = ModelSlot()

    private func inspect(_ frame: Frame, guards: FrameGuards = FrameGuards()) -> Inspection {
        var pipeline = InspectionPipeline(models: models, guards: guards)
        return pipeline.inspect(frame)
    }

    @Test(arguments: [(99, Verdict.ok), (100, .ng), (101, .ng)])
    func aScoreAtTheLimitIsARejectAndBelowIsNot(level: Int, verdict: Verdict) {
        models.activate(TestLine.model(limit: 100))
        let inspection = inspect(TestLine.frame(UInt8(level)))
        #expect(inspection.verdict == verdict)
        #expect(inspection.judgement?.score == Float(level))
        #expect(inspection.generation == 1)
        #expect(inspection.invalidity == nil)
    }

    @Test func withoutAModelThePictureIsKeptForTheFirstShot() {
        let inspection = inspect(TestLine.frame(50))
        #expect(inspection.invalidity?.cause == .noModel)
        #expect(inspection.image == TestLine.picture(50))
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func aScoreThatIsNoNumberIsInvalid(score: Float) {
        models.activate(TestLine.model(score: { _ in score }))
        #expect(inspect(TestLine.frame(50)).invalidity?.cause == .scoreNotFinite)
    }

    @Test(arguments: [Float.nan, .infinity])
    func aLimitThatIsNoNumberIsInvalid(limit: Float) {
        models.activate(TestLine.model(limit: limit))
        #expect(inspect(TestLine.frame(50)).invalidity?.cause == .scoreNotFinite)
    }

    @Test func aModelOfAnotherKindIsInvalid() {
        models.activate(TestLine.model(refusal: Invalidity(.modelMismatch, "other layers")))
        #expect(inspect(TestLine.frame(50)).invalidity == Invalidity(.modelMismatch, "other layers"))
    }

    @Test func noDamageOfAFrameIsEverOK() {
        models.activate(TestLine.model())
        let whole = TestLine.picture(50).pngBytes()
        let jpeg = TestLine.picture(50).jpegBytes(qualityPercent: 90)
        var damaged: [[UInt8]] = [[], Array("no picture".utf8), Array(repeating: 0, count: 1000)]
        damaged += (1..<whole.count).map { Array(whole.prefix($0)) }
        damaged += (1..<jpeg.count - 1).map { Array(jpeg.prefix($0)) }
        for bytes in damaged {
            let inspection = inspect(Frame(name: "f", number: 1, payload: .success(Picture(.file, bytes: bytes))))
            #expect(inspection.invalidity?.cause == .decodeFailed, "\(bytes.count) bytes")
            #expect(inspection.verdict == .invalid)
            #expect(inspection.image == nil)
        }
    }

    @Test func aFrameThatCouldNotBeReadIsInvalid() {
        models.activate(TestLine.model())
        let frame = Frame(name: "f", number: 1, payload: .failure(.unreadable("gone")))
        #expect(inspect(frame).invalidity == Invalidity(.frameUnreadable, "gone"))
    }

    @Test(arguments: [
        (3, InvalidCause?.some(.frameDark)), (4, nil), (90, nil), (99, nil), (251, .frameSaturated),
        (255, .frameSaturated),
    ])
    func darkAndSaturatedFramesAreInvalid(level: Int, cause: InvalidCause?) {
        models.activate(TestLine.model())
        let inspection = inspect(TestLine.frame(UInt8(level)), guards: FrameGuards(brightness: 4...250))
        #expect(inspection.invalidity?.cause == cause)
    }

    @Test(arguments: [(24, 40, true), (40, 24, false), (24, 41, false)])
    func framesOfAnotherSizeAreInvalid(height: Int, width: Int, isValid: Bool) {
        models.activate(TestLine.model())
        let inspection = inspect(TestLine.frame(50), guards: FrameGuards(size: (height, width)))
        #expect(inspection.invalidity?.cause == (isValid ? nil : .sizeMismatch))
    }

    @Test func theSameBytesInARowAreAFrozenCameraFromTheFifthOn() {
        models.activate(TestLine.model())
        var pipeline = InspectionPipeline(models: models, guards: FrameGuards(frozenFrames: 5))
        var verdicts = (0..<7).map { _ in pipeline.inspect(TestLine.frame(50)).verdict }
        #expect(verdicts == [.ok, .ok, .ok, .ok, .invalid, .invalid, .invalid])
        #expect(pipeline.inspect(TestLine.frame(50)).invalidity?.cause == .frameFrozen)
        // Two pictures in turns are no frozen camera.
        verdicts = (0..<12).map { pipeline.inspect(TestLine.frame(50 + UInt8($0 % 2))).verdict }
        #expect(verdicts.dropFirst().allSatisfy { $0 == .ok })
    }

    @Test func aModelIsSwappedBetweenFramesAndItsBackboneOnlyMadeWhenItDiffers() {
        let made = Counter()
        var pipeline = InspectionPipeline(models: models, guards: FrameGuards())
        let generations = (1...6).map { number in
            models.activate(TestLine.model(generation: number, inputSize: number < 4 ? 8 : 16, made: made))
            return pipeline.inspect(TestLine.frame(50)).generation
        }
        #expect(generations == [1, 2, 3, 4, 5, 6])
        #expect(made.value == 2)
    }

    @Test func stagesAddUpToTheTotal() {
        models.activate(TestLine.model())
        let latency = inspect(TestLine.frame(50)).latency
        let stages = latency.wait + latency.decode + latency.embed + latency.score
        #expect(latency.decode > 0 && stages > 0)
        #expect(latency.total >= stages - 0.005)
    }

    @Test func countersShowPercentilesByNearestRank() {
        models.activate(TestLine.model())
        var counters = LineCounters()
        #expect(counters.latency == nil)
        let ok = inspect(TestLine.frame(50))
        for milliseconds in (1...100).shuffled() { counters.count(ok, milliseconds: Double(milliseconds)) }
        #expect(counters.latency == LatencyReply(p50: 50, p95: 95, p99: 99))
        counters.count(inspect(TestLine.frame(200)), milliseconds: 5)
        counters.count(
            inspect(Frame(name: "f", number: 1, payload: .success(Picture(.file, bytes: [])))), milliseconds: 5)
        #expect(counters.verdicts == CountsReply(ok: 100, ng: 1, invalid: 1, causes: ["decode_failed": 1]))
        #expect(counters.lastVerdict != nil)
    }
}

@Suite struct WallTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (1_767_323_045_678_901, "2026-01-02T03:04:05.678901Z"),
            (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func timesAreWrittenInUTCWithMicroseconds(microseconds: Int64, text: String) {
        #expect(WallTime(microsecondsSince1970: microseconds).rfc3339 == text)
    }
}
