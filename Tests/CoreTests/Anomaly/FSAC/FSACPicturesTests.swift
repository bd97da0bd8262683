import Core
import Foundation
import Testing

/// Real weights and pictures, where there are any: `make weights`, and FSAC_DATA or `shared/data` beside the checkout.
private let checkout = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../../.."
private let environment = ProcessInfo.processInfo.environment
private let models = ModelsDirectory(path: environment["FSAC_MODELS"] ?? checkout + "/models")
private let bottles = (environment["FSAC_DATA"] ?? checkout + "/../shared/data") + "/bottle/train/good"
private let canRun = models.names.contains("dinov2-small") && FileManager.default.fileExists(atPath: bottles)

@Suite struct FSACPicturesTests {
    private struct Tokens {
        var normal: [Matrix] = []
        var anomalous: [Matrix] = []
        var labels: [Float] = []
    }

    /// Tokens of pictures, and of the patches that anomalies drawn into them touch.
    private func tokens(of paths: [String], seed: UInt64) throws -> Tokens {
        let model = try BackboneModel.load("dinov2-small", modelsDirectory: models)
        let extractor = FeatureExtractor(model, inputSize: 224, parallelism: Parallelism(threads: 2))
        func features(_ image: Image) -> PatchFeatures {
            PatchFeatures(
                extractor.features(of: image, FeatureRequest(layers: [3, 6])), layers: [3, 6], localAveraging: true)
        }
        var random = SplitMix64(seed: seed)
        var result = Tokens()
        for path in paths {
            let image = try Picture(.file, bytes: ImageFile.read(path: path)).image(atLeast: 224)
            let foreground = ForegroundEstimate(shots: [image]).mask(of: image)
            result.normal.append(features(image).rows)
            for generator in AnomalyGenerator.allCases {
                let drawn = generator.anomaly(
                    on: image, foreground: foreground, strength: random.uniform(0.3...1), using: &random)
                let rows = features(drawn.image)
                for (patch, label) in drawn.patchLabels(on: rows.grid).enumerated() where label > 0.5 {
                    let token = Array(rows.rows.row(patch))
                    result.anomalous.append(Matrix(rows: 1, columns: token.count, values: token))
                    result.labels.append(label)
                }
            }
        }
        return result
    }

    private static func joined(_ matrices: [Matrix]) -> Matrix {
        Matrix(
            rows: matrices.map(\.rows).reduce(0, +), columns: matrices[0].columns, values: matrices.flatMap(\.values))
    }

    @Test(.enabled(if: canRun, "needs `make weights` and FSAC_DATA"))
    func separatesAnomaliesOnPicturesItHasNotSeen() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: bottles).sorted()
        let paths = names.prefix(4).map { "\(bottles)/\($0)" }
        let seen = try tokens(of: Array(paths.prefix(2)), seed: 1)
        let other = try tokens(of: Array(paths.dropFirst(2)), seed: 2)
        var settings = FSACSettings()
        settings.steps = 100
        let head = try FSACHead.train(
            normal: Self.joined(seen.normal), anomalous: Self.joined(seen.anomalous),
            labels: seen.labels, settings: settings, seed: 1, parallelism: Parallelism(threads: 2))
        let metrics = RankingMetrics(
            normal: head.margins(of: Self.joined(other.normal)),
            anomalous: head.margins(of: Self.joined(other.anomalous)))
        // 0.85 where this was written; a head that learnt nothing has 0.5.
        #expect(metrics.auroc > 0.75, "\(metrics.auroc)")
    }
}
