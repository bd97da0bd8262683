internal import Glibc

extension AnomalyCanvas {
    /// A patch or, as often, a scar: a piece of the picture with slightly other colours, pasted elsewhere with its edges.
    ///
    /// - SeeAlso: Li et al., "CutPaste: Self-supervised learning for anomaly detection and localization", CVPR 2021,
    ///   appendix. Scars are turned by any angle here, in the paper by at most 45 degrees; what is pasted may be turned by
    ///   quarters or mirrored here, because a texture's places differ in nothing else.
    mutating func cutAndPaste(strength: Float, using random: inout SplitMix64) {
        if Bool.random(using: &random) {
            pastePatch(strength: strength, using: &random)
        } else {
            pasteScar(strength: strength, using: &random)
        }
    }

    /// 2 % to 15 % of the picture (less when weak), sides in a proportion of up to 3.3.
    private mutating func pastePatch(strength: Float, using random: inout SplitMix64) {
        let area = random.uniform(0.002 + 0.018 * strength...0.01 + 0.14 * strength)
        let proportion = exp(random.uniform(-1.2...1.2))
        let height = (area * proportion).squareRoot() * Float(image.height)
        let width = (area / proportion).squareRoot() * Float(image.width)
        paste(
            height: min(max(Int(height), 2), image.height), width: min(max(Int(width), 2), image.width),
            strength: strength, using: &random)
    }

    /// 2/256 to 16/256 of the picture's side wide, 10/256 to 60/256 long.
    private mutating func pasteScar(strength: Float, using random: inout SplitMix64) {
        let breadth = max(length(2 / 256...16 / 256, strength: strength, using: &random), 1.5)
        let length = max(length(10 / 256...60 / 256, strength: strength, using: &random), 4)
        let angle = random.uniform(0...(.pi))
        let (sine, cosine) = (sin(angle), cos(angle))
        let height = min(Int(length * abs(sine) + breadth * abs(cosine)) + 2, image.height)
        let width = min(Int(length * abs(cosine) + breadth * abs(sine)) + 2, image.width)
        var coverage = Matrix(rows: height, columns: width)
        for row in 0..<height {
            for column in 0..<width {
                let (down, across) = (Float(row) - Float(height - 1) / 2, Float(column) - Float(width - 1) / 2)
                let along = length / 2 + 0.5 - abs(across * cosine + down * sine)
                let beside = breadth / 2 + 0.5 - abs(down * cosine - across * sine)
                coverage[row, column] = min(max(min(along, beside), 0), 1)
            }
        }
        paste(height: height, width: width, coverage: coverage, strength: strength, using: &random)
    }

    private mutating func paste(
        height: Int, width: Int, coverage: Matrix? = nil, strength: Float, using random: inout SplitMix64
    ) {
        let orientation = Orientation.drawn(using: &random)
        let stored = orientation.storedSize(height: height, width: width)
        let source = place(
            height: min(stored.height, image.height), width: min(stored.width, image.width), using: &random)
        let target = place(height: height, width: width, using: &random)
        let patch = original.cropped(to: source)
            .resized(height: stored.height, width: stored.width, filter: .bilinear)
            .upright(from: orientation)
            .adjusted(brightness: random.uniform(0.9...1.1), contrast: random.uniform(0.9...1.1))
        lay(patch, coverage: coverage, opacity: Self.opacity(strength), in: target)
    }
}
