import Core
import Foundation
import TestSupport
import Testing

@Suite struct IntegerAttentionTests {
    /// Tokens and width of the head: one, tails of blocks of 64 keys, of 48 queries and of vectors, the widest.
    static let shapes = [(1, 1), (2, 5), (47, 16), (64, 12), (65, 33), (131, 64), (200, 128)]
    static let paths = IntegerPath.allCases.filter(\.isAvailable)

    @Test(arguments: shapes, paths) func whatComesOutIsTheMeanOfTheValuesThatTheSoftmaxGives(
        shape: (Int, Int), path: IntegerPath
    ) {
        let head = Head(tokens: shape.0, width: shape.1)
        #expect(head.error(path) < 0.02)
    }

    @Test(arguments: paths) func whatAllKeysHaveInCommonCostsNoBits(path: IntegerPath) {
        // A thirtieth of a key is its own; 8 bits of all of it would leave 3.
        let head = Head(tokens: 131, width: 64, key: { key, _ in key + 30 })
        #expect(head.error(path) < 0.02)
    }

    @Test(arguments: paths) func aTokenThatAllLookAtLeavesTheOthersTheirBits(path: IntegerPath) {
        // It has half of the weight; each of the others has a 2,000th of its weight, which is nothing beside it in 8 bits.
        let tokens = 2_000
        let head = Head(
            tokens: tokens, width: 16, query: { _ in 1 },
            key: { _, token in token == 700 ? log(Float(tokens)) / 16 : 0 })
        #expect(head.error(path) < 0.02)
    }

    @Test(arguments: shapes, paths) func weightsAddUpToOne(shape: (Int, Int), path: IntegerPath) {
        let head = Head(tokens: shape.0, width: shape.1, value: { _ in 3 })
        #expect(head.output(path).allSatisfy { abs($0 - 3) <= 3e-6 })
    }

    @Test(arguments: paths, [0, 63, 64, 130]) func aKeyThatFitsMuchBetterThanAllOthersGivesItsValue(
        path: IntegerPath, place: Int
    ) {
        let head = Head(
            tokens: 131, width: 8, query: { _ in 10 }, key: { _, token in token == place ? 1 : -1 })
        for (index, got) in head.output(path).enumerated() {
            let value: Float = head.value[place * 8 + index % 8]
            #expect(abs(got - value) <= 0.51 / 127)
        }
    }

    @Test(arguments: paths) func whatIsNotANumberDoesNotComeOutAsOne(path: IntegerPath) {
        for wrong: Float in [.nan, .infinity, -.infinity] {
            for token in [0, 100, 130] {
                var head = Head(tokens: 131, width: 20)
                head.query[token * 20 + 17] = wrong
                #expect(head.rowsWithoutNumbers(path) == [token])
                head = Head(tokens: 131, width: 20)
                head.key[token * 20 + 17] = wrong
                #expect(head.rowsWithoutNumbers(path) == Array(0..<131))
                head = Head(tokens: 131, width: 20)
                head.value[token * 20 + 17] = wrong
                let output = head.output(path)
                let isInItsColumnAlone = output.indices.allSatisfy { output[$0].isNaN == ($0 % 20 == 17) }
                #expect(isInItsColumnAlone)
            }
        }
    }

    @Test(arguments: shapes) func allPathsSayTheSameToTheLastBitButForRoundingOfThePlainOne(shape: (Int, Int)) {
        let head = Head(tokens: shape.0, width: shape.1)
        let outputs = Self.paths.filter { $0 != .plain }.map { head.output($0) }
        for output in outputs.dropFirst() {
            let isSame = output == outputs[0]
            #expect(isSame)
        }
    }

    @Test(arguments: paths) func fewerTokensThanThereIsRoomForAndNothingBetweenTheRows(path: IntegerPath) {
        let (tokens, width, stride) = (70, 9, 30)
        let head = Head(tokens: tokens, width: width)
        let rows = Storage(count: tokens * stride)
        for row in 0..<tokens {
            for column in 0..<width {
                let base = rows.base + row * stride + column
                (base[0], base[10], base[20]) = (
                    head.query[row * width + column], head.key[row * width + column], head.value[row * width + column]
                )
            }
        }
        let output = Storage([Float](repeating: 77, count: tokens * 12))
        let attention = IntegerAttention(tokens: 300, width: width)
        for _ in 0..<2 {
            attention.apply(
                query: rows.base, key: rows.base + 10, value: rows.base + 20, stride: stride, tokens: tokens,
                path: path, into: output.base, outputStride: 12)
        }
        let expected = head.output(path)
        for row in 0..<tokens {
            let got = output.values(row * 12..<row * 12 + 12)
            let isSame = Array(got[..<width]) == Array(expected[row * width..<(row + 1) * width])
            #expect(isSame && got[width...].allSatisfy { $0 == 77 })
        }
    }
}

/// Random queries, keys and values, each `[tokens, width]`: the scores' standard deviation is about 1, no value is larger than 1.
private struct Head {
    let tokens: Int
    let width: Int
    var query: [Float]
    var key: [Float]
    var value: [Float]

    init(
        tokens: Int, width: Int, query: (Float) -> Float = { $0 }, value: (Float) -> Float = { $0 },
        key: (_ key: Float, _ token: Int) -> Float = { key, _ in key }
    ) {
        var random = SplitMix64(seed: UInt64(tokens * 1_000 + width))
        (self.tokens, self.width) = (tokens, width)
        self.query = random.floats(tokens * width).map { query($0 * 3 / Float(width).squareRoot()) }
        self.key = random.floats(tokens * width).enumerated().map { key($1, $0 / width) }
        self.value = random.floats(tokens * width).map(value)
    }

    func output(_ path: IntegerPath) -> [Float] {
        let output = Storage(count: tokens * width)
        IntegerAttention(tokens: tokens, width: width).apply(
            query: query, key: key, value: value, stride: width, tokens: tokens, path: path, into: output.base,
            outputStride: width)
        return output.values(0..<tokens * width)
    }

    func rowsWithoutNumbers(_ path: IntegerPath) -> [Int] {
        let output = output(path)
        return (0..<tokens).filter { row in output[row * width..<(row + 1) * width].allSatisfy(\.isNaN) }
    }

    /// The largest difference from what it is by definition.
    func error(_ path: IntegerPath) -> Double {
        let output = output(path)
        var largest = 0.0
        for row in 0..<tokens {
            let scores = (0..<tokens).map { other in
                (0..<width).reduce(0.0) { $0 + Double(query[row * width + $1]) * Double(key[other * width + $1]) }
            }
            let most = scores.max() ?? 0
            let weights = scores.map { exp($0 - most) }
            let sum = weights.reduce(0, +)
            for column in 0..<width {
                let expected = (0..<tokens).reduce(0.0) { $0 + weights[$1] * Double(value[$1 * width + column]) } / sum
                largest = max(largest, abs(Double(output[row * width + column]) - expected))
            }
        }
        return largest
    }
}
