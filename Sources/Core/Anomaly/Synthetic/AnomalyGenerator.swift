/// Ways to draw an anomaly into a normal picture.
package enum AnomalyGenerator: String, Codable, Sendable, CaseIterable {
    /// 1 to 4 rectangles of random values (CLIP-FSAC++, figure 3a).
    case perturbation
    /// Natural synthetic anomalies (Schlueter et al., ECCV 2022): two patches of the picture, pasted elsewhere without seams.
    case nsa
    /// A patch or a scar of the picture, pasted elsewhere with its edges (Li et al., CVPR 2021).
    case cutPaste = "cutpaste"
    /// A spot with the outline of Perlin noise and another texture (after DRAEM, Zavrtanik et al., ICCV 2021).
    case perlin

    /// The picture with an anomaly.
    ///
    /// A draw that nobody could see (a patch of an even background pasted on the same background) is drawn again, at most
    /// seven times; then the one that changed the most is taken.
    ///
    /// The time is that of the pixels that change and of one copy of the picture: a few milliseconds for 448 x 448. Give it
    /// pictures about as large as the network's input.
    ///
    /// - Parameters:
    ///   - image: a normal picture.
    ///   - source: another normal picture for the textures of `perlin`; nil is `image`.
    ///   - foreground: where the object is in `image`; nil puts anomalies anywhere.
    ///   - strength: 0 (small and faint) ... 1 (as large and opaque as in the papers).
    /// - Precondition: both sides of both pictures have 8 pixels or more; `strength` is 0...1.
    package func anomaly(
        on image: Image, source: Image? = nil, foreground: ForegroundMask? = nil, strength: Float = 1,
        using random: inout SplitMix64
    ) -> SyntheticAnomaly {
        let source = source ?? image
        precondition(
            min(image.height, image.width, source.height, source.width) >= 8 && (0...1).contains(strength),
            "anomaly of strength \(strength) on [\(image.height), \(image.width)]")
        var best = drawn(on: image, source, foreground, strength, &random)
        var attempts = 1
        while best.meanChange < Self.visibleChange && attempts < 8 {
            let next = drawn(on: image, source, foreground, strength, &random)
            if next.meanChange > best.meanChange { best = next }
            attempts += 1
        }
        return SyntheticAnomaly(image: best.image, mask: best.mask)
    }

    /// Grey levels by which the pixels of an anomaly change in the mean; fewer are lost in a camera's noise.
    private static let visibleChange: Float = 4

    private func drawn(
        on image: Image, _ source: Image, _ foreground: ForegroundMask?, _ strength: Float, _ random: inout SplitMix64
    ) -> AnomalyCanvas {
        var canvas = AnomalyCanvas(image, foreground: foreground)
        switch self {
        case .perturbation: canvas.perturb(strength: strength, using: &random)
        case .nsa: canvas.pasteSeamlessly(strength: strength, using: &random)
        case .cutPaste: canvas.cutAndPaste(strength: strength, using: &random)
        case .perlin: canvas.blendTexture(from: source, strength: strength, using: &random)
        }
        return canvas
    }
}
