import Core
import Foundation
import Testing

@Suite struct LimitProposalTests {
    /// scipy.stats.beta.ppf(0.95, x + 1, n - x).
    @Test(arguments: [
        (0, 299, 0.0099691467929), (0, 1, 0.95), (1, 20, 0.2161061642068), (3, 50, 0.1478371763642),
        (10, 1000, 0.0169031751206),
    ]) func boundIsThatOfSciPy(rejects: Int, parts: Int, bound: Double) {
        #expect(abs(LimitProposal.bound(rejects: rejects, parts: parts) - bound) < 1e-9)
    }

    @Test func everyPartRejectedSupportsNothing() {
        #expect(LimitProposal.bound(rejects: 7, parts: 7) == 1)
    }

    @Test func noRejectIn299PartsSupportsOnePercent() throws {
        let scores = (0..<299).map { 0.8 + Float($0) * 0.001 }
        let onePercent = try #require(Sensitivity(0.15))
        let strict = try #require(LimitProposal(scores: scores, sensitivity: onePercent))
        #expect(strict.rejects == 0 && strict.parts == 299 && strict.falseRejectRate < 0.01)
        #expect(strict.limit > 1.098 && strict.limit <= 1.0991)
    }

    @Test func aHigherSensitivityTakesALowerLimitThatTheBoundStillSupports() throws {
        let scores = (0..<299).map { 0.8 + Float($0) * 0.002 }
        let balanced = try #require(LimitProposal(scores: scores, sensitivity: .balanced))
        #expect(balanced.falseRejectRate <= 0.05 && balanced.rejects > 0)
        #expect(LimitProposal.bound(rejects: balanced.rejects + 1, parts: 299) > 0.05)
        #expect(scores.count { $0 >= balanced.limit } == balanced.rejects)
        #expect(balanced.band.lower < balanced.limit && balanced.limit < balanced.band.upper)
    }

    @Test func tooFewPartsRejectNoneAndSayWhatTheySupport() throws {
        let proposal = try #require(LimitProposal(scores: [0.9, 1.1, 1], sensitivity: .balanced))
        #expect(proposal.rejects == 0 && proposal.limit > 1.1 && proposal.limit < 1.102)
        #expect(abs(proposal.falseRejectRate - 0.6316) < 1e-4)  // 1 - 0.05^(1/3)
        #expect(LimitProposal(scores: [0.9, 1.1, 1], sensitivity: .balanced, current: 1.5)?.limit == 1.5)
        #expect(LimitProposal(scores: [.nan], sensitivity: .balanced) == nil)
    }
}
