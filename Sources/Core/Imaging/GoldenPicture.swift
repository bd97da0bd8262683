extension Image {
    /// A made-up picture that every network says something of: gradients, edges, stripes, colours and noise, and nothing twice.
    /// Always the same bytes.
    package static let golden: Image = {
        let side = 64
        var random = SplitMix64(seed: 9)
        var pixels: [UInt8] = []
        for row in 0..<side {
            for column in 0..<side {
                let isInDisc = (row - 20) * (row - 20) + (column - 40) * (column - 40) < 196
                let stripes = (row + 2 * column) % 16 < 8 ? 60 : 0
                for level in [row * 3, column * 3, isInDisc ? 220 : 40] {
                    let noise = Int(random.next() >> 59)
                    pixels.append(UInt8(min(max(level + stripes + noise - 16, 0), 255)))
                }
            }
        }
        return Image(height: side, width: side, pixels: pixels)
    }()

    /// Light where this one is dark.
    package var negative: Image { Image(height: height, width: width, pixels: pixels.map { 255 - $0 }) }
}
