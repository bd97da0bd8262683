import Core
import Daemon
import TestSupport
import Testing

@Suite struct ModelSummaryTests {
    /// Of grey pictures, by a backbone to which those of other shades are all equally unlike, but for dark ones, which are more so.
    private func model(of shades: [UInt8]) throws -> FittedModel {
        let identity = BackboneIdentity(name: "shade", sha256: "0123", inputSize: 32)
        let extractor = FeatureExtractor(identity: identity, layerCount: 1) { image, _, _ in
            let shade = Int(image.pixels[0])
            let row = (0..<8).map { Float($0 == shade % 8 ? (shade < 50 ? 4 : 0.2) : $0 == 7 ? 1 : 0) }
            let rows = Matrix(rows: 6, columns: 8, values: Array(repeatElement(row, count: 6).joined()))
            return Features(layers: [1: FeatureMap(grid: PatchGrid(rows: 2, columns: 3), tokens: rows)])
        }
        let shots = try shades.map { shade in
            try Shot(sha256: "\(shade)", picture: Picture(.file, bytes: TestPicture.png(shade)))
        }
        var method = PatchMemoryMethod()
        method.rotations = 1
        return try FittedModel.fit(
            shots: shots, extractor: extractor, settings: MethodSettings(method: method, layers: [1]))
    }

    @Test func anOddShotIsNamed() throws {
        let summary = try model(of: [104, 105, 106, 107, 20]).summary
        #expect(summary.oddShots == ["20"] && summary.shots.count == 5)
        #expect(summary.choice?.first?.contains("shot 20 is odd") == true, "\(summary.choice ?? [])")
        #expect(try model(of: [104, 105, 106, 107]).summary.oddShots.isEmpty)
    }
}
