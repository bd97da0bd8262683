import Core
import Foundation
import TestSupport
import Testing

@Suite struct PoissonSolverTests {
    private struct Equation: Decodable {
        let rows: Int
        let columns: Int
        let laplacian: [Float]
        let border: [Float]
        let solution: [Double]
    }

    @Test func agreesWithSciPysSparseSolver() throws {
        for equation in try synthesisFixture("poisson", as: [Equation].self) {
            let solution = PoissonSolver(rows: equation.rows, columns: equation.columns).solution(
                laplacian: Matrix(rows: equation.rows, columns: equation.columns, values: equation.laplacian),
                border: Matrix(rows: equation.rows + 2, columns: equation.columns + 2, values: equation.border))
            #expect(firstDifference(solution.values, equation.solution, atol: 2e-5, rtol: 0) == nil)
        }
    }

    @Test func aPlaneOverTheBorderIsAPlaneInside() {
        var plane = Matrix(rows: 9, columns: 14)
        for row in 0..<9 {
            for column in 0..<14 { plane[row, column] = 0.3 * Float(row) - 0.1 * Float(column) }
        }
        let inside = PoissonSolver(rows: 7, columns: 12).solution(border: plane)
        for row in 0..<7 {
            for column in 0..<12 { #expect(abs(inside[row, column] - plane[row + 1, column + 1]) < 1e-5) }
        }
    }

    @Test func aLargeRectangleSatisfiesTheEquation() {
        var random = SplitMix64(seed: 3)
        let (rows, columns) = (170, 141)
        let laplacian = Matrix(rows: rows, columns: columns, values: random.floats(rows * columns))
        let border = Matrix(
            rows: rows + 2, columns: columns + 2, values: random.floats((rows + 2) * (columns + 2), in: 0...255))
        var whole = border
        let inside = PoissonSolver(rows: rows, columns: columns).solution(laplacian: laplacian, border: border)
        for row in 0..<rows {
            for column in 0..<columns { whole[row + 1, column + 1] = inside[row, column] }
        }
        var worst: Float = 0
        for row in 1...rows {
            for column in 1...columns {
                let beside = whole[row, column - 1] + whole[row, column + 1]
                let sum = whole[row - 1, column] + whole[row + 1, column] + beside
                worst = max(worst, abs(sum - 4 * whole[row, column] - laplacian[row - 1, column - 1]))
            }
        }
        // Of grey levels up to some hundreds, in single precision.
        #expect(worst < 2e-2)
    }

    private struct Clone: Decodable {
        let height: Int
        let width: Int
        let patch: [UInt8]
        let frame: [UInt8]
        let result: [Double]
    }

    @Test func cloningKeepsGradientsAndMeetsTheBorderAsPoissonEditingDoes() throws {
        let clone = try synthesisFixture("clone", as: Clone.self)
        let patch = Image(height: clone.height + 2, width: clone.width + 2, pixels: clone.patch)
        let target = Image(height: clone.height + 2, width: clone.width + 2, pixels: clone.frame)
        let result = patch.cloned(
            into: target, in: PixelRectangle(x: 1, y: 1, width: clone.width, height: clone.height))
        #expect(result.height == clone.height && result.width == clone.width)
        // Rounded to whole grey levels.
        #expect(firstDifference(result.pixels.map(Float.init), clone.result, atol: 0.501, rtol: 0) == nil)
    }
}

func synthesisFixture<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    let path = try #require(Bundle.module.path(forResource: "Fixtures/synthesis/\(name).json", ofType: nil))
    return try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: path)))
}
