import Capture
import Core
import TestSupport
import Testing

@Suite struct PresenceDetectorTests {
    /// A scene of 16 x 36 at level 50 with a square of 8 x 8 at 150; nil = without.
    private func scene(_ left: Int?, noise: Float = 0, random: inout SplitMix64) -> GreyThumbnail {
        var levels = [Float](repeating: 50, count: 16 * 36)
        if let left {
            for row in 4..<12 { for column in left..<left + 8 { levels[row * 36 + column] = 150 } }
        }
        for index in levels.indices { levels[index] += noise * Float.random(in: -1...1, using: &random) }
        return GreyThumbnail(height: 16, width: 36, levels: levels)
    }

    private func detector() -> PresenceDetector { PresenceDetector(startLevel: 12, stopLevel: 4, stillFrames: 3) }

    @Test func aPartIsSeenOnceWhenItHasLainStillLongEnough() {
        var (detector, random) = (detector(), SplitMix64(seed: 1))
        let positions: [Int?] = [nil, nil, 0, 8, 16, 16, 16, 16, 16, 16]
        // Moves at frames 2, 3, 4; frames 5, 6, 7 are still.
        #expect(positions.map { detector.cameToRest(scene($0, random: &random)) }.firstIndices(of: true) == [7])
    }

    @Test func everyPartIsSeenOnceUnderNoise() {
        var (detector, random) = (detector(), SplitMix64(seed: 2))
        var fired: [Int] = []
        for part in 0..<20 {
            for position in [nil, nil, nil, nil, 0, 4, 12] + Array(repeating: 12, count: 6) as [Int?] {
                if detector.cameToRest(scene(position, noise: 3, random: &random)) { fired.append(part) }
            }
        }
        // Taking a part away is a movement that ends in rest, too: the empty place is inspected as a part that is missing.
        #expect(fired == [0] + (1..<20).flatMap { [$0, $0] })
    }

    @Test func noiseAloneIsNoPart() {
        var (detector, random) = (detector(), SplitMix64(seed: 3))
        let fired = (0..<500).filter { _ in detector.cameToRest(scene(nil, noise: 4, random: &random)) }
        #expect(fired.isEmpty)
    }

    @Test func whatLiesThereAtTheStartHasNotCome() {
        var (detector, random) = (detector(), SplitMix64(seed: 4))
        #expect((0..<20).filter { _ in detector.cameToRest(scene(8, random: &random)) }.isEmpty)
    }

    @Test func aGapIsNoStillness() {
        var (detector, random) = (detector(), SplitMix64(seed: 5))
        _ = [nil, 0, 8].map { detector.cameToRest(scene($0, random: &random)) }
        #expect((0..<10).filter { _ in detector.cameToRest(nil) }.isEmpty)
        // The first frame after the gap begins the count anew.
        #expect((0..<6).map { _ in detector.cameToRest(scene(8, random: &random)) }.firstIndices(of: true) == [3])
    }

    @Test func aLongGapIsToldOnce() {
        var (detector, random) = (detector(), SplitMix64(seed: 8))
        let told = [8, nil, nil, 8, nil, nil, nil, nil, nil, 8, nil, nil, nil].map { position in
            _ = detector.cameToRest(position.map { scene($0, random: &random) })
            return detector.wentBlind
        }
        #expect(told.firstIndices(of: true) == [6, 12])
    }

    @Test func aPartThatCameDuringAGapIsSeen() {
        var (detector, random) = (detector(), SplitMix64(seed: 6))
        _ = detector.cameToRest(scene(nil, random: &random))
        _ = detector.cameToRest(nil)
        #expect((0..<6).map { _ in detector.cameToRest(scene(8, random: &random)) }.firstIndices(of: true) == [3])
    }

    @Test func betweenTheLevelsNothingChanges() {
        var (detector, random) = (detector(), SplitMix64(seed: 7))
        func level(_ level: Float) -> GreyThumbnail {
            GreyThumbnail(height: 4, width: 4, levels: Array(repeating: level, count: 16))
        }
        _ = scene(nil, random: &random)
        // Changes of 8 are no start; after one of 20 they keep it moving.
        #expect([50, 58, 50, 58, 50].map { detector.cameToRest(level($0)) }.firstIndices(of: true).isEmpty)
        #expect([70, 78, 70, 78, 70].map { detector.cameToRest(level($0)) }.firstIndices(of: true).isEmpty)
        #expect([70, 70, 70].map { detector.cameToRest(level($0)) }.firstIndices(of: true) == [2])
    }

    @Test func changeIsTheMeanOfTheFourStrongestBlocks() {
        // Blocks of 4 x 4: two columns, three rows. They change by 1, 2, 3, 4, 5 and 6: (6 + 5 + 4 + 3) / 4.
        let old = GreyThumbnail(height: 12, width: 8, levels: Array(repeating: 10, count: 96))
        let levels = (0..<96).map { index -> Float in
            let (blockRow, blockColumn) = (index / 8 / 4, index % 8 / 4)
            return Float(11 + 2 * blockRow + blockColumn)
        }
        #expect(PresenceDetector.change(from: old, to: GreyThumbnail(height: 12, width: 8, levels: levels)) == 4.5)
    }

    @Test func aThumbnailHoldsTheMeansOfItsPixels() {
        // 128 x 2: pixels of 2 x 2 with 0 and 100 in turn.
        let image = Image(
            height: 2, width: 128, pixels: (0..<2 * 128).flatMap { [UInt8](repeating: $0 % 2 == 0 ? 0 : 100, count: 3) }
        )
        #expect(GreyThumbnail(image) == GreyThumbnail(height: 1, width: 64, levels: Array(repeating: 50, count: 64)))
    }
}

extension [Bool] {
    fileprivate func firstIndices(of value: Bool) -> [Int] { indices.filter { self[$0] == value } }
}
