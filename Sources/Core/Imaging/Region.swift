/// A box around one connected area whose anomaly is at the limit or above.
package struct Region: Codable, Sendable, Equatable {
    /// Left edge, in pixels of the inspected picture.
    package var x: Int
    /// Top edge, in pixels of the inspected picture.
    package var y: Int
    package var width: Int
    package var height: Int
    /// The highest anomaly in the area, in the score's unit.
    package var peak: Float

    package init(x: Int, y: Int, width: Int, height: Int, peak: Float) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
        self.peak = peak
    }

    /// Of a reduced picture's map, in pixels of the picture, of which the last few may belong to no pixel of the map.
    package func enlarged(by factor: Int, height pictureHeight: Int, width pictureWidth: Int) -> Region {
        Region(
            x: x * factor, y: y * factor, width: min(width * factor, pictureWidth - x * factor),
            height: min(height * factor, pictureHeight - y * factor), peak: peak)
    }
}
