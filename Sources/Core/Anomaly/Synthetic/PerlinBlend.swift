extension AnomalyCanvas {
    /// A ragged spot of another texture, blended in: a piece of a shot, enlarged or reduced, turned and in other colours, or
    /// coloured noise.
    ///
    /// - SeeAlso: Zavrtanik et al., "DRAEM", ICCV 2021, section 3.3: `(1 - M) I + (1 - beta) M A + beta M I`, with beta
    ///   0.1...1 there and `1 - opacity` here. There the mask covers the picture and `A` is from a data set of textures.
    mutating func blendTexture(from source: Image, strength: Float, using random: inout SplitMix64) {
        for _ in 0..<random.integer(1...2) {
            let side = length(0.06...0.4, strength: strength, using: &random)
            let stretch = random.uniform(0.6...1.6).squareRoot()
            let height = min(max(Int(side * stretch), 6), image.height)
            let width = min(max(Int(side / stretch), 6), image.width)
            let spot = Matrix(spotOfHeight: height, width: width, cells: random.integer(1...4), using: &random)
            let texture =
                Bool.random(using: &random)
                ? source.texture(height: height, width: width, using: &random)
                : Image(colouredNoiseOfHeight: height, width: width, using: &random)
            lay(
                texture, coverage: spot, opacity: Self.opacity(strength) * random.uniform(0.6...1),
                in: place(height: height, width: width, using: &random))
        }
    }
}

extension Image {
    /// A piece of the picture at a random place, zoomed 0.5 to 2 times, turned or mirrored, in clearly other brightness or
    /// contrast.
    fileprivate func texture(height: Int, width: Int, using random: inout SplitMix64) -> Image {
        let orientation = Orientation.drawn(using: &random)
        let stored = orientation.storedSize(height: height, width: width)
        let zoom = random.uniform(0.5...2)
        let piece = PixelSize(
            height: min(max(Int(Float(stored.height) / zoom), 2), self.height),
            width: min(max(Int(Float(stored.width) / zoom), 2), self.width))
        let rectangle = PixelRectangle(
            x: random.integer(0...self.width - piece.width), y: random.integer(0...self.height - piece.height),
            width: piece.width, height: piece.height)
        let darker = Bool.random(using: &random)
        return cropped(to: rectangle)
            .resized(height: stored.height, width: stored.width, filter: .bilinear)
            .upright(from: orientation)
            .adjusted(
                brightness: darker ? random.uniform(0.4...0.8) : random.uniform(1.2...1.8),
                contrast: random.uniform(0.5...1.5))
    }

    /// One colour, and some independent noise on all channels together.
    fileprivate init(colouredNoiseOfHeight height: Int, width: Int, using random: inout SplitMix64) {
        let shade = random.uniform(0...255)
        let tint = random.uniform(0...60)
        let colour = (0..<3).map { _ in shade + random.uniform(-tint...tint) }
        let amplitude = random.uniform(0...40)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(height * width * 3)
        for _ in 0..<height * width {
            let noise = random.uniform(-amplitude...amplitude)
            for channel in 0..<3 { pixels.append(UInt8(min(max(colour[channel] + noise, 0), 255))) }
        }
        self.init(height: height, width: width, pixels: pixels)
    }
}
