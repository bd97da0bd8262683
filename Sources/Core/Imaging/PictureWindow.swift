/// The piece of a stored picture that is to be decoded, in blocks of `factor` x `factor` pixels.
///
/// Blocks are counted from the stored picture's upper left corner, because a JPEG can be reduced only so. A rectangle is
/// rounded inwards, so that nothing outside of it is seen: the blocks that lie in it as a whole. At the picture's right
/// and lower border the last block may reach beyond it (its missing pixels repeat the border).
package struct PictureWindow: Equatable {
    /// 1, 2, 4 or 8.
    package let factor: Int
    package let rows: Range<Int>
    package let columns: Range<Int>

    /// The largest reduction of `rectangle` that leaves both sides at least `side`; none if `side` is nil.
    ///
    /// - Precondition: the rectangle is not empty and lies inside of the picture.
    package init(of rectangle: PixelRectangle, height: Int, width: Int, atLeast side: Int?) {
        let least = side ?? .max
        func window(_ factor: Int) -> PictureWindow {
            PictureWindow(
                factor: factor,
                rows: Self.blocks(rectangle.y, rectangle.height, factor, of: height),
                columns: Self.blocks(rectangle.x, rectangle.width, factor, of: width))
        }
        let reduced = [8, 4, 2].map(window).first { min($0.rows.count, $0.columns.count) >= least }
        self = reduced ?? window(1)
    }

    init(factor: Int, rows: Range<Int>, columns: Range<Int>) {
        self.factor = factor
        self.rows = rows
        self.columns = columns
    }

    /// Whether it is the whole picture at full size.
    func isWhole(height: Int, width: Int) -> Bool {
        factor == 1 && rows == 0..<height && columns == 0..<width
    }

    private static func blocks(_ start: Int, _ length: Int, _ factor: Int, of total: Int) -> Range<Int> {
        let (first, end) = ((start + factor - 1) / factor, start + length)
        let last = end == total ? (end + factor - 1) / factor : end / factor
        return first..<max(first, last)
    }
}

extension PixelRectangle {
    init(wholeOf size: (height: Int, width: Int)) {
        self.init(x: 0, y: 0, width: size.width, height: size.height)
    }

    /// Whether it is not empty and inside of a picture of this size.
    package func lies(inHeight height: Int, width pictureWidth: Int) -> Bool {
        width > 0 && self.height > 0 && x >= 0 && y >= 0 && x <= pictureWidth - width && y <= height - self.height
    }
}
