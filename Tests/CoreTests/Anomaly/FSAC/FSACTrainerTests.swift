import Core
import Foundation
import TestSupport
import Testing

@Suite struct FSACTrainerTests {
    private struct Run: Decodable {
        struct Settings: Decodable {
            let hidden: Int
            let blocks: Int
            let output: Bool
            let imageResidual: Float
            let anchorResidual: Float
            let classificationWeight: Float
            let temperature: Float
            let imageRate: Float
            let anchorRate: Float
            let patchShare: Float

            enum CodingKeys: String, CodingKey {
                case hidden, blocks, output, temperature
                case imageResidual = "image_residual"
                case anchorResidual = "anchor_residual"
                case classificationWeight = "classification_weight"
                case imageRate = "image_rate"
                case anchorRate = "anchor_rate"
                case patchShare = "patch_share"
            }
        }
        struct Values: Decodable {
            let shape: [Int]
            let values: [Float]
        }
        struct Batch: Decodable {
            let tokens: [Float]
            let labels: [Float]
        }
        let width: Int
        let settings: Settings
        let tensors: [String: Values]
        let centre: [Float]
        let scale: Float
        let batches: [Batch]
        let losses: [Double]
        let gradients: [String: [Double]]
        let tokens: [Float]
        let probabilities: [Double]

        func head() throws -> FSACHead {
            var all = tensors.mapValues { Tensor(shape: $0.shape, values: $0.values) }
            all["centre"] = Tensor(shape: [width], values: centre)
            all["scale"] = Tensor(shape: [1], values: [scale])
            var made = FSACSettings()
            made.hiddenWidth = settings.hidden
            made.imageBlocks = settings.blocks
            made.hasOutputLayer = settings.output
            made.imageResidual = settings.imageResidual
            made.anchorResidual = settings.anchorResidual
            made.classificationWeight = settings.classificationWeight
            made.temperature = settings.temperature
            made.imageLearningRate = settings.imageRate
            made.anchorLearningRate = settings.anchorRate
            made.patchShare = settings.patchShare
            return try FSACHead(settings: made, tensors: all)
        }

        func matrix(_ values: [Float]) -> Matrix {
            Matrix(rows: values.count / width, columns: width, values: values)
        }
    }

    private func runs() throws -> [Run] {
        let path = try #require(Bundle.module.path(forResource: "Fixtures/fsac/training.json", ofType: nil))
        return try JSONDecoder().decode([Run].self, from: Data(contentsOf: URL(filePath: path)))
    }

    @Test(arguments: [1, 2])
    func trainsAsPyTorchDoes(threads: Int) throws {
        for run in try runs() {
            var trainer = FSACTrainer(try run.head(), parallelism: Parallelism(threads: threads))
            var losses: [Float] = []
            for (index, batch) in run.batches.enumerated() {
                losses.append(trainer.step(run.matrix(batch.tokens), labels: batch.labels))
                guard index == 0 else { continue }
                let gradients = trainer.gradientTensors
                #expect(gradients.count == run.gradients.count)
                for (name, expected) in run.gradients {
                    let got = try #require(gradients[name]).values
                    #expect(firstDifference(got, expected, atol: 2e-5, rtol: 1e-3) == nil, "\(name)")
                }
            }
            #expect(firstDifference(losses, run.losses, atol: 1e-4, rtol: 1e-4) == nil)
            let probabilities = trainer.head(try run.head().settings).probabilities(of: run.matrix(run.tokens))
            #expect(firstDifference(probabilities, run.probabilities, atol: 2e-3, rtol: 0) == nil)
        }
    }

    /// Central differences in single precision: steps of 0.01 give derivatives to about 0.001.
    @Test func everyGradientIsTheSlopeOfTheLoss() throws {
        for run in try runs() {
            let batch = run.batches[1]
            let tokens = run.matrix(batch.tokens)
            let head = try run.head()
            let trainer = FSACTrainer(head)
            _ = trainer.loss(tokens, labels: batch.labels)
            let gradients = trainer.gradientTensors
            var random = SplitMix64(seed: 9)
            for (name, tensor) in head.tensors where gradients[name] != nil {
                for _ in 0..<6 {
                    let index = Int.random(in: 0..<tensor.values.count, using: &random)
                    func loss(_ change: Float) throws -> Float {
                        var changed = head.tensors
                        changed[name]?.values[index] += change
                        return FSACTrainer(try FSACHead(settings: head.settings, tensors: changed))
                            .loss(tokens, labels: batch.labels)
                    }
                    let slope = (try loss(0.01) - loss(-0.01)) / 0.02
                    let got = try #require(gradients[name]).values[index]
                    let isSlope = isClose(Double(got), Double(slope), atol: 2e-3, rtol: 0.02)
                    #expect(isSlope, "\(name) \(index): \(got), not \(slope)")
                }
            }
        }
    }
}
