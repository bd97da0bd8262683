package import Core

/// Whether two pictures are the same one, whatever their files: saved again, with another quality or in another format.
///
/// Compares means over 64 x 64 cells: coding noise averages out there, and what is different in the part does not.
///
/// Not the digest of the bytes: an operator who saves a picture again offers the same part twice, and a fit would take
/// it for two that agree. The reject of an hour ago, saved again, is recognised the same way.
package struct PictureLikeness: Sendable, Equatable {
    private static let side = 64
    /// To which a large picture is reduced while it is decoded: each cell is a mean of 8 x 8 pixels at least.
    private static let decodedSide = 8 * side
    /// Grey levels. Coding again moves the cells' mean difference by half a level, and no cell by many.
    private static let meanDifference = 1.0
    private static let largestDifference = 12

    private let cells: [UInt8]
    private let size: PixelSize

    /// Decodes the whole picture, and has it in memory reduced.
    package init(of picture: Picture) throws(ImageError) {
        let (height, width) = try picture.size()
        let image = try picture.image(atLeast: Self.decodedSide)
        size = PixelSize(height: height, width: width)
        cells = image.resized(height: Self.side, width: Self.side, filter: .bilinear).pixels
    }

    /// The sum of the cells' differences, in grey levels.
    package func difference(from other: PictureLikeness) -> Int {
        zip(cells, other.cells).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    }

    package func isSamePicture(as other: PictureLikeness) -> Bool {
        // Of another shape it shows something else.
        guard abs(size.height * other.size.width - size.width * other.size.height) <= size.width + other.size.width
        else { return false }
        var (sum, largest) = (0, 0)
        for (one, another) in zip(cells, other.cells) {
            let difference = abs(Int(one) - Int(another))
            sum += difference
            largest = max(largest, difference)
        }
        return Double(sum) < Self.meanDifference * Double(cells.count) && largest <= Self.largestDifference
    }
}
