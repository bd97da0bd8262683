import Platform

/// One normal image of a recipe. The picture is read as it came whenever it is looked at, in any input size.
package struct Shot: Sendable {
    /// SHA-256 of the picture's bytes as they came, in hexadecimal.
    package let sha256: String
    /// The same each time.
    private let read: @Sendable () throws(ImageError) -> Picture
    /// What of the picture is inspected.
    package let area: InspectionArea
    /// The size of the whole picture.
    package let frame: PixelSize
    /// Whether it is NG or uncertain by a model of other shots, and a person said that it is good; see ``OddShots``.
    package var isDoubted = false

    /// A picture in memory.
    ///
    /// - Parameter sha256: of the picture's bytes; nil computes it.
    /// - Throws: `ImageError` when the size cannot be told.
    package init(sha256: String? = nil, picture: Picture, area: InspectionArea = .wholeFrame) throws(ImageError) {
        try self.init(sha256: sha256 ?? hexadecimal(SHA256.digest(of: picture.bytes)), area: area) { picture }
    }

    /// A picture that is not kept in memory: hundreds of shots would be gigabytes.
    ///
    /// - Throws: what `read` throws; `ImageError` when the size cannot be told.
    package init(
        sha256: String, area: InspectionArea, read: @escaping @Sendable () throws(ImageError) -> Picture
    ) throws(ImageError) {
        let size = try read().size()
        self.sha256 = sha256
        self.read = read
        self.area = area
        frame = PixelSize(height: size.height, width: size.width)
    }

    /// What a model with this input sees of the picture, decoded as ``InspectionArea/image(of:inputSize:)`` does for pictures
    /// that are judged.
    ///
    /// - Throws: `ImageError`, `regionOutside` among it.
    package func image(inputSize: Int) throws(ImageError) -> Image {
        try area.image(of: read(), inputSize: inputSize)
    }
}

extension InspectionArea {
    /// What a model sees of a picture: the region of interest, reduced as far as its input allows. Shots and pictures that
    /// are judged must be decoded alike.
    ///
    /// What is ignored is painted over with the mean colour of what is inspected: a backbone's features reach far beyond
    /// their patch, so that what may be there would otherwise change the scores around it. Mean grey level and scores depend
    /// on inspected pixels only.
    ///
    /// - Throws: `ImageError`, `regionOutside` among it.
    package func image(of picture: Picture, inputSize: Int) throws(ImageError) -> Image {
        let image = try picture.image(of: roi, atLeast: inputSize)
        guard !ignore.isEmpty else { return image }
        let size = try picture.size()
        return hidingIgnored(in: image, showing: rectangle(in: PixelSize(height: size.height, width: size.width)))
    }

    private func hidingIgnored(in image: Image, showing window: PixelRectangle) -> Image {
        var isIgnored = [Bool](repeating: false, count: image.height * image.width)
        forEachIgnoredRun(of: window, height: image.height, width: image.width) { row, columns in
            for column in columns { isIgnored[row * image.width + column] = true }
        }
        var (sums, count) = (SIMD3<UInt64>.zero, UInt64.zero)
        var hidden = image
        hidden.pixels.withUnsafeMutableBufferPointer { pixels in
            for (pixel, ignored) in isIgnored.enumerated() where !ignored {
                for channel in 0..<3 { sums[channel] &+= UInt64(pixels[pixel * 3 + channel]) }
                count += 1
            }
            let half = SIMD3(repeating: count / 2)
            let mean = count > 0 ? (sums &+ half) / SIMD3(repeating: count) : .zero
            for (pixel, ignored) in isIgnored.enumerated() where ignored {
                for channel in 0..<3 { pixels[pixel * 3 + channel] = UInt8(mean[channel]) }
            }
        }
        return hidden
    }
}
