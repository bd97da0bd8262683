/// What a picture may cost. Checked on the header, before anything that depends on the picture's size is allocated.
///
/// libjpeg-turbo's authors tell applications to set limits, because a file of a few kilobytes can ask for minutes of
/// work or gigabytes of memory.
package struct ImageLimits: Sendable, Equatable {
    /// Of the compressed file.
    package var maxBytes = 32 << 20
    /// `height * width`.
    package var maxPixels = 50_000_000
    /// Shortest side. A smaller picture shows no part.
    package var minSide = 16
    /// Longest side.
    package var maxSide = 20_000
    /// Scans of one progressive JPEG; ordinary files have about 10.
    package var maxScans = 100
    /// Scans times pixels of one progressive JPEG: the time that it takes.
    package var maxScannedPixels = 600_000_000
    /// What the JPEG decoder may allocate besides the picture, bytes; progressive files need up to 6 bytes a pixel.
    package var maxDecoderBytes = 256 << 20

    package static let standard = ImageLimits()

    package init() {}

    /// Of a progressive JPEG of this size.
    func scans(height: Int, width: Int) -> Int { max(1, min(maxScans, maxScannedPixels / (height * width))) }

    func checkBytes(_ count: Int) throws(ImageError) {
        guard count <= maxBytes else { throw .tooManyBytes(count, limit: maxBytes) }
    }

    func checkSize(height: Int, width: Int) throws(ImageError) {
        guard minSide...maxSide ~= height, minSide...maxSide ~= width else {
            throw .sideOutOfRange(height: height, width: width, allowed: minSide...maxSide)
        }
        guard height * width <= maxPixels else {
            throw .tooManyPixels(height: height, width: width, limit: maxPixels)
        }
    }
}
