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
        var scores = scores([0, 1, 2, 3], close: 0)
        scores[0][1] = 0.1
        #expect(RepeatedParts.parts(pairScores: scores) == [0, 1, 2, 3])
        scores[1][0] = 0.1
        #expect(RepeatedParts.parts(pairScores: scores) == [0, 0, 1, 2])
    }

    @Test(arguments: 2...8) func oneOutlierKeepsTheGoodShotsApart(good: Int) {
        // An outlier is far from the good shots; they are not much farther from it than from one another.
        var scores = scores(Array(0...good), close: 0)
        for shot in 0..<good { (scores[good][shot], scores[shot][good]) = (3, 0.4) }
        #expect(RepeatedParts.parts(pairScores: scores) == Array(0...good))
        for shot in 0..<good { scores[shot][good] = 3 }
        #expect(RepeatedParts.parts(pairScores: scores) == Array(0...good))
    }

    @Test func anOutlierDoesNotHideThatAPartCameTwice() {
        var scores = scores([0, 0, 1, 2, 3], close: 0.1)
        for shot in 0..<4 { (scores[4][shot], scores[shot][4]) = (3, 3) }
        #expect(RepeatedParts.parts(pairScores: scores) == [0, 0, 1, 2, 3])
    }

    @Test func fourDifferentPartsAreFourParts() {
        // Held against the farthest, 0 and 1 would be one: 0.22 is less than 0.3 / e^0.24 = 0.236.
        let scores: [[Float]] = [
            [0, 0.22, 0.25, 0.3], [0.22, 0, 0.3, 0.25], [0.25, 0.3, 0, 0.24], [0.3, 0.25, 0.24, 0],
        ]
        #expect(RepeatedParts.parts(pairScores: scores) == [0, 1, 2, 3])
    }

    @Test func twoShotsOfANewVariantAreTwoParts() {
        // As far from one another as good parts are, and far from these.
        var scores = scores(Array(0..<8), close: 0)
        for shot in 0..<6 {
            for variant in 6..<8 { (scores[variant][shot], scores[shot][variant]) = (2, 2) }
        }
        #expect(RepeatedParts.parts(pairScores: scores) == Array(0..<8))
    }

    @Test func aChainOfAllShotsIsNotOnePart() {
        // 0 is close to 1, and 1 to 2, but 0 not to 2.
        let chain: [[Float]] = [[0, 0.1, 0.3, 0.3], [0.1, 0, 0.1, 0.3], [0.3, 0.1, 0, 0.1], [0.3, 0.3, 0.1, 0]]
        #expect(RepeatedParts.parts(pairScores: chain) == [0, 1, 2, 3])
    }

    @Test func oneShotAndTwoAreTakenAsTheyAre() {
        #expect(RepeatedParts.parts(pairScores: [[0]]) == [0])
        #expect(RepeatedParts.parts(pairScores: [[0, 0.001], [0.001, 0]]) == [0, 1])
    }
}
