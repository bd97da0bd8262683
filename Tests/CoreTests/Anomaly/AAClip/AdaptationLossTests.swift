import Core
import Foundation
import TestSupport
import Testing

@Suite struct AdaptationLossTests {
    private let loss = SimilarityLoss(grid: AAClipFixture.grid, side: AAClipFixture.side)

    @Test func theLossOfAMapAndItsGradientsAreThoseOfPyTorch() throws {
        let fixture = try AAClipFixture()
        let got = loss.gradients(
            try fixture.matrix("levels", 0, 0), try fixture.anchors(0), mask: try fixture.slice("masks", 0))
        #expect(isClose(got.loss, Double(try fixture.tensor("map_loss").values[0]), atol: 0, rtol: 1e-4))
        #expect(relativeDifference(got.features.values, try fixture.tensor("map_loss.features").values) < 1e-4)
        #expect(relativeDifference(got.direction, try fixture.slice("map_loss.anchors", 1)) < 1e-4)
        #expect(relativeDifference(got.direction.map { -$0 }, try fixture.slice("map_loss.anchors", 0)) < 1e-4)
    }

    @Test func aMapThatIsRightCostsNothing() {
        let side = 8
        let mask = (0..<side * side).map { Float($0 % side < 4 ? 1 : 0) }
        let (right, _) = SimilarityLoss.loss(mask.map { 40 * $0 - 20 }, mask: mask)
        let (wrong, _) = SimilarityLoss.loss(mask.map { 20 - 40 * $0 }, mask: mask)
        #expect(abs(right) < 1e-6)
        // Both dice losses 1 - 1/65; the focal one -(1 - 2e-5)² log(2e-5).
        #expect(isClose(wrong, 2 * (1 - 1.0 / 65) - pow(1 - 2e-5, 2) * log(2e-5), atol: 1e-4, rtol: 1e-4))
    }

    @Test func theGradientThroughAnAnchorIsThatOfDifferences() {
        var random = SplitMix64(seed: 5)
        let embeddings = Matrix(rows: 3, columns: 4, values: random.floats(12))
        let weights = random.floats(4)
        func value(_ embeddings: Matrix) -> Float {
            zip(PromptAnchor(embeddings).direction, weights).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let got = PromptAnchor(embeddings).backward(weights).values
        for index in embeddings.values.indices {
            var (up, down) = (embeddings, embeddings)
            up.values[index] += 1e-2
            down.values[index] -= 1e-2
            #expect(isClose(Double(got[index]), Double((value(up) - value(down)) / 2e-2), atol: 1e-3, rtol: 1e-2))
        }
    }
}
