extension Picture {
    /// Of the picture as it is to be seen: of a file from its header, after the orientation in EXIF; of others as declared.
    ///
    /// - Throws: `ImageError`: a file's header is damaged or refused, or the size is outside of the limits.
    package func size() throws(ImageError) -> (height: Int, width: Int) {
        switch encoding {
        case .file:
            return try StoredFile(reading: bytes, limits: .standard).uprightSize
        case .motionJPEG(let height, let width), .raw(_, let height, let width, _):
            try ImageLimits.standard.checkSize(height: height, width: width)
            return (height, width)
        }
    }

    /// Decodes a window of the picture, reduced on the way.
    ///
    /// The picture is reduced by the largest of 1, 2, 4 and 8 that leaves both sides of the result at least `side`: JPEG by
    /// smaller inverse transforms, everything else by the mean of each block, rounded once. Blocks are counted from the
    /// stored picture's corner and `roi` is rounded inwards to whole ones, so that nothing outside of it is seen; at the
    /// picture's far borders the last block may be cut. Hence a side of `n` pixels from `start` on becomes
    /// `(start + n) / factor`, rounded down (up at the far border), less `start / factor`, rounded up.
    ///
    /// The whole picture is checked whatever the window: a frame that the JPEG decoder so much as warns about, a frame whose
    /// header says another size than was declared, and raw pixels that are too few are errors.
    ///
    /// - Parameters:
    ///   - roi: in pixels of the picture as it is to be seen; nil is the whole.
    ///   - side: nil is full size.
    /// - Throws: `ImageError`; the cases about paths excepted.
    /// - Precondition: `side` is positive.
    package func image(of roi: PixelRectangle? = nil, atLeast side: Int? = nil) throws(ImageError) -> Image {
        precondition(side ?? 1 > 0, "picture: reduced to a side of \(side ?? 0)")
        guard encoding != .file else {
            return try StoredFile(reading: bytes, limits: .standard).image(of: roi, atLeast: side)
        }
        let size = try size()
        // Of compressed bytes: raw ones are as many as the size says.
        if case .motionJPEG = encoding { try ImageLimits.standard.checkBytes(bytes.count) }
        let rectangle = try Self.checked(roi, in: size)
        let window = PictureWindow(of: rectangle, height: size.height, width: size.width, atLeast: side)
        switch encoding {
        case .file, .motionJPEG:
            return try JPEGFrame(reading: bytes, height: size.height, width: size.width).image(of: window)
        case .raw(let format, let height, let width, let bytesPerRow):
            return try RawPicture.decode(
                bytes, format, height: height, width: width, bytesPerRow: bytesPerRow, window: window)
        }
    }

    /// The picture as a file for people and for other programs: a file as it came, a frame of Motion JPEG as a complete
    /// JPEG (with the standard Huffman tables if it came without, and without a driver's padding), raw pixels as a JPEG.
    ///
    /// - Parameter qualityPercent: of the JPEG made from raw pixels, 1 to 100.
    /// - Throws: `ImageError`, when the markers of a frame are damaged, or raw pixels are too few.
    package func storable(qualityPercent: Int) throws(ImageError) -> [UInt8] {
        switch encoding {
        case .file:
            return bytes
        case .motionJPEG(let height, let width):
            return try JPEGFrame(reading: bytes, height: height, width: width).file
        case .raw:
            return try image().jpegBytes(qualityPercent: qualityPercent)
        }
    }

    static func checked(
        _ roi: PixelRectangle?, in size: (height: Int, width: Int)
    ) throws(ImageError) -> PixelRectangle {
        let rectangle = roi ?? PixelRectangle(wholeOf: size)
        guard rectangle.lies(inHeight: size.height, width: size.width) else {
            throw .regionOutside(rectangle, height: size.height, width: size.width)
        }
        return rectangle
    }
}
