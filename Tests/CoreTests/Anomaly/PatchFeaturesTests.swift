import Core
import Testing

@Suite struct PatchFeaturesTests {
    private struct Fixture: Decodable {
        struct Layer: Decodable {
            let rows: Int
            let columns: Int
            let width: Int
            let tokens: [Float]
        }
        let layers: [Layer]
        let expected: [Float]
    }

    private func features(_ maps: [FeatureMap]) -> Features {
        Features(

            layers: Dictionary(uniqueKeysWithValues: maps.enumerated().map { ($0.offset + 1, $0.element) }))
    }

    private func map(_ rows: Int, _ columns: Int, width: Int, _ values: [Float]) -> FeatureMap {
        let grid = PatchGrid(rows: rows, columns: columns)
        return FeatureMap(grid: grid, tokens: Matrix(rows: grid.count, columns: width, values: values))
    }

    @Test func joinedLayersAreThoseOfNumPy() throws {
        let fixture = try anomalyFixture("patch_features", as: Fixture.self)
        let maps = fixture.layers.map { map($0.rows, $0.columns, width: $0.width, $0.tokens) }
        let joined = PatchFeatures(features(maps), layers: [1, 2], localAveraging: true)
        #expect(joined.grid == PatchGrid(rows: 5, columns: 6))
        #expect(agree(joined.rows.values, fixture.expected))
    }

    @Test func theFinestLayerGivesTheGridWhateverTheOrder() {
        let coarse = map(1, 1, width: 1, [1])
        let fine = map(2, 3, width: 1, [1, 1, 1, 1, 1, 1])
        let joined = PatchFeatures(features([coarse, fine]), layers: [1, 2], localAveraging: false)
        #expect(joined.grid == fine.grid)
        #expect(agree(joined.rows.values, [Float](repeating: Float(0.5).squareRoot(), count: 12)))
    }

    @Test func averagingTakesTheWindowThatThereIs() {
        // 2 x 3 patches of one number: every window covers both rows.
        let averaged = map(2, 3, width: 1, [1, 2, 3, 4, 5, 6]).locallyAveraged()
        #expect(agree(averaged.tokens.values, [3, 3.5, 4, 3, 3.5, 4]))  // (1+2+4+5)/4, (1+...+6)/6, (2+3+5+6)/4
    }

    @Test func withoutAveragingAPatchKeepsItsDirection() {
        let joined = PatchFeatures(features([map(1, 2, width: 2, [3, 4, 0, -2])]), layers: [1], localAveraging: false)
        #expect(agree(joined.rows.values, [0.6, 0.8, 0, -1]))
    }
}
