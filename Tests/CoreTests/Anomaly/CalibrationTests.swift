import Core
import Foundation
import Testing

@Suite struct CalibrationTests {
    private struct Quantile: Decodable {
        let degrees: Int
        let probability: Double
        let quantile: Double
    }

    /// 5 % at 0.5.
    private func limit(_ scores: [[Float]], _ sensitivity: Sensitivity = .balanced) -> Float {
        LimitPrediction(scores: scores).limit(sensitivity)
    }

    @Test func quantilesAreThoseOfSciPy() throws {
        for row in try anomalyFixture("student_t", as: [Quantile].self) {
            let got = StudentT(degreesOfFreedom: row.degrees).quantile(row.probability)
            #expect(abs(got - row.quantile) <= 1e-6 + 1e-6 * abs(row.quantile))
        }
    }

    @Test func quantileOfOneDegreeIsATangent() {
        #expect(abs(StudentT(degreesOfFreedom: 1).quantile(0.75) - 1) < 1e-8)  // tan(pi / 4)
        #expect(StudentT(degreesOfFreedom: 3).quantile(0.5) == 0)
    }

    @Test func aTypicalGoodPartScoresOne() {
        // Two shots were each scored against one other; the next part has two, and distances fall as n^(-1/8).
        #expect(abs(LimitPrediction(scores: [[0.2], [0.2]]).unit - 0.2 * pow(2, -1 / 8)) < 1e-6)
        // exp(0.5) for what variants of one shot do not show.
        #expect(abs(LimitPrediction(scores: [[0.1, 0.1]]).unit - 0.16487) < 1e-5)
    }

    @Test func theLimitDoesNotDependOnTheScaleOfTheScores() {
        let scores: [[Float]] = [[0.1, 0.11], [0.12, 0.1], [0.09, 0.1]]
        let scaled = scores.map { $0.map { 40 * $0 } }
        #expect(abs(limit(scaled) - limit(scores)) < 1e-5)
        #expect(abs(LimitPrediction(scores: scaled).unit / LimitPrediction(scores: scores).unit - 40) < 1e-3)
    }

    @Test func limitIsAboveWhatGoodPartsScored() {
        for scores: [[Float]] in [[[0.1], [0.12], [0.11], [0.1]], [[0.05, 0.06, 0.07]]] {
            let highest = LimitPrediction(scores: scores).evidence(.balanced).scores.max() ?? 0
            #expect(limit(scores) > highest)
        }
    }

    @Test func limitGrowsWithTheSpreadAndFallsWithTheSensitivity() throws {
        #expect(limit([[0.1], [0.2]]) > limit([[0.14], [0.14]]))
        #expect(limit([[0.1], [0.12]], try #require(Sensitivity(0))) > limit([[0.1], [0.12]]))
        #expect(limit([[0.1], [0.12]], try #require(Sensitivity(1))) == 1)  // half of the good parts
    }

    @Test func sensitivityIsALogarithmicScaleOfFalseRejects() throws {
        #expect(abs(Sensitivity.balanced.falseRejectRate - 0.05) < 1e-12)
        #expect(abs(try #require(Sensitivity(0)).falseRejectRate - 0.005) < 1e-12)
        #expect(abs(try #require(Sensitivity(1)).falseRejectRate - 0.5) < 1e-12)
        #expect(Sensitivity(1.01) == nil && Sensitivity(-0.1) == nil && Sensitivity(.nan) == nil)
        #expect(Sensitivity.balanced.neighbours.map(\.value) == [0.3, 0.4, 0.5, 0.6, 0.7])
        #expect(Sensitivity(1)?.neighbours.map(\.value) == [0.8, 0.9, 1])
    }

    @Test func equalShotsDoNotMakeALimitOfZero() {
        #expect(limit([[0, 0], [0, 0]]) > 1 && LimitPrediction(scores: [[0, 0], [0, 0]]).unit > 0)
    }

    @Test func evidenceClaimsNoMoreThanTheShotsSupport() {
        let prediction = LimitPrediction(scores: [[0.1], [0.1], [0.2], [0.1]])
        let evidence = prediction.evidence(.balanced)
        #expect(evidence.shotCount == 4 && evidence.partCount == 4)
        #expect(evidence.supportedFalseRejectRate == 0.2)
        #expect(abs(evidence.scores[2] * prediction.unit - 0.2) < 1e-6)
        #expect(evidence.text.contains("20 %"))
    }

