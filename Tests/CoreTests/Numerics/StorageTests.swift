import Core
import TestSupport
import Testing

@Suite struct StorageTests {
    @Test func aBlockIsZeroedAndAligned() {
        for count in [0, 1, 15, 16, 1000] {
            let block = Storage(count: count)
            #expect(block.values(0..<count) == [Float](repeating: 0, count: count))
            #expect(UInt(bitPattern: block.base) % 64 == 0)
        }
    }

    @Test func aBlockHoldsWhatItWasGiven() {
        let block = Storage([1, 2, 3])
        #expect(block.count == 3)
        #expect(block.values(1..<3) == [2, 3])
        block.base[1] = 7
        #expect(block.values(0..<3) == [1, 7, 3])
    }

    @Test func aTensorOfZerosHasItsShapesCount() {
        #expect(Tensor(shape: [2, 3, 4]).values.count == 24)
        #expect(Tensor(shape: []).values.count == 1)
        #expect(Tensor(shape: [0, 9]).values.isEmpty)
    }
}

@Suite struct ClosenessTests {
    @Test func theToleranceIsAbsolutePlusRelative() {
        #expect(isClose(1.015, 1, atol: 0.01, rtol: 0.01))
        #expect(!isClose(1.025, 1, atol: 0.01, rtol: 0.01))
        #expect(isClose(0.005, 0, atol: 0.01, rtol: 0.01))
        #expect(isClose(-1.015, -1, atol: 0.01, rtol: 0.01))
        #expect(!isClose(.nan, 0, atol: 1, rtol: 1))
        #expect(!isClose(0, .nan, atol: 1, rtol: 1))
        #expect(!isClose(.infinity, 1, atol: 1, rtol: 1))
    }

    @Test func aDifferenceIsToldWithItsPlace() {
        #expect(firstDifference([1, 2], [1, 2], atol: 0, rtol: 0) == nil)
        #expect(firstDifference([1, 2], [1, 3], atol: 0.5, rtol: 0) == "at 1: expected 3.0, got 2.0")
        #expect(firstDifference([1], [1, 3], atol: 0, rtol: 0) == "expected 2 values, got 1")
    }
}
