/// A box around one connected area whose anomaly is above the limit.
public struct Region: Codable, Sendable, Equatable {
    /// Left edge, in pixels of the inspected picture.
    public var x: Int
    /// Top edge, in pixels of the inspected picture.
    public var y: Int
    public var width: Int
    public var height: Int
    /// The highest anomaly in the area, in the score's unit.
    public var peak: Float

    public init(x: Int, y: Int, width: Int, height: Int, peak: Float) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
        self.peak = peak
    }
}