    @Test func shotsOfOnePartCountOnce() {
        let scores: [[Float]] = [[0.3], [0.3], [0.3], [0.28]]
        let evidence = LimitPrediction(scores: scores, parts: [0, 0, 0, 1]).evidence(.balanced)
        #expect(evidence.partCount == 2 && evidence.shotCount == 4)
        #expect(abs(evidence.supportedFalseRejectRate - 1 / 3) < 1e-12)
        #expect(evidence.text.contains("4 shots that show 2 parts"))
        // Fewer parts know less about where the limit should be.
        #expect(evidence.limit > LimitPrediction(scores: scores).evidence(.balanced).limit)
    }

    @Test func syntheticAnomaliesSayHowManyWouldEscape() throws {
        let prediction = LimitPrediction(scores: [[0.1], [0.1], [0.1]])
        let unit = prediction.unit
        let evidence = prediction.evidence(.balanced, anomalous: [unit, 3 * unit, 4 * unit, 5 * unit])
        let chosen = try #require(evidence.options.first { $0.sensitivity == .balanced })
        #expect(chosen.escapeRate == 0.25 && chosen.limit == evidence.limit && evidence.anomalousCount == 4)
        #expect(evidence.options.map(\.limit) == evidence.options.map(\.limit).sorted(by: >))
        #expect(prediction.evidence(.balanced).options.allSatisfy { $0.escapeRate == nil })
    }

    @Test func anAnomalyAtTheLimitIsNoEscape() {
        let prediction = LimitPrediction(scores: [[0.1], [0.1], [0.1]])
        for option in prediction.evidence(.balanced).options {
            // A raw score that is the limit in the model's unit, as near as numbers can be.
            let raw = option.limit * prediction.unit
            let score = [raw.nextDown, raw, raw.nextUp].first { $0 / prediction.unit == option.limit }
            guard let score else { continue }
            let evidence = prediction.evidence(.balanced, anomalous: [score, 0])
            #expect(evidence.options.first { $0.limit == option.limit }?.escapeRate == 0.5)
        }
    }

    @Test func aLimitIsTheFirstScoreThatIsRejectedAndNoNumberIsEverOK() {
        #expect(Float(2).isReject(at: 2) && Float.infinity.isReject(at: 2) && Float.nan.isReject(at: 2))
        #expect(!Float(2).nextDown.isReject(at: 2) && !(-Float.infinity).isReject(at: 2))
        #expect(Float(2).isReject(at: .nan))
    }

    @Test func theUncertainBandLiesAroundTheLimitAndShrinksWithMoreShots() {
        func width(_ count: Int) -> Float {
            let evidence = LimitPrediction(scores: (0..<count).map { [0.1 + 0.01 * Float($0 % 2)] }).evidence(.balanced)
            #expect(evidence.band.lower < evidence.limit && evidence.limit < evidence.band.upper)
            return evidence.band.upper / evidence.band.lower
        }
        #expect(width(2) > width(4) && width(4) > width(8) && width(100) < 1.1)
        #expect(UncertainBand(lower: 1, upper: 2).contains(1) && !UncertainBand(lower: 1, upper: 2).contains(2.1))
    }

    /// 2000 lines that each calibrate with a few log-normal shots and then see one more good part.
    @Test(arguments: [2, 4, 8]) func fewGoodPartsAreRejected(shots: Int) throws {
        let sensitivity = try #require(Sensitivity(0.15))  // 1 %
        var seed = SplitMix64(seed: 99)
        func part() -> Float {
            let uniform = (0..<12).map { _ in Double.random(in: 0..<1, using: &seed) }.reduce(0, +) - 6
            return Float(0.1 * exp(LimitPrediction.limitPriorSpread * uniform))
        }
        // What a shot more in the memory does to the next part's score.
        let nearer = pow(Double(shots) / Double(shots - 1), -1 / 8)
        let rejected = (0..<2000).count { _ in
            let prediction = LimitPrediction(scores: (0..<shots).map { _ in [part()] })
            return part() * Float(nearer) / prediction.unit > prediction.limit(sensitivity)
        }
        #expect(rejected <= 40)  // 2 %, where 1 % is meant
        #expect(rejected > 0)
    }
}
