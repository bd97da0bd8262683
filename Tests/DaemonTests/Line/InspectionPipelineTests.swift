import Capture
import ControlProtocol
import Core
import Daemon
import Platform
import Settings
import Testing

@Suite struct InspectionPipelineTests {
    let models = ModelSlot()

    private func part(
        _ frame: Frame, _ recipe: LineRecipe? = nil, size: (height: Int, width: Int)? = nil, repeats: Int = 1
    ) -> Part {
        var part = Part(camera: "cam", recipe: recipe ?? TestLine.recipe(models), frame: .success(frame))
        part.size = size
        part.repeats = repeats
        return part
    }

    private func inspect(_ frame: Frame) -> Inspection { inspect(part(frame)) }

    private func inspect(_ part: Part) -> Inspection {
        var pipeline = InspectionPipeline()
        return pipeline.inspect(part)
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

    @Test func withoutAModelThePictureIsKeptForTheFirstShot() throws {
        let inspection = inspect(TestLine.frame(50))
        #expect(inspection.invalidity?.cause == .noModel)
        #expect(try inspection.picture?.image() == TestLine.picture(50))
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

    @Test(arguments: [("off", Verdict.ok), ("warn", .ok), ("invalid", .invalid)])
    func aShiftedSceneIsWhatTheRecipeMakesOfIt(policy: String, verdict: Verdict) throws {
        let scene = SceneMonitor(SceneStatistics(shots: [TestLine.picture(50)]))
        models.activate(TestLine.model(scene: scene))
        let policy = try #require(Configuration.RecipeSettings.SceneShiftPolicy(rawValue: policy))
        let recipe = TestLine.recipe(models, sceneShift: policy)
        let shifted = inspect(part(TestLine.frame(90), recipe))
        #expect(shifted.verdict == verdict)
        #expect((shifted.sceneShift != nil) == (policy != .off))
        #expect(shifted.invalidity?.cause == (verdict == .ok ? nil : .sceneShifted))
        let usual = inspect(part(TestLine.frame(50), recipe))
        #expect(usual.verdict == .ok && usual.sceneShift == nil)
    }

    @Test func onlyAnOKScoreHasAPlaceBeforeTheLimit() {
        models.activate(TestLine.model(limit: 100, scale: ScoreScale(typical: 40, limit: 100)))
        #expect(inspect(TestLine.frame(70)).position == 0.5)
        #expect(inspect(TestLine.frame(120)).position == nil)
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
            #expect(inspection.picture == nil)
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
        let inspection = inspect(part(TestLine.frame(UInt8(level)), TestLine.recipe(models, brightness: 4...250)))
        #expect(inspection.invalidity?.cause == cause)
    }

    @Test(arguments: [(24, 40, true), (40, 24, false), (24, 41, false)])
    func framesOfAnotherSizeAreInvalid(height: Int, width: Int, isValid: Bool) {
        models.activate(TestLine.model())
        let inspection = inspect(part(TestLine.frame(50), size: (height, width)))
        #expect(inspection.invalidity?.cause == (isValid ? nil : .sizeMismatch))
    }

    @Test(arguments: [(1, false), (4, false), (5, true), (100, true)])
    func theSameBytesInARowAreAFrozenCameraFromTheFifthOn(repeats: Int, isFrozen: Bool) {
        models.activate(TestLine.model())
        let recipe = TestLine.recipe(models, frozenFrames: 5)
        let inspection = inspect(part(TestLine.frame(50), recipe, repeats: repeats))
        #expect(inspection.invalidity?.cause == (isFrozen ? .frameFrozen : nil))
        #expect(inspect(part(TestLine.frame(50), TestLine.recipe(models), repeats: repeats)).verdict == .ok)
    }

    @Test(arguments: [(0, 0, 40, 24, true), (8, 4, 32, 20, true), (9, 4, 32, 20, false), (8, 5, 32, 20, false)])
    func aRegionOutsideOfTheFrameIsInvalid(x: Int, y: Int, width: Int, height: Int, isInside: Bool) {
        let area = InspectionArea(roi: PixelRectangle(x: x, y: y, width: width, height: height))
        models.activate(TestLine.model(area: area))
        #expect(inspect(TestLine.frame(50)).invalidity?.cause == (isInside ? nil : .sizeMismatch))
        let empty = TestLine.recipe(ModelSlot(), area: area)
        #expect(
            inspect(part(TestLine.frame(50), empty)).invalidity?.cause == (isInside ? .noModel : .sizeMismatch))
    }

    @Test func onlyTheRegionIsLookedAtForScoreAndBrightness() {
        // Left half 10, right half 200.
        let pixels = (0..<24).flatMap { _ in (0..<40).flatMap { [UInt8](repeating: $0 < 20 ? 10 : 200, count: 3) } }
        let bytes = Image(height: 24, width: 40, pixels: pixels).pngBytes()
        let frame = Frame(name: "f", number: 1, payload: .success(Picture(.file, bytes: bytes)))
        let recipe = TestLine.recipe(models, brightness: 100...255)
        models.activate(TestLine.model(limit: 250))
        #expect(inspect(part(frame, recipe)).verdict == .ok)
        models.activate(
            TestLine.model(limit: 250, area: InspectionArea(roi: .init(x: 24, y: 0, width: 16, height: 24))))
        #expect(inspect(part(frame, recipe)).judgement?.score == 200)
        models.activate(TestLine.model(limit: 250, area: InspectionArea(roi: .init(x: 0, y: 0, width: 16, height: 24))))
        #expect(inspect(part(frame, recipe)).invalidity?.cause == .frameDark)
    }

    @Test func anInspectionThatWouldBeginTooLateIsInvalid() {
        models.activate(TestLine.model())
        var late = part(TestLine.frame(50))
        late.deadline = .now - .milliseconds(1)
        #expect(inspect(late).invalidity?.cause == .deadlineMissed)
        late.deadline = .now + .seconds(60)
        #expect(inspect(late).verdict == .ok)
    }

    @Test(
        arguments: [
            (.flagged, .frameError), (.short(bytes: 1, expected: 2), .frameShort),
            (.stale(milliseconds: 9), .frameStale),
            (.unreadable("gone"), .frameUnreadable), (.missed("gone"), .missed),
        ] as [(FrameFault, InvalidCause)])
    func aFrameThatCannotBeBelievedIsInvalidWithItsCause(fault: FrameFault, cause: InvalidCause) {
        models.activate(TestLine.model())
        #expect(inspect(Frame(name: "f", number: 1, payload: .failure(fault))).invalidity?.cause == cause)
    }

    @Test func aModelIsSwappedBetweenFramesAndItsBackboneOnlyMadeWhenItDiffers() {
        let made = Counter()
        var pipeline = InspectionPipeline()
        let generations = (1...6).map { number in
            models.activate(TestLine.model(generation: number, inputSize: number < 4 ? 8 : 16, made: made))
            return pipeline.inspect(part(TestLine.frame(50))).generation
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

    @Test func aGoodFrameWithoutAModelEndsTheComplaintAboutTheFramesBefore() {
        var counters = LineCounters()
        let dark = inspect(part(TestLine.frame(0), TestLine.recipe(models, brightness: 4...255)))
        for _ in 0..<5 { counters.count(dark, milliseconds: 1) }
        #expect(counters.unjudged?.count == 5)
        counters.count(inspect(TestLine.frame(50)), milliseconds: 1)
        #expect(counters.verdicts.causes == ["frame_dark": 5, "no_model": 1])
        #expect(counters.unjudged == nil)
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
