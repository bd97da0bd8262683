import Core
import Foundation
import TestSupport
import Testing

/// Against PyTorch (`Tools/make_fsac_fixtures.py`, pictures.json): both descriptors, both presets, small and at C = 640.
@Suite struct CLIPFSACParityTests {
    struct Sample: Decodable {
        /// At most 40 of the values, at equal steps.
        let values: [Double]
        /// Of all of them.
        let norm: Double
    }

    struct Run: Decodable {
        struct Drawn: Decodable {
            let seed: UInt64
            let bound: Float
            let shape: [Int]
        }

        let width: Int
        let descriptor: FSACDescriptor
        let preset: CLIPFSACSettings.Preset
        let learnsAnchors: Bool
        let pairs: Int
        let seed: UInt64
        let bound: Float
        let tensors: [String: Drawn]
        /// Eq. 10, 11 and 12 of each step.
        let losses: [[Double]]
        let gradients: [String: Sample]
        let trained: [String: Sample]
        let margins: [Double]
        let anomalyScores: [Double]
        let marginGradients: Sample

        static func all() throws -> [Run] {
            let path = try #require(Bundle.module.path(forResource: "Fixtures/fsac/pictures.json", ofType: nil))
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode([Run].self, from: Data(contentsOf: URL(filePath: path)))
        }

        /// What Python draws, too.
        static func drawn(_ seed: UInt64, _ shape: [Int], _ bound: Float) -> Tensor {
            var random = SplitMix64(seed: seed)
            return Tensor(
                shape: shape, values: (0..<shape.reduce(1, *)).map { _ in random.uniform(-bound...bound) })
        }

        func head() throws -> CLIPFSACHead {
            var all: [String: Tensor] = [:]
            for (name, drawn) in tensors { all[name] = Self.drawn(drawn.seed, drawn.shape, drawn.bound) }
            all["centre"] = Tensor(shape: [width])
            all["scale"] = Tensor(shape: [1], values: [1])
            return try CLIPFSACHead(
                settings: CLIPFSACSettings(preset: preset, descriptor: descriptor), tensors: all)
        }

        func embeddings(_ seed: UInt64, rows: Int) -> Matrix {
            Matrix(
                rows: rows, columns: width,
                values: Self.drawn(self.seed + seed, [rows, width], bound).values)
        }

        var labels: [Float] { [Float](repeating: 0, count: pairs) + [Float](repeating: 1, count: pairs) }
    }

    /// The largest difference as a share of the largest value, and that of the norms.
    static func difference(_ tensor: Tensor, _ expected: Sample) -> Double {
        let count = min(tensor.values.count, 40)
        let got = (0..<count).map { Double(tensor.values[$0 * tensor.values.count / count]) }
        let norm = tensor.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        let largest = expected.values.reduce(1e-12) { max($0, abs($1)) }
        let differences = zip(got, expected.values).map { abs($0 - $1) / largest }
        return max(differences.max() ?? 1, abs(norm - expected.norm) / max(expected.norm, 1e-12))
    }

    @Test(arguments: [1, 2])
    func trainsAsPyTorchDoes(threads: Int) throws {
        // One thread at full width would only take longer.
        for run in try Run.all() where threads > 1 || run.width < 100 {
            let name = "\(run.width) \(run.descriptor) \(run.preset)"
            var trainer = FSACTrainer(
                try run.head(), learnsAnchors: run.learnsAnchors, parallelism: Parallelism(threads: threads))
            for (step, expected) in run.losses.enumerated() {
                let batch = run.embeddings(100 + UInt64(step), rows: 2 * run.pairs)
                let losses = trainer.losses(batch, labels: run.labels)
                let terms = [losses.imageToText, losses.textToImage, losses.classification]
                #expect(firstDifference(terms, expected, atol: 0, rtol: 1e-4) == nil, "\(name), step \(step)")
                if step == 0 {
                    let gradients = trainer.gradientTensors
                    #expect(gradients.count == run.gradients.count)
                    for (tensor, expected) in run.gradients {
                        let difference = Self.difference(try #require(gradients[tensor]), expected)
                        #expect(difference <= 1e-4, "\(name), gradient of \(tensor): \(difference)")
                    }
                }
                trainer.step(batch, labels: run.labels)
            }
            let head = trainer.head(CLIPFSACSettings(preset: run.preset, descriptor: run.descriptor))
            for (tensor, expected) in run.trained {
                let difference = Self.difference(try #require(head.tensors[tensor]), expected)
                #expect(difference <= 1e-4, "\(name), \(tensor) after ten steps: \(difference)")
            }
            let embeddings = run.embeddings(200, rows: 5)
            #expect(
                firstDifference(head.margins(of: embeddings), run.margins, atol: 3e-3, rtol: 1e-4) == nil, "\(name)")
            let scores = head.margins(of: embeddings).map { 1 / (1 + exp(-$0)) }
            #expect(firstDifference(scores, run.anomalyScores, atol: 1e-3, rtol: 1e-4) == nil)
            let slopes = (0..<5).flatMap { head.marginGradient(at: Array(embeddings.row($0))) }
            let difference = Self.difference(Tensor(shape: [5, run.width], values: slopes), run.marginGradients)
            #expect(difference <= 1e-3, "\(name), margin gradient: \(difference)")
        }
    }
}
