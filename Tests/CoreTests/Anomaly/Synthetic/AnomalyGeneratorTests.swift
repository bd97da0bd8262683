import Core
import Testing

@Suite struct AnomalyGeneratorTests {
    private func draw(
        _ generator: AnomalyGenerator, _ image: Image, seed: UInt64, strength: Float = 1,
        foreground: ForegroundMask? = nil
    ) -> SyntheticAnomaly {
        var random = SplitMix64(seed: seed)
        return generator.anomaly(on: image, foreground: foreground, strength: strength, using: &random)
    }

    private func area(_ anomaly: SyntheticAnomaly) -> Float {
        Float(anomaly.mask.values.count { $0 > 0 }) / Float(anomaly.mask.values.count)
    }

    @Test(arguments: AnomalyGenerator.allCases)
    func theSeedDecides(_ generator: AnomalyGenerator) {
        let image = MadeUpPart.picture(1, height: 90, width: 120)
        #expect(draw(generator, image, seed: 4) == draw(generator, image, seed: 4))
        #expect(draw(generator, image, seed: 4) != draw(generator, image, seed: 5))
    }

    @Test(arguments: AnomalyGenerator.allCases)
    func nothingChangesOutsideOfTheMask(_ generator: AnomalyGenerator) {
        let image = MadeUpPart.picture(2, height: 100, width: 130)
        for seed in 0..<20 as Range<UInt64> {
            let anomaly = draw(generator, image, seed: seed, strength: Float(seed) / 20)
            #expect(anomaly.mask.values.allSatisfy { (0...1).contains($0) })
            let isKept = anomaly.mask.values.indices.allSatisfy { pixel in
                anomaly.mask.values[pixel] > 0
                    || anomaly.image.pixels[pixel * 3..<pixel * 3 + 3] == image.pixels[pixel * 3..<pixel * 3 + 3]
            }
            #expect(isKept, "seed \(seed)")
        }
    }

    @Test(arguments: AnomalyGenerator.allCases)
    func everyAnomalyCanBeSeenAndLeavesMostOfThePicture(_ generator: AnomalyGenerator) {
        let image = MadeUpPart.picture(3, height: 120, width: 120)
        for seed in 0..<30 as Range<UInt64> {
            let anomaly = draw(generator, image, seed: seed)
            let changed = (0..<120 * 120).filter { anomaly.mask.values[$0] > 0 }
            #expect(!changed.isEmpty && changed.count < 120 * 120 * 6 / 10)
            let change = changed.flatMap { $0 * 3..<$0 * 3 + 3 }.reduce(0) { sum, value in
                sum + abs(Int(anomaly.image.pixels[value]) - Int(image.pixels[value]))
            }
            #expect(Float(change) / Float(3 * changed.count) >= 4, "seed \(seed)")
        }
    }

    @Test(arguments: AnomalyGenerator.allCases)
    func strengthMakesAnomaliesLargerAndClearer(_ generator: AnomalyGenerator) {
        let image = MadeUpPart.picture(4, height: 128, width: 128)
        func change(_ strength: Float) -> Int {
            (0..<40).reduce(0) { sum, seed in
                let drawn = draw(generator, image, seed: UInt64(seed), strength: strength).image
                return zip(drawn.pixels, image.pixels).reduce(sum) { $0 + abs(Int($1.0) - Int($1.1)) }
            }
        }
        let (faint, middle, strong) = (change(0), change(0.5), change(1))
        #expect(faint * 3 < strong && faint < middle && middle < strong)
    }

    @Test(arguments: AnomalyGenerator.allCases)
    func anomaliesLieOnTheObject(_ generator: AnomalyGenerator) {
        let image = MadeUpPart.picture(5, height: 96, width: 128)
        // The left half.
        let object = ForegroundMask(rows: 12, columns: 16, isForeground: (0..<192).map { $0 % 16 < 8 })
        var (onObject, all) = (Float(0), Float(0))
        for seed in 0..<30 as Range<UInt64> {
            let mask = draw(generator, image, seed: seed, foreground: object).mask
            for pixel in mask.values.indices {
                all += mask.values[pixel]
                if pixel % 128 < 64 { onObject += mask.values[pixel] }
            }
        }
        #expect(onObject / all > 0.8)
    }

    @Test(arguments: AnomalyGenerator.allCases, [(8, 8), (9, 60), (33, 8)])
    func smallPicturesWillDo(_ generator: AnomalyGenerator, _ size: (Int, Int)) {
        let image = MadeUpPart.picture(6, height: size.0, width: size.1)
        for seed in 0..<20 as Range<UInt64> { #expect(area(draw(generator, image, seed: seed)) > 0) }
    }

    @Test func anEvenPictureStaysAsItIsWhereNothingCanBePasted() {
        // Every place of it is the same: pasting changes at most its brightness, and the draw ends all the same.
        let even = Image(height: 40, width: 40, pixels: [UInt8](repeating: 90, count: 4800))
        let anomaly = draw(.nsa, even, seed: 1)
        #expect(anomaly.image == even)
        #expect(anomaly.mask.values.allSatisfy { $0 < 0.13 })
    }

    @Test func patchLabelsAreSharesOfTheMask() {
        var mask = Matrix(rows: 4, columns: 6)
        for column in 0..<3 { mask[0, column] = 1 }
        mask[3, 5] = 0.5
        let anomaly = SyntheticAnomaly(
            image: Image(height: 4, width: 6, pixels: [UInt8](repeating: 0, count: 72)), mask: mask)
        // Patches of 2 x 2 pixels.
        #expect(anomaly.patchLabels(on: PatchGrid(rows: 2, columns: 3)) == [0.5, 0.25, 0, 0, 0, 0.125])
    }
}
