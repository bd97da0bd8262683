import Core
import Foundation
import Testing

@Suite struct CalibrationTests {
    private struct Quantile: Decodable {
        let degrees: Int
        let probability: Double
        let quantile: Double
    }

    private func limit(_ scores: [[Float]], rate: Double = 0.01) -> Float {
        LimitPrediction(scores: scores, targetFalseRejectRate: rate).evidence().limit
    }

    @Test func quantilesAreThoseOfSciPy() throws {
        for row in try anomalyFixture("student_t", as: [Quantile].self) {
            let got = StudentT(degreesOfFreedom: row.degrees).quantile(row.probability)
            #expect(abs(got - row.quantile) <= 1e-6 + 1e-6 * abs(row.quantile))
        }
    }

    @Test func quantileOfOneDegreeIsATangent() {
        #expect(abs(StudentT(degreesOfFreedom: 1).quantile(0.75) - 1) < 1e-8)  // tan(pi / 4)
    }

    @Test func limitScalesWithTheScores() {
        let scores: [[Float]] = [[0.1, 0.11], [0.12, 0.1], [0.09, 0.1]]
        let doubled = scores.map { $0.map { 2 * $0 } }
        #expect(abs(limit(doubled) - 2 * limit(scores)) < 1e-5)
    }

    @Test func limitIsAboveWhatGoodPartsScored() {
        #expect(limit([[0.1], [0.12], [0.11], [0.1]]) > 0.12)
        #expect(limit([[0.05, 0.06, 0.07]]) > 0.07)
    }

    @Test func limitGrowsWithTheSpreadAndTheDemand() {
        #expect(limit([[0.1], [0.2]]) > limit([[0.14], [0.14]]))
        #expect(limit([[0.1], [0.12]], rate: 0.001) > limit([[0.1], [0.12]], rate: 0.05))
    }

    @Test func equalShotsDoNotMakeALimitOfZero() {
        #expect(limit([[0, 0], [0, 0]]) > 0)
    }

    @Test func evidenceClaimsNoMoreThanTheShotsSupport() {
        let evidence = LimitPrediction(scores: [[0.1], [0.1], [0.2], [0.1]], targetFalseRejectRate: 0.01).evidence()
        #expect(evidence.shotCount == 4)
        #expect(evidence.supportedFalseRejectRate == 0.2)
        #expect(evidence.scores == [0.1, 0.1, 0.2, 0.1])
        #expect(evidence.text.contains("20 %"))
    }

    /// 2000 lines that each calibrate with a few log-normal shots and then see one more good part.
    @Test(arguments: [2, 4, 8]) func fewGoodPartsAreRejected(shots: Int) {
        var seed = WeightsSeed(state: 99)
        func part() -> Float {
            let uniform = (0..<12).map { _ in Double.random(in: 0..<1, using: &seed) }.reduce(0, +) - 6
            return Float(0.1 * exp(LimitPrediction.priorSpread * uniform))
        }
        let rejected = (0..<2000).count { _ in
            let limit = limit((0..<shots).map { _ in [part()] })
            return part() > limit
        }
        #expect(rejected <= 40)  // 2 %, where 1 % is meant
        #expect(rejected > 0)
    }
}
