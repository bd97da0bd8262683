import Core
import Testing

@Suite struct ScoreMapTests {
    private struct MapFixture: Decodable {
        let rows: Int
        let columns: Int
        let height: Int
        let width: Int
        let smoothing: Float
        let scores: [Float]
        let map: [Float]
    }

    private func scoreMap(_ rows: Int, _ columns: Int, _ values: [Float]) -> ScoreMap {
        ScoreMap(grid: PatchGrid(rows: rows, columns: columns), values: values, aggregation: .topPercent)
    }

    @Test func pictureScoreIsTheMeanOfTheTopPercent() {
        let values = (0..<300).map { Float($0) }
        #expect(scoreMap(15, 20, values).imageScore == 298)  // (299 + 298 + 297) / 3
        #expect(
            ScoreMap(grid: PatchGrid(rows: 15, columns: 20), values: values, aggregation: .maximum).imageScore == 299)
    }

    @Test func fewPatchesStillCountOne() {
        #expect(scoreMap(2, 3, [0.1, 0.5, 0.2, 0, 0, 0.4]).imageScore == 0.5)
    }

    @Test func anomalyMapIsBilinearThenGaussian() throws {
        for fixture in try anomalyFixture("anomaly_maps", as: [MapFixture].self) {
            let map = scoreMap(fixture.rows, fixture.columns, fixture.scores)
                .enlarged(height: fixture.height, width: fixture.width, smoothing: fixture.smoothing)
            #expect(map.rows == fixture.height && map.columns == fixture.width)
            #expect(agree(map.values, fixture.map, absolute: 1e-4))
        }
    }

    @Test func smoothingKeepsTheUnitOfTheScore() {
        let map = scoreMap(3, 4, [Float](repeating: 0.25, count: 12)).enlarged(height: 45, width: 31, smoothing: 0.7)
        #expect(agree(map.values, [Float](repeating: 0.25, count: 45 * 31)))
    }

    @Test func areasAreJoinedAcrossCornersAndSortedByPeak() {
        let map = Matrix(
            rows: 4, columns: 6,
            values: [
                5, 0, 0, 0, 0, 0,
                0, 6, 0, 0, 9, 9,
                0, 0, 0, 0, 7, 0,
                2, 0, 0, 0, 0, 0,
            ])
        #expect(
            Regions.above(1, in: map, minimumArea: 2) == [
                Region(x: 4, y: 1, width: 2, height: 2, peak: 9), Region(x: 0, y: 0, width: 2, height: 2, peak: 6),
            ])
        #expect(Regions.above(1, in: map, minimumArea: 1).count == 3)
        let highest = map.values.max() ?? 0
        #expect(Regions.above(highest, in: map, minimumArea: 1).map(\.peak) == [highest])
        #expect(Regions.above(highest.nextUp, in: map, minimumArea: 1).isEmpty)
    }

    @Test func theAreaAroundThePeakIsOneArea() {
        let map = Matrix(rows: 2, columns: 5, values: [0, 0, 0.9, 1, 0, 1, 0, 0, 0, 0])
        #expect(Regions.aroundPeak(of: map) == Region(x: 2, y: 0, width: 2, height: 1, peak: 1))
        let flat = Matrix(rows: 2, columns: 2, values: [1, 1, 1, 1])
        #expect(Regions.aroundPeak(of: flat) == Region(x: 0, y: 0, width: 2, height: 2, peak: 1))
    }

    @Test func aPlaceWithoutANumberIsARegionAndHidesNoOther() {
        var map = Matrix(rows: 3, columns: 4)
        (map[0, 0], map[2, 3]) = (.nan, 5)
        let regions = Regions.above(2, in: map, minimumArea: 1)
        #expect(regions.map(\.peak) == [5, 2])
        #expect(Regions.aroundPeak(of: map).peak == 5)
        for place in map.values.indices { map.values[place] = .nan }
        #expect(Regions.aroundPeak(of: map).width > 0)
    }
}
