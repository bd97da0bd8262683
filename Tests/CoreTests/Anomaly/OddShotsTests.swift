import Core
import Foundation
import Testing

/// Scores are given as their logarithms, in units in which good parts lie about 0.
@Suite struct OddShotsTests {
    @Test func onePartThatIsFarFromManyIsOdd() {
        #expect(OddShots.outliers([0, 0.1, -0.1, 0, 1.4, 0.05, -0.05]) == [4])
    }

    @Test func goodPartsThatDifferAsGoodPartsDoAreNotOdd() {
        #expect(OddShots.outliers([0, 0.1, -0.1, 0.25, -0.2, 0.15, -0.15]).isEmpty)
        // The prior spread 0.12 counts as four parts: the others' being alike by chance does not make one odd.
        #expect(OddShots.outliers([0, 0, 0, 0, 0, 0.3]).isEmpty)
    }

    @Test func theBoundIsThatOfTheOthersAtOneInAThousand() {
        // Six parts at 0: 4 + 5 degrees of freedom, spread 0.12 sqrt(4/9) = 0.08, t = 4.297, sqrt(1 + 1/6) = 1.080: 0.3713.
        let others = [Double](repeating: 0, count: 6)
        #expect(OddShots.outliers(others + [0.371]).isEmpty)
        #expect(OddShots.outliers(others + [0.372]) == [6])
    }

    @Test func twoOddPartsDoNotHideOneAnother() {
        #expect(OddShots.outliers([0, 0.1, 1.4, -0.1, 0, 1.6, 0.05]) == [2, 5])
    }

    @Test func oneOrTwoPartsCannotSayWhatIsOddNorCanHalfOfThem() {
        #expect(OddShots.outliers([3]).isEmpty)
        #expect(OddShots.outliers([0, 3]).isEmpty)
        #expect(OddShots.outliers([0, 0, 3, 3]).isEmpty)
        #expect(OddShots.outliers([0, 0, 3]) == [2])
    }

    /// Of `good` parts, 1 from one another, and some others, `far` from these.
    private func pairScores(good: Int, others: Int, apart: Float, far: Float = 4) -> [[Float]] {
        (0..<good + others).map { one in
            (0..<good + others).map { two in
                (one < good) != (two < good) ? (one < good ? 1.1 : far) : one < good ? 1 : apart
            }
        }
    }

    private func odd(heldOut: [Float], _ pairScores: [[Float]], doubted: Set<Int> = []) -> Set<Int> {
        OddShots.odd(
            heldOut: heldOut.map { log(Double($0)) }, parts: RepeatedParts.parts(pairScores: pairScores),
            pairScores: pairScores, doubted: doubted)
    }

    @Test func aWrongShotAmongGoodOnesIsOdd() {
        #expect(odd(heldOut: [1, 1, 1, 1, 1, 1, 4], pairScores(good: 6, others: 1, apart: 0)) == [6])
    }

    @Test func twoWrongShotsThatAreUnlikeOneAnotherAreBothOdd() {
        #expect(odd(heldOut: [1, 1, 1, 1, 1, 1, 4, 4], pairScores(good: 6, others: 2, apart: 4)) == [6, 7])
    }

    @Test func aSecondShotLikeItMakesItAVariant() {
        // As like one another as good parts are; even were they far from everything else together.
        let scores = pairScores(good: 6, others: 2, apart: 1.1)
        #expect(odd(heldOut: [1, 1, 1, 1, 1, 1, 1.1, 1.1], scores).isEmpty)
        #expect(odd(heldOut: [1, 1, 1, 1, 1, 1, 4, 4], scores).isEmpty)
    }

    @Test func aDoubtedShotIsOddHoweverNearItIsToTheOthers() {
        let scores = pairScores(good: 6, others: 1, apart: 0, far: 1)
        #expect(odd(heldOut: [1, 1, 1, 1, 1, 1, 1], scores).isEmpty)
        #expect(odd(heldOut: [1, 1, 1, 1, 1, 1, 1], scores, doubted: [6]) == [6])
        // Good shots beside it say nothing for it: a small defect leaves the most of a part as it is.
        #expect(odd(heldOut: [0.9, 1, 1, 1, 1, 1, 1], scores, doubted: [6]) == [6])
    }

    @Test func twoDoubtedShotsThatAreAlikeSpeakForOneAnother() {
        let heldOut: [Float] = [1, 1, 1, 1, 1, 1, 1.2, 1.2]
        #expect(odd(heldOut: heldOut, pairScores(good: 6, others: 2, apart: 1.1), doubted: [6, 7]).isEmpty)
        #expect(odd(heldOut: heldOut, pairScores(good: 6, others: 2, apart: 4), doubted: [6, 7]) == [6, 7])
        // Of a variant that differs more in itself than good parts do, but is nearer to itself than to those.
        #expect(odd(heldOut: heldOut, pairScores(good: 6, others: 2, apart: 2), doubted: [6, 7]).isEmpty)
    }

