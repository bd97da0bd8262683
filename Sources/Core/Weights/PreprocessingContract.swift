public enum ResampleFilter: String, Codable, Sendable { case bicubic, bilinear }

public struct Preprocessing: Codable, Sendable, Equatable {
    public var mean: [Float]
    public var std: [Float]
    public var interpolation: ResampleFilter

    public init(mean: [Float], std: [Float], interpolation: ResampleFilter) {
        self.mean = mean
        self.std = std
        self.interpolation = interpolation
    }
}
