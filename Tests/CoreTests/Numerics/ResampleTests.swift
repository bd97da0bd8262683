import Core
import TestSupport
import Testing

@Suite struct ResampleTests {
    @Test func doublingALineMixesNeighboursByQuarters() {
        // half-pixel centres: positions -0.25 (the border repeats), 0.25, 0.75, 1.25 (repeats)
        let line = FeatureMap(
            grid: PatchGrid(rows: 1, columns: 2), tokens: Matrix(rows: 2, columns: 1, values: [0, 4]))
        let doubled = line.resampled(to: PatchGrid(rows: 1, columns: 4), .bilinear)
        #expect(doubled.tokens.values == [0, 1, 3, 4])
    }

    @Test func halvingALineTakesTheMiddleWithoutAntialiasing() {
        // positions 1.5 and 5.5 of 0 ... 7
        let values = (0..<8).map(Float.init)
        let line = FeatureMap(grid: PatchGrid(rows: 8, columns: 1), tokens: Matrix(rows: 8, columns: 1, values: values))
        #expect(line.resampled(to: PatchGrid(rows: 2, columns: 1), .bilinear).tokens.values == [1.5, 5.5])
        // Keys' weights half-way with a = -0.75: -0.09375, 0.59375, 0.59375, -0.09375; a straight line stays straight
        #expect(line.resampled(to: PatchGrid(rows: 2, columns: 1), .bicubic).tokens.values == [1.5, 5.5])
        let impulse = FeatureMap(
            grid: PatchGrid(rows: 4, columns: 1), tokens: Matrix(rows: 4, columns: 1, values: [1, 0, 0, 0]))
        #expect(impulse.resampled(to: PatchGrid(rows: 1, columns: 1), .bicubic).tokens.values == [-0.09375])
    }

    @Test func theSameGridGivesTheSameMap() {
        let map = Self.map(rows: 3, columns: 5, width: 2)
        #expect(map.resampled(to: map.grid, .bicubic) == map)
    }

    @Test func reducingWithAntialiasingMixesEveryPoint() {
        // Keys' weights with a = -0.5 at distances of 0.25, 0.75, 1.25, 1.75 (those of 0.5, 1.5 ... over a stretch of 2):
        // 0.8671875, 0.2265625, -0.0703125, -0.0234375. Those inside the line are scaled to a sum of 1: the first position
        // has 0.25 twice and the others once (1.8671875), the next two have all twice but the last (2.0234375).
        let impulse = FeatureMap(
            grid: PatchGrid(rows: 8, columns: 1), tokens: Matrix(rows: 8, columns: 1, values: [0, 0, 0, 1, 0, 0, 0, 0]))
        let reduced = impulse.resampled(to: PatchGrid(rows: 4, columns: 1), .antialiasedBicubic)
        let expected = [-0.0703125 / 1.8671875, 0.8671875 / 2.0234375, 0.2265625 / 2.0234375]
        #expect(firstDifference(Array(reduced.tokens.values.prefix(3)), expected, atol: 1e-6, rtol: 0) == nil)
    }

    @Test(arguments: [Interpolation.bilinear, .bicubic, .antialiasedBicubic]) func aConstantMapStaysConstant(
        interpolation: Interpolation
    ) {
        let map = FeatureMap(
            grid: PatchGrid(rows: 3, columns: 4),
            tokens: Matrix(rows: 12, columns: 2, values: (0..<24).map { $0 % 2 == 0 ? 1 : -3 }))
        let resampled = map.resampled(to: PatchGrid(rows: 7, columns: 5), interpolation)
        let expected = (0..<70).map { $0 % 2 == 0 ? 1.0 : -3 }
        #expect(firstDifference(resampled.tokens.values, expected, atol: 1e-6, rtol: 1e-6) == nil)
    }

    /// From rows, columns; to rows, columns: up, down, both, and along one axis only.
    static let grids = [
        (5, 5, 3, 7), (3, 7, 8, 2), (1, 4, 3, 9), (6, 1, 4, 1), (37, 37, 16, 16), (4, 6, 4, 9),
    ]

    @Test(arguments: [Interpolation.bilinear, .bicubic], grids)
    func everyValueIsTheWeightedSumOfItsNeighbours(interpolation: Interpolation, grids: (Int, Int, Int, Int)) {
        let map = Self.map(rows: grids.0, columns: grids.1, width: 3)
        let target = PatchGrid(rows: grids.2, columns: grids.3)
        let expected = naiveResample(map, to: target, interpolation)
        let resampled = map.resampled(to: target, interpolation)
        #expect(resampled.grid == target)
        #expect(firstDifference(resampled.tokens.values, expected, atol: 2e-5, rtol: 1e-5) == nil)
    }

    private static func map(rows: Int, columns: Int, width: Int) -> FeatureMap {
        var random = SplitMix64(seed: UInt64(rows * 100 + columns))
        let values = random.floats(rows * columns * width)
        return FeatureMap(
            grid: PatchGrid(rows: rows, columns: columns),
            tokens: Matrix(rows: rows * columns, columns: width, values: values))
    }
}

/// The kernel's own formula over every grid point of the map, border repeated.
private func naiveResample(_ map: FeatureMap, to grid: PatchGrid, _ interpolation: Interpolation) -> [Double] {
    func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        guard interpolation == .bicubic else { return max(0, 1 - x) }
        let a = -0.75  // Keys 1981, equation 4
        if x < 1 { return (a + 2) * x * x * x - (a + 3) * x * x + 1 }
        return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0
    }
    func position(_ index: Int, _ input: Int, _ output: Int) -> Double {
        (Double(index) + 0.5) * Double(input) / Double(output) - 0.5
    }
    var result: [Double] = []
    for row in 0..<grid.rows {
        for column in 0..<grid.columns {
            let y = position(row, map.grid.rows, grid.rows)
            let x = position(column, map.grid.columns, grid.columns)
            for feature in 0..<map.tokens.columns {
                var sum = 0.0
                for sourceRow in -3...map.grid.rows + 3 {
                    for sourceColumn in -3...map.grid.columns + 3 {
                        let clampedRow = min(max(sourceRow, 0), map.grid.rows - 1)
                        let clampedColumn = min(max(sourceColumn, 0), map.grid.columns - 1)
                        let value = map.tokens[clampedRow * map.grid.columns + clampedColumn, feature]
                        sum += weight(y - Double(sourceRow)) * weight(x - Double(sourceColumn)) * Double(value)
                    }
                }
                result.append(sum)
            }
        }
    }
    return result
}
