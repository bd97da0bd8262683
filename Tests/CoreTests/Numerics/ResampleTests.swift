import Core
import Foundation
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

    private static let interpolations: [Interpolation] = [
        .bilinear, .bicubic, .antialiasedBilinear, .antialiasedBicubic, .alignedBilinear,
    ]

    @Test(arguments: interpolations) func aConstantMapStaysConstant(interpolation: Interpolation) {
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

    @Test func alignedCornersStayWhereTheyAre() {
        let resampling = GridResampling(
            from: PatchGrid(rows: 2, columns: 3), to: PatchGrid(rows: 5, columns: 5), .alignedBilinear)
        let up = resampling.applied(to: [0, 1, 2, 4, 5, 6])
        #expect(up.prefix(5) == [0, 0.5, 1, 1.5, 2])
        #expect(up.suffix(5) == [4, 4.5, 5, 5.5, 6])
        #expect(up[10] == 2)
    }

    @Test(arguments: interpolations, grids) func theAdjointIsTheTranspose(
        interpolation: Interpolation, grids: (Int, Int, Int, Int)
    ) {
        let (from, to) = (PatchGrid(rows: grids.0, columns: grids.1), PatchGrid(rows: grids.2, columns: grids.3))
        let resampling = GridResampling(from: from, to: to, interpolation)
        #expect(resampling.rows.transposed.matrix == resampling.rows.matrix.transposed())
        #expect(resampling.columns.transposed.matrix == resampling.columns.matrix.transposed())
        // <Rx, y> = <x, Rᵀy>
        var random = SplitMix64(seed: 4)
        let (x, y) = (random.floats(from.count * 2), random.floats(to.count * 2))
        func product(_ left: [Float], _ right: [Float]) -> Double {
            zip(left, right).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let forth = product(resampling.applied(to: x, width: 2), y)
        #expect(isClose(forth, product(x, resampling.adjoint.applied(to: y, width: 2)), atol: 1e-4, rtol: 1e-4))
    }

    @Test func oneAxisAfterAnotherIsTheProductOfTheirMatrices() {
        let enlarging = ResampleAxis(from: 5, to: 23, .bilinear)
        let smoothing = ResampleAxis(smoothing: 23, deviation: 1.7)
        let both = smoothing.following(enlarging)
        let expected = naiveProduct(smoothing.matrix, enlarging.matrix)
        #expect(both.inputs == 5 && both.outputs == 23)
        #expect(firstDifference(both.matrix.values, expected, atol: 1e-6, rtol: 1e-6) == nil)
    }

    @Test func smoothingIsAGaussianAndKeepsTheSum() {
        let values = ResampleAxis(smoothing: 31, deviation: 2).matrix
        for row in 0..<31 { #expect(isClose(Double(values.row(row).reduce(0, +)), 1, atol: 1e-6, rtol: 0)) }
        // Beside the middle: exp(-x² / (2 · 2²)).
        #expect(isClose(Double(values[15, 18] / values[15, 15]), exp(-9.0 / 8), atol: 1e-6, rtol: 1e-6))
        #expect(values[15, 6] == 0 && values[15, 7] > 0)
        #expect(
            ResampleAxis(smoothing: 4, deviation: 0).matrix.values.enumerated().allSatisfy {
                $1 == ($0 % 5 == 0 ? 1 : 0)
            })
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
