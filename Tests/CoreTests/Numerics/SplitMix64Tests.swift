import Core
import Testing

@Suite struct SplitMix64Tests {
    @Test func givesTheNumbersOfThePublishedCode() {
        var random = SplitMix64(seed: 0)
        #expect(random.next() == 0xe220_a839_7b1d_cdaf)
        #expect(random.next() == 0x6e78_9e6a_a1b9_65f4)
        #expect(random.next() == 0x06c4_5d18_8009_454f)
    }

    @Test func distributionsHaveTheirMeanAndVariance() {
        var random = SplitMix64(seed: 5)
        func moments(_ draw: () -> Float) -> (mean: Float, variance: Float) {
            let values = (0..<20_000).map { _ in draw() }
            let mean = values.reduce(0, +) / 20_000
            return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000)
        }
        let uniform = moments { random.uniform(2...5) }
        #expect(abs(uniform.mean - 3.5) < 0.03 && abs(uniform.variance - 0.75) < 0.03)
        let normal = moments { random.normal() }
        #expect(abs(normal.mean) < 0.03 && abs(normal.variance - 1) < 0.05)
        // Shape 2 and scale 0.05: mean 0.1, variance 0.005.
        let gamma = moments { random.gammaOfShape2(scale: 0.05) }
        #expect(abs(gamma.mean - 0.1) < 0.003 && abs(gamma.variance - 0.005) < 0.0005)
    }
}