    @Test func aSecondPictureOfTheSamePartSpeaksForNothing() {
        let heldOut: [Float] = [1, 1, 1, 1, 1, 1, 1.2, 1.2]
        #expect(odd(heldOut: heldOut, pairScores(good: 6, others: 2, apart: 0.1), doubted: [6, 7]) == [6, 7])
    }

    @Test func aDoubtedShotIsLearntWhereOneShotAloneWouldBeLeft() {
        #expect(odd(heldOut: [1, 1.2, 1.2], pairScores(good: 1, others: 2, apart: 4), doubted: [1, 2]).isEmpty)
    }
}

/// With made-up pictures and features.
@Suite struct OddShotFitTests {
    private static func shots(_ numbers: ClosedRange<Int>, bad: [Int] = []) throws -> [Shot] {
        try numbers.map(MadeUpPart.shot)
            + bad.map { number in
                let image = MadeUpPart.defective(number)
                return try Shot(
                    sha256: "bad-\(number)",
                    picture: Picture(
                        .raw(.rgb24, height: image.height, width: image.width, bytesPerRow: image.width * 3),
                        bytes: image.pixels))
            }
    }

    private func fit(_ shots: [Shot], _ method: any Core.Method) throws -> FittedModel {
        try FittedModel.fit(
            shots: shots, extractor: madeUpExtractor(), settings: MethodSettings(method: method, layers: [1, 2]))
    }

    private func score(_ model: FittedModel, _ image: Image) -> Float {
        model.score(madeUpExtractor().features(of: image, FeatureRequest(layers: model.layers))).imageScore
    }

    @Test(arguments: ["auto", "patch-memory"]) func aWrongShotChangesNothing(method: String) throws {
        let method = try #require(Methods.named(method))
        let model = try fit(Self.shots(1...6, bad: [7]), method)
        #expect(model.oddShots.map(\.sha256) == ["bad-7"])
        let without = try fit(Self.shots(1...6), method)
        #expect(without.oddShots.isEmpty)
        #expect(model.calibration.limit == without.calibration.limit)
        #expect(score(model, MadeUpPart.defective(8)) == score(without, MadeUpPart.defective(8)))
        #expect(score(model, MadeUpPart.picture(20)) == score(without, MadeUpPart.picture(20)))
        #expect(model.shots.count == 7 && model.calibration.evidence.shotCount == 6)
    }

    @Test(arguments: ["auto", "patch-memory"]) func aSecondShotLikeItIsLearnt(method: String) throws {
        let model = try fit(Self.shots(1...6, bad: [7, 8]), #require(Methods.named(method)))
        #expect(model.oddShots.isEmpty)
        #expect(score(model, MadeUpPart.defective(9)) < model.calibration.limit)
    }

    @Test(arguments: ["auto", "patch-memory"]) func aDoubtedShotChangesNothing(method: String) throws {
        let method = try #require(Methods.named(method))
        var shots = try Self.shots(1...7)
        shots[6].isDoubted = true
        let (model, without) = (try fit(shots, method), try fit(Self.shots(1...6), method))
        #expect(model.oddShots.map(\.sha256) == [shots[6].sha256])
        #expect(model.oddShots.first?.isDoubted == true)
        #expect(model.findings.first?.contains("NG or uncertain when it was added") == true, "\(model.findings)")
        #expect(model.calibration.limit == without.calibration.limit)
        #expect(score(model, MadeUpPart.defective(8)) == score(without, MadeUpPart.defective(8)))
        let folder = try ScratchFolder()
        try model.save(to: folder.path)
        #expect(try FittedModel.load(from: folder.path) == model)
    }

    @Test(arguments: ["auto", "patch-memory"]) func twoDoubtedShotsOfOneVariantAreLearnt(method: String) throws {
        var shots = try Self.shots(1...6, bad: [7, 8])
        for index in 6..<8 { shots[index].isDoubted = true }
        #expect(try fit(shots, #require(Methods.named(method))).oddShots.isEmpty)
    }

    @Test func theOddShotIsNamedWithTheReasonAndStaysNamedAfterLoading() throws {
        let model = try fit(Self.shots(1...6, bad: [7]), AutoMethod())
        let text = try #require(model.findings.first)
        #expect(text.contains("shot bad-7 is odd") && text.contains("by the other 6"), "\(text)")
        #expect(text.contains("fsacctl normals remove bad-7"), "\(text)")
        let odd = try #require(model.oddShots.first)
        #expect(odd.score > 2 * odd.highestOther)
        let folder = try ScratchFolder()
        try model.save(to: folder.path)
        #expect(try FittedModel.load(from: folder.path) == model)
    }

    @Test func withTwoShotsNothingIsOdd() throws {
        #expect(try fit(Self.shots(1...1, bad: [7]), AutoMethod()).oddShots.isEmpty)
    }
}
