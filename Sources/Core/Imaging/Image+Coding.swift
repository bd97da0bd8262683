extension Image {
    /// Decodes a JPEG or PNG file.
    ///
    /// Grey becomes three equal channels, 16-bit samples are rounded to 8, palettes are looked up, transparent pixels
    /// are composited on black, the orientation in EXIF is applied, colour profiles are ignored. A file that the
    /// decoder so much as warns about is refused: half a picture must not be judged. Zero bytes after the end of the
    /// picture are accepted (cameras pad), and after a JPEG further JPEGs (the multi-picture format of phones); nothing
    /// else is.
    ///
    /// - Throws: `ImageError`; the cases about files excepted.
    package init(decoding bytes: [UInt8], limits: ImageLimits = .standard) throws(ImageError) {
        self = try StoredFile(reading: bytes, limits: limits).image(of: nil, atLeast: nil)
    }
}

extension Image {
    /// The picture as a baseline JPEG file.
    ///
    /// - Parameters:
    ///   - qualityPercent: 1 to 100.
    ///   - fullChroma: whether colour keeps its full resolution (4:4:4) or is halved both ways (4:2:0).
    /// - Precondition: no side is longer than 65500, the format's limit.
    package func jpegBytes(qualityPercent: Int, fullChroma: Bool = false) -> [UInt8] {
        JPEG.encode(self, qualityPercent: qualityPercent, fullChroma: fullChroma)
    }

    /// The picture as a PNG file, compressed lightly: it is made while the line runs.
    package func pngBytes() -> [UInt8] {
        PNG.encode(self)
    }
}
