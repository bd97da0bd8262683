import Core
import TestSupport
import Testing

/// Derivatives against central differences in single precision: steps of 0.01 give them to about 0.001.
@Suite struct CLIPFSACGradientTests {
    private func small() throws -> [CLIPFSACParityTests.Run] {
        try CLIPFSACParityTests.Run.all().filter { $0.width < 20 }
    }

    @Test func everyGradientIsTheSlopeOfTheLoss() throws {
        for run in try small() {
            let batch = run.embeddings(100, rows: 2 * run.pairs)
            let head = try run.head()
            let trainer = FSACTrainer(head, learnsAnchors: true)
            _ = trainer.loss(batch, labels: run.labels)
            let gradients = trainer.gradientTensors
            var random = SplitMix64(seed: 9)
            for (name, gradient) in gradients {
                for _ in 0..<4 {
                    let index = Int.random(in: 0..<gradient.values.count, using: &random)
                    func loss(_ change: Float) throws -> Float {
                        var changed = head.tensors
                        changed[name]?.values[index] += change
                        return FSACTrainer(
                            try CLIPFSACHead(settings: head.settings, tensors: changed), learnsAnchors: true
                        ).loss(batch, labels: run.labels)
                    }
                    let slope = (try loss(0.005) - loss(-0.005)) / 0.01
                    let isSlope = isClose(Double(gradient.values[index]), Double(slope), atol: 4e-3, rtol: 0.03)
                    #expect(isSlope, "\(run.descriptor) \(name) \(index): \(gradient.values[index]), not \(slope)")
                }
            }
        }
    }

    @Test func theGradientOfTheScoreIsItsSlope() throws {
        for run in try small() {
            let head = try run.head()
            let embedding = Array(run.embeddings(200, rows: 1).values)
            let gradient = head.marginGradient(at: embedding)
            for index in embedding.indices {
                func margin(_ change: Float) -> Float {
                    var moved = embedding
                    moved[index] += change
                    return head.margins(of: Matrix(rows: 1, columns: run.width, values: moved))[0]
                }
                let slope = (margin(0.01) - margin(-0.01)) / 0.02
                let isSlope = isClose(Double(gradient[index]), Double(slope), atol: 5e-3, rtol: 0.02)
                #expect(isSlope, "\(run.descriptor) \(index): \(gradient[index]), not \(slope)")
            }
        }
    }
}
