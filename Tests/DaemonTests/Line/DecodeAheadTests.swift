import Capture
import Core
import Daemon
import Testing

/// The score is the picture's first pixel: it says which picture was looked at.
@Suite struct DecodeAheadTests {
    private let models = ModelSlot()
    private let ahead = DecodeAhead()

    /// As a queue gives them out.
    private func parts(_ frames: Frame...) -> [Part] {
        var queue = PartQueueStateMachine()
        let lane = LaneID(1)
        queue.open(lane, camera: "cam", policy: .everyPart(capacity: frames.count))
        for frame in frames {
            let part = Part(camera: "cam", recipe: TestLine.recipe(models), frame: .success(frame))
            _ = queue.push(part, to: lane)
        }
        return frames.compactMap { _ in if case .part(let part) = queue.pop(at: .now) { part } else { nil } }
    }

    private func score(_ part: Part) -> Float? {
        var pipeline = InspectionPipeline(ahead: ahead)
        return pipeline.inspect(part).judgement?.score
    }

    @Test func aPictureThatWasDecodedAheadIsNotDecodedAgain() throws {
        models.activate(TestLine.model())
        let decoded = try #require(parts(TestLine.frame(50)).first)
        ahead.decode(decoded)
        // Of another queue, so with the number of the one that was decoded: no line has such a part.
        let same = try #require(parts(TestLine.frame(90)).first)
        #expect(score(same) == 50)
        #expect(score(same) == 90, "it is given once")
    }

    @Test func anImageIsThereAlsoWhenTheNextOneWasDecodedBeforeItWasTaken() throws {
        models.activate(TestLine.model())
        let decoded = parts(TestLine.frame(50), TestLine.frame(60))
        for part in decoded { ahead.decode(part) }
        #expect(parts(TestLine.frame(90), TestLine.frame(91)).map(score) == [50, 60])
    }

    @Test func anotherPartDecodesItsOwnPicture() {
        models.activate(TestLine.model())
        let parts = parts(TestLine.frame(50), TestLine.frame(90))
        ahead.decode(parts[0])
        #expect(score(parts[1]) == 90)
        #expect(score(parts[0]) == 50)
    }

    @Test func aModelThatLooksElsewhereDecodesItsOwnPicture() {
        var image = TestLine.picture(50)
        let roi = PixelRectangle(x: 20, y: 8, width: 16, height: 12)
        for row in 8..<20 { for column in 60..<108 { image.pixels[row * 120 + column] = 90 } }
        let frame = Frame(name: "a", number: 1, payload: .success(Picture(.file, bytes: image.pngBytes())))
        let parts = parts(frame)
        models.activate(TestLine.model())
        ahead.decode(parts[0])
        models.activate(TestLine.model(area: InspectionArea(roi: roi)))
        #expect(score(parts[0]) == 90)
    }

    @Test func whyAPictureDoesNotDecodeIsToldAsEver() {
        models.activate(TestLine.model())
        let cut = Array(TestLine.picture(50).pngBytes().prefix(60))
        let parts = parts(Frame(name: "cut", number: 1, payload: .success(Picture(.file, bytes: cut))))
        ahead.decode(parts[0])
        var (with, without) = (InspectionPipeline(ahead: ahead), InspectionPipeline())
        let told = with.inspect(parts[0]).invalidity
        #expect(told?.cause == .decodeFailed)
        #expect(told == without.inspect(parts[0]).invalidity)
    }

    @Test func aFrameOfTheWrongSizeIsToldAsEver() {
        models.activate(TestLine.model())
        var part = parts(TestLine.frame(50))[0]
        part.size = (height: 10, width: 10)
        ahead.decode(part)
        var pipeline = InspectionPipeline(ahead: ahead)
        #expect(pipeline.inspect(part).invalidity?.cause == .sizeMismatch)
    }
}
