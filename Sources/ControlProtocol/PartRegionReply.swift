/// What of each picture a model looks at closely.
package struct PartRegionReply: Codable, Sendable, Equatable {
    package enum Shape: String, Codable, Sendable {
        /// All that is inspected.
        case full
        /// Upright, always in the same place.
        case box
        /// Along the part, wherever it lies and however it is turned.
        case pose
    }

    package var shape: Shape
    /// The size of the pictures that the other numbers refer to: of the region of interest if there is one, and maybe reduced.
    package var pictureHeight: Int
    package var pictureWidth: Int
    /// Of the picture; of a pose from the part's centroid, along its main axis and across it.
    package var left: Double
    package var top: Double
    package var right: Double
    package var bottom: Double
    /// `[x, y, width, height]` in pixels of the frame: what the pictures are of; absent where it is the whole frame.
    package var roi: [Int]?

    package init(
        shape: Shape, pictureHeight: Int, pictureWidth: Int, left: Double, top: Double, right: Double, bottom: Double,
        roi: [Int]?
    ) {
        self.shape = shape
        self.pictureHeight = pictureHeight
        self.pictureWidth = pictureWidth
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom
        self.roi = roi
    }

    private enum CodingKeys: String, CodingKey {
        case shape, left, top, right, bottom, roi
        case pictureHeight = "picture_height"
        case pictureWidth = "picture_width"
    }
}
