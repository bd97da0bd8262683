import Core
import Foundation
import Platform
import Testing

/// Parts of the line that teach a model of few shots.
@Suite struct StreamTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func fit(_ shots: Int, _ method: any Core.Method = AutoMethod(), sensitivity: Double = 0.5) throws
        -> FittedModel
    {
        let sensitivity = try #require(Sensitivity(sensitivity))
        return try FittedModel.fit(
            shots: (1...shots).map(MadeUpPart.shot), extractor: madeUpExtractor(),
            settings: MethodSettings(method: method, layers: [1, 2], sensitivity: sensitivity))
    }

    private func features(_ image: Image) -> Features {
        madeUpExtractor().features(of: image, FeatureRequest(layers: [1, 2]))
    }

    private func score(_ model: FittedModel, _ image: Image) -> Float { model.score(features(image)).imageScore }

    private func parts(_ model: FittedModel, _ images: [Image]) throws -> [StreamPart] {
        try images.enumerated().map { index, image in
            try #require(
                model.streamPart(features(image), number: UInt64(index + 1), score: score(model, image)))
        }
    }

    /// Good parts, and defective ones among them.
    private func stream(_ good: Int, defective: Int = 0) -> [Image] {
        (0..<good).map { MadeUpPart.picture(100 + $0) } + (0..<defective).map { MadeUpPart.defective(200 + $0) }
    }

    // MARK: Parts as they are kept

    @Test func aKeptPartIsWithinHalfAStepOfWhatItWas() throws {
        let patches = PatchFeatures(features(MadeUpPart.picture(9)), layers: [1, 2], localAveraging: false)
        let kept = CompactFeatures(patches).features(embedding: nil)
        #expect(kept.grid == patches.grid && kept.layerWidths == patches.layerWidths)
        for patch in 0..<patches.rows.rows {
            let largest = patches.rows.row(patch).map(abs).max() ?? 0
            for (was, now) in zip(patches.rows.row(patch), kept.rows.row(patch)) {
                #expect(abs(was - now) <= largest / 127 * 0.5001)
            }
        }
    }

    @Test func aKeptPartIsReadAsItWasWritten() throws {
        let part = try #require(parts(fit(1), [MadeUpPart.picture(3)]).first)
        #expect(try StreamPart(bytes: part.bytes) == part)
    }

    @Test func aKeptPartOfWhichAByteIsLostOrChangedIsRefused() throws {
        let bytes = try #require(parts(fit(1), [MadeUpPart.picture(3)]).first).bytes
        for place in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[place] ^= 0x10
            #expect(throws: StreamPartError.self) { _ = try StreamPart(bytes: changed) }
            #expect(throws: StreamPartError.self) { _ = try StreamPart(bytes: Array(bytes.prefix(place))) }
        }
    }

    /// Sealed anew, so that the checksum holds: numbers of a file are not believed.
    @Test func aKeptPartWithNumbersThatNoPartHasIsRefused() throws {
        let bytes = try #require(parts(fit(1), [MadeUpPart.picture(3)]).first).bytes
        for place in 20..<60 {
            var body = Array(bytes.dropLast(SHA256.byteCount))
            body[place] = 0xff
            // Whatever it says, it is read or refused.
            _ = try? StreamPart(bytes: body + SHA256.digest(of: body))
        }
        var body = Array(bytes.dropLast(SHA256.byteCount))
        body.replaceSubrange(24..<28, with: [0xff, 0xff, 0xff, 0x7f])
        #expect(throws: StreamPartError.self) { _ = try StreamPart(bytes: body + SHA256.digest(of: body)) }
    }

    /// `thinned` of the study's reference.py.
    @Test func thePatchesThatAreRememberedAreTheSameEverywhere() {
        #expect(PartDistances.thinned(40, to: 7) == [2, 4, 6, 18, 31, 32, 33])
        #expect(PartDistances.thinned(1024, to: 5) == [254, 366, 410, 503, 821])
        #expect(PartDistances.thinned(3, to: 5) == [0, 1, 2])
    }

    // MARK: What is learnt

    @Test(arguments: [1, 3])
    func aTaughtModelTellsDefectsFromGoodPartsAtItsLimit(shots: Int) throws {
        let model = try fit(shots)
        let taught = try model.taught(by: parts(model, stream(20)))
        let good = (300..<320).map { score(taught, MadeUpPart.picture($0)) }
        // These parts differ by more than is believed of good ones, and the limit says so.
        #expect(good.count { $0.isReject(at: taught.calibration.limit) } <= 8)
        #expect(score(taught, MadeUpPart.defective(330)).isReject(at: taught.calibration.limit))
        #expect((0.7...1.4).contains(good.sorted()[10]))
        #expect(taught.shots == model.shots && taught.calibration.origin == .parts)
        let lesson = try #require(taught.lesson)
        // The lowest four fifths of those that are different ones, at most.
        #expect(lesson.learnt <= lesson.counted * 4 / 5 && lesson.learnt >= 10 && lesson.counted >= 15)
        // Nothing is learnt of what would be rejected.
        #expect(
            lesson.parts.allSatisfy { $0.fate != .learnt || $0.after?.isReject(at: taught.calibration.limit) == false })
        #expect(taught.findings.contains { $0.contains("taught by 20 parts") })
    }

    @Test(arguments: [1, 2, 4])
    func defectsAmongThePartsHideNoOther(defective: Int) throws {
        let model = try fit(1)
        let taught = try model.taught(by: parts(model, stream(20 - defective, defective: defective)))
        #expect(score(taught, MadeUpPart.defective(330)).isReject(at: taught.calibration.limit))
        let lesson = try #require(taught.lesson)
        #expect(lesson.parts.suffix(defective).allSatisfy { $0.fate != .learnt })
    }

    /// Others of another colour, and as different from one another as the good ones are.
    private func partsOfTwoKinds(_ model: FittedModel, _ good: Int, _ other: Int) throws -> [StreamPart] {
        let others = (0..<other).map { number in
            var image = MadeUpPart.picture(600 + number)
            for pixel in stride(from: 0, to: image.pixels.count, by: 3) { image.pixels.swapAt(pixel, pixel + 2) }
            return image
        }
        return try parts(model, stream(good) + others)
    }

    @Test func partsOfTwoKindsAreRefusedAndNamed() throws {
        let model = try fit(2)
        let mixed = try partsOfTwoKinds(model, 14, 6)
        #expect {
            _ = try model.taught(by: mixed)
        } throws: { error in
            guard case .severalKinds(let odd, of: _)? = error as? TeachingError else { return false }
            // One or two of them may count as one part.
            return odd.count > 3 && Set(odd).isSubset(of: Set(15...20))
        }
    }

    /// Enough to know one another.
    @Test(arguments: [7, 8, 9, 10]) func aStreamOfWhichManyAreOfAnotherKindIsRefused(other: Int) throws {
        let model = try fit(2)
        let mixed = try partsOfTwoKinds(model, 20 - other, other)
        #expect(throws: TeachingError.self) { _ = try model.taught(by: mixed) }
    }

    @Test func theOrderInWhichPartsCameChangesNothing() throws {
        let model = try fit(1)
        let parts = try parts(model, stream(12))
        #expect(try model.taught(by: parts) == model.taught(by: parts.reversed()))
    }

    @Test func aTaughtModelIsTheSameAfterARestart() throws {
        let model = try fit(1)
        let taught = try model.taught(by: parts(model, stream(12)))
        try taught.save(to: folder.path)
        let loaded = try FittedModel.load(from: folder.path)
        #expect(loaded == taught && loaded.lesson == taught.lesson)
        #expect(score(loaded, MadeUpPart.defective(8)) == score(taught, MadeUpPart.defective(8)))
    }

    @Test func whatIsTaughtAgainTakesThePlaceOfWhatWasTaughtBefore() throws {
        let model = try fit(1)
        let (old, new) = (stream(12), (0..<12).map { MadeUpPart.picture(400 + $0) })
        let once = try model.taught(by: parts(model, old))
        let twice = try once.taught(by: parts(once, new))
        #expect(twice.lesson?.parts.count == 12)
        // As many patches as one teaching adds, not two.
        try once.save(to: folder.path)
        let size = try FileManager.default.attributesOfItem(atPath: folder.path + "/model.safetensors")[.size] as? Int
        try twice.save(to: folder.path)
        let after = try FileManager.default.attributesOfItem(atPath: folder.path + "/model.safetensors")[.size] as? Int
        #expect(abs(try #require(after) - #require(size)) < (size ?? 0) / 4)
    }

    /// The rule written out once more.
    @Test func theLimitIsTheMedianAndOneAndAHalfDeviationsOfTheParts() throws {
        let model = try fit(1)
        let evidence = try model.taught(by: parts(model, stream(15))).calibration.evidence
        let logs = evidence.scores.map { log(Double($0)) }.sorted()
        let median = logs[7]
        let deviation = 1.4826 * logs.map { abs($0 - median) }.sorted()[7]
        #expect(evidence.scores.count == 15 && abs(median) < 1e-5)
        #expect(abs(log(Double(evidence.limit)) - 1.5 * min(max(deviation, 0.03), 0.15)) < 1e-4)
    }

    /// Of 21 parts whose log scores lie at equal steps, the middle one at 0: the median absolute deviation is five steps.
    @Test(arguments: [(0.001, 0.03), (0.01, 0.07413), (0.04, 0.15)])
    func partsThatDifferMuchWidenTheLimitNoFurtherAndItIsSaid(step: Double, deviation: Double) throws {
        let limit = StreamLimit(scores: (-10...10).map { Float(7 * exp(step * Double($0))) })
        #expect(abs(limit.unit - 7) < 1e-4)
        #expect(abs(Double(limit.limit(.balanced)) - exp(1.5 * deviation)) < 1e-5)
        let evidence = limit.evidence(.balanced, shots: 1)
        let isWide = step == 0.04
        #expect(evidence.text.contains("a deviation is 0.15 at most: by theirs of 0.30 about 22 %") == isWide)
        let option = try #require(evidence.options.first { $0.limit == evidence.limit })
        #expect(abs(option.falseRejectRate - (isWide ? 0.2241 : 0.0668)) < 1e-3)
    }

    @Test func sensitivityMovesTheLimitOfParts() throws {
        let limits = try [0, 0.5, 1].map { sensitivity in
            let model = try fit(1, sensitivity: sensitivity)
            return try model.taught(by: parts(model, stream(15))).calibration.limit
        }
        #expect(limits[0] > limits[1] && limits[1] > limits[2] && abs(limits[2] - 1) < 1e-4)
    }

    // MARK: What is not

    @Test func methodsThatRememberNoPatchesOfSeveralKindsSayThatTheyCannotBeTaught() throws {
        let model = try fit(2, PaDiMMethod())
        #expect(!model.canBeTaught && model.streamPart(features(MadeUpPart.picture(1)), number: 1, score: 1) == nil)
        let parts = try parts(fit(2), stream(12))
        #expect(throws: TeachingError.method("padim")) { _ = try model.taught(by: parts) }
    }

    @Test func fewPartsAreRefused() throws {
        let model = try fit(1)
        let parts = try parts(model, stream(9))
        #expect(throws: TeachingError.tooFew(parts: 9, different: 9)) { _ = try model.taught(by: parts) }
    }

    @Test func onePartInManyPicturesIsOnePart() throws {
        let model = try fit(1)
        let again = try parts(model, stream(8) + Array(repeating: MadeUpPart.picture(500), count: 8))
        #expect(throws: TeachingError.tooFew(parts: 16, different: 9)) { _ = try model.taught(by: again) }
        let enough = try parts(model, stream(12) + Array(repeating: MadeUpPart.picture(500), count: 3))
        let lesson = try #require(model.taught(by: enough).lesson)
        #expect(lesson.parts.suffix(2).allSatisfy { $0.fate == .again && $0.after == nil })
    }

    @Test func partsOfAnotherSizeAreRefused() throws {
        let model = try fit(1)
        var parts = try parts(model, stream(11))
        let other = FeatureMap(grid: PatchGrid(rows: 2, columns: 2), tokens: Matrix(rows: 4, columns: 3))
        parts.append(
            StreamPart(
                number: 99, score: 1, PatchFeatures(grid: other.grid, rows: other.tokens)))
        #expect(throws: TeachingError.otherFeatures(number: 99)) { _ = try model.taught(by: parts) }
    }
}
