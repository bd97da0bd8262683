/// How a backbone wants its pictures; the weights' sidecar says it.
package struct Preprocessing: Codable, Sendable, Equatable {
    /// By channel, of `pixel / 255`.
    package var mean: [Float]
    /// By channel, of `pixel / 255`.
    package var std: [Float]
    package var interpolation: ResampleFilter

    /// - Precondition: three finite means, three positive deviations.
    package init(mean: [Float], std: [Float], interpolation: ResampleFilter) {
        precondition(Self.isValid(mean: mean, std: std), "preprocessing: mean \(mean), std \(std)")
        self.mean = mean
        self.std = std
        self.interpolation = interpolation
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        mean = try container.decode([Float].self, forKey: .mean)
        std = try container.decode([Float].self, forKey: .std)
        interpolation = try container.decode(ResampleFilter.self, forKey: .interpolation)
        guard Self.isValid(mean: mean, std: std) else {
            throw DecodingError.dataCorruptedError(
                forKey: .mean, in: container,
                debugDescription: "expected three means and three positive deviations, got mean \(mean), std \(std)")
        }
    }

    private static func isValid(mean: [Float], std: [Float]) -> Bool {
        mean.count == 3 && std.count == 3 && (mean + std).allSatisfy(\.isFinite) && std.allSatisfy { $0 > 0 }
    }

    /// The backbone's input, `(pixel / 255 - mean) / std`: the whole picture squashed to a square, uncropped.
    ///
    /// - Returns: `[3, size, size]`, one plane a channel.
    package func input(from image: Image, size: Int) -> Tensor {
        input(of: image.resized(height: size, width: size, filter: interpolation))
    }

    /// As ``input(from:size:)``, of a picture that has the input's size already.
    ///
    /// - Returns: `[3, height, width]`.
    package func input(of image: Image) -> Tensor {
        let plane = image.height * image.width
        // A pixel has 256 values: three tables do the arithmetic once.
        let tables = (0..<3).map { channel in
            (0..<256).map { (Float($0) / 255 - mean[channel]) / std[channel] }
        }
        let values = [Float](unsafeUninitializedCapacity: 3 * plane) { values, count in
            count = 3 * plane
            image.pixels.withUnsafeBufferPointer { pixels in
                for (channel, table) in tables.enumerated() {
                    table.withUnsafeBufferPointer { table in
                        for index in 0..<plane {
                            values[channel * plane + index] = table[Int(pixels[index * 3 + channel])]
                        }
                    }
                }
            }
        }
        return Tensor(shape: [3, image.height, image.width], values: values)
    }
}
