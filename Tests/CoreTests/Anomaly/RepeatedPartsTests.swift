import Core
import Testing

@Suite struct RepeatedPartsTests {
    /// Scores of `count` shots against one another: 0.3, and `close` between those of one part.
    private func scores(_ parts: [Int], close: Float) -> [[Float]] {
        parts.map { part in parts.map { $0 == part ? close : 0.3 } }
    }

    @Test func shotsOfOnePartAreFoundByTheirCloseness() {
        #expect(RepeatedParts.parts(pairScores: scores([0, 1, 0, 2, 1], close: 0.2)) == [0, 1, 0, 2, 1])
    }

    @Test func partsThatDifferAsGoodPartsDoAreDifferentParts() {
        #expect(RepeatedParts.parts(pairScores: scores([0, 0, 1], close: 0.25)) == [0, 1, 2])
    }

    @Test func closenessFromOneSideOnlyIsNotEnough() {
        var scores = scores([0, 1, 2], close: 0)
        scores[0][1] = 0.1
        #expect(RepeatedParts.parts(pairScores: scores) == [0, 1, 2])
        scores[1][0] = 0.1
        #expect(RepeatedParts.parts(pairScores: scores) == [0, 0, 1])
    }

    @Test func aChainOfAllShotsIsNotOnePart() {
        // 0 is close to 1, and 1 to 2, but 0 not to 2.
        let scores: [[Float]] = [[0, 0.1, 0.3], [0.1, 0, 0.3], [0.3, 0.3, 0]]
        #expect(RepeatedParts.parts(pairScores: scores) == [0, 0, 1])
        let chain: [[Float]] = [[0, 0.1, 0.3, 0.3], [0.1, 0, 0.1, 0.3], [0.3, 0.1, 0, 0.1], [0.3, 0.3, 0.1, 0]]
        #expect(RepeatedParts.parts(pairScores: chain) == [0, 1, 2, 3])
    }

    @Test func oneShotAndTwoAreTakenAsTheyAre() {
        #expect(RepeatedParts.parts(pairScores: [[0]]) == [0])
        #expect(RepeatedParts.parts(pairScores: [[0, 0.001], [0.001, 0]]) == [0, 1])
    }
}
