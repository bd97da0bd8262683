import Core
import Daemon
import Logging
import TestSupport
import Testing

/// A recipe with models as they are fitted.
@Suite struct FittedRecipeTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Of grey pictures, by a backbone that sees their shade.
    private func model() throws -> FittedModel {
        let identity = BackboneIdentity(name: "shade", sha256: "0123", inputSize: 32)
        let extractor = FeatureExtractor(identity: identity, layerCount: 1) { image, _, _ in
            let grid = PatchGrid(rows: 2, columns: 3)
            let shade = Float(image.pixels[0])
            let rows = Matrix(rows: 6, columns: 2, values: (0..<6).flatMap { [Float($0), shade] })
            return Features(layers: [1: FeatureMap(grid: grid, tokens: rows)])
        }
        let shots = try [UInt8(100), 120, 150].map { shade in
            try Shot(sha256: "\(shade)", picture: Picture(.file, bytes: TestPicture.png(shade)))
        }
        return try FittedModel.fit(
            shots: shots, extractor: extractor, settings: MethodSettings(method: PaDiMMethod(), layers: [1]))
    }

    private func start(_ kind: ModelKind) throws -> Recipe<FittedModel> {
        try Recipe(stateDirectory: folder.path, name: "bottle", kind: kind, logger: .silent) { _ in }
    }

    @Test func afterLimitAutoTheLimitIsThatOfTheShotsAgainAndSaysSo() throws {
        let model = try model()
        let recipe = try start(model.kind)
        _ = try recipe.install(model)
        #expect(try recipe.setLimit(0.5).model.calibration.origin == .manual)
        let active = try recipe.setLimit(nil)
        #expect(active.model.calibration.origin == .shots)
        #expect(active.model == model)
    }

    @Test func aLimitSetByHandOutlivesARestartAndNotAnotherWayOfScoring() throws {
        let model = try model()
        _ = try start(model.kind).install(model)
        _ = try start(model.kind).setLimit(0.5)
        #expect(try start(model.kind).view.active?.manualLimit == 0.5)
        #expect(try !start(model.kind).view.isFitDue)
    }
}
