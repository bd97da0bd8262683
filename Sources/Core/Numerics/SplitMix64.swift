internal import Glibc

/// Random numbers that are the same in every run (SplitMix64; Steele, Lea and Flood 2014).
package struct SplitMix64: RandomNumberGenerator, Sendable, Equatable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// Uniform between the bounds; a multiple of 2^-24 of their distance.
    package mutating func uniform(_ range: ClosedRange<Float> = 0...1) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * Float(next() >> 40) * 0x1p-24
    }

    /// Uniform between the bounds, both included.
    package mutating func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// Normal, mean 0 and deviation 1 (Box and Muller 1958).
    package mutating func normal() -> Float {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }

    /// From the gamma distribution of shape 2: the sum of two exponentials.
    package mutating func gammaOfShape2(scale: Float) -> Float {
        -scale * (log(1 - uniform()) + log(1 - uniform()))
    }
}
