import Core
import TestSupport
import Testing

@Suite struct ProductTests {
    /// Rows, inner size, columns: non-square, with and without a multiple of 16, down to a single number.
    static let shapes = [
        (1, 1, 1), (1, 7, 5), (5, 1, 3), (3, 5, 1), (16, 16, 16), (17, 33, 15), (31, 64, 48), (48, 3, 65),
        (257, 40, 31),
    ]

    @Test func aProductOfSmallMatricesIsTheOneFromPaper() {
        let left = Matrix(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6])
        let right = Matrix(rows: 3, columns: 2, values: [1, 0, 0, 1, 1, 1])
        // 1 + 3, 2 + 3; 4 + 6, 5 + 6
        #expect(left.multiplied(by: right).values == [4, 5, 10, 11])
        #expect(left.multiplied(byTransposed: right.transposed()).values == [4, 5, 10, 11])
    }

    @Test(arguments: shapes) func theProductIsTheSumOverTheInnerIndex(shape: (Int, Int, Int)) {
        let (rows, inner, columns) = shape
        var random = SplitMix64(seed: UInt64(rows * 1000 + columns))
        let left = Matrix(rows: rows, columns: inner, values: random.floats(rows * inner))
        let right = Matrix(rows: inner, columns: columns, values: random.floats(inner * columns))
        let expected = naiveProduct(left, right)
        #expect(expected == naiveProduct(left, right.transposed(), transposed: true))
        for threads in 1...3 {
            let parallelism = Parallelism(threads: threads)
            let product = left.multiplied(by: right, parallelism: parallelism)
            let transposed = left.multiplied(byTransposed: right.transposed(), parallelism: parallelism)
            #expect(product.rows == rows && product.columns == columns)
            #expect(firstDifference(product.values, expected, atol: 1e-5, rtol: 1e-5) == nil, "\(threads) threads")
            #expect(firstDifference(transposed.values, expected, atol: 1e-5, rtol: 1e-5) == nil, "\(threads) threads")
        }
    }

    @Test func aProductOverNothingIsZero() {
        let left = Matrix(rows: 2, columns: 0)
        let right = Matrix(rows: 0, columns: 3)
        #expect(left.multiplied(by: right) == Matrix(rows: 2, columns: 3))
        #expect(Matrix(rows: 0, columns: 4).multiplied(by: Matrix(rows: 4, columns: 3)).values.isEmpty)
    }

    /// `c = a * b + beta * c` inside larger arrays; what lies between the rows stays as it was.
    @Test(arguments: [Float(0), 1, -0.5], [false, true])
    func aProductIntoABlockOfAMatrixLeavesTheRestAlone(beta: Float, transposeB: Bool) {
        let (m, n, k) = (7, 5, 9)
        let (strideA, strideB, strideC) = (11, 13, 8)
        var random = SplitMix64(seed: 3)
        let a = Storage(random.floats(m * strideA))
        let b = Storage(random.floats(max(n, k) * strideB))
        let before = random.floats(m * strideC)
        let c = Storage(before)
        gemm(m, n, k, a.base, strideA, b.base, strideB, transposeB: transposeB, beta: beta, into: c.base, strideC)
        var expected = before.map(Double.init)
        for row in 0..<m {
            for column in 0..<n {
                var sum = 0.0
                for inner in 0..<k {
                    let factor = transposeB ? b.base[column * strideB + inner] : b.base[inner * strideB + column]
                    sum += Double(a.base[row * strideA + inner]) * Double(factor)
                }
                expected[row * strideC + column] = sum + Double(beta) * Double(before[row * strideC + column])
            }
        }
        #expect(firstDifference(c.values(0..<m * strideC), expected, atol: 1e-5, rtol: 1e-5) == nil)
    }

    @Test func whatIsOverwrittenMayHaveBeenNaN() {
        let c = Storage([Float](repeating: .nan, count: 4))
        let ones = Storage([1, 1, 1, 1])
        gemm(2, 2, 2, ones.base, 2, ones.base, 2, into: c.base, 2)
        #expect(c.values(0..<4) == [2, 2, 2, 2])
    }

    @Test func transposingTwiceGivesTheMatrixBack() {
        let matrix = Matrix(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6])
        #expect(matrix.transposed() == Matrix(rows: 3, columns: 2, values: [1, 4, 2, 5, 3, 6]))
        #expect(matrix.transposed().transposed() == matrix)
        #expect(matrix.row(1) == [4, 5, 6])
    }
}
