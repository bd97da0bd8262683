extension AnomalyCanvas {
    /// 1 to 4 rectangles of random values; half of a side is 1/40 to 1/10 of the picture's.
    ///
    /// - SeeAlso: Zuo et al., CLIP-FSAC++, section III-C. The paper draws the values from a Gaussian, its code uniformly;
    ///   here uniformly.
    mutating func perturb(strength: Float, using random: inout SplitMix64) {
        for _ in 0..<random.integer(1...4) {
            let height = max(2, 2 * Int(length(1 / 40...1 / 10, strength: strength, using: &random)))
            let width = max(2, 2 * Int(length(1 / 40...1 / 10, strength: strength, using: &random)))
            let rectangle = place(height: height, width: width, using: &random)
            lay(
                Image(noiseOfHeight: height, width: width, using: &random), opacity: Self.opacity(strength),
                in: rectangle)
        }
    }
}

extension Image {
    /// A picture of independent, uniform values.
    init(noiseOfHeight height: Int, width: Int, using random: inout SplitMix64) {
        let count = height * width * 3
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count + 8)
        while pixels.count < count {
            withUnsafeBytes(of: random.next().littleEndian) { pixels += $0 }
        }
        self.init(height: height, width: width, pixels: Array(pixels[..<count]))
    }
}
