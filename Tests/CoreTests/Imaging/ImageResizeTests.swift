import Core
import Testing

@Suite struct ImageResizeTests {
    @Test func resizesEqualPillowsExactly() throws {
        let source = try Image(decoding: ImagingFixtures.bytes("resize/source.png"))
        var compared = 0
        for name in try ImagingFixtures.pictures(in: "resize") where !name.hasSuffix("source.png") {
            let expected = try Image(decoding: ImagingFixtures.bytes(name))
            let filter = try #require(ResampleFilter.allCases.first { name.contains($0.rawValue) })
            let resized = source.resized(height: expected.height, width: expected.width, filter: filter)
            #expect(largestDifference(resized, expected) == 0, "\(name)")
            compared += 1
        }
        #expect(compared == 14)
    }

    @Test func resizesAgreeWithAnUnroundedDoublePrecisionOne() {
        var generator = SplitMix64(seed: 21)
        for seed in 0..<12 {
            let (height, width) = (Int.random(in: 1...60, using: &generator), Int.random(in: 1...60, using: &generator))
            let (rows, columns) = (Int.random(in: 1...60, using: &generator), Int.random(in: 1...60, using: &generator))
            let image = noise(height: height, width: width, seed: UInt64(seed))
            let resized = image.resized(height: rows, width: columns, filter: .bilinear)
            let exact = naiveBilinear(image, rows, columns)
            let difference = zip(resized.pixels, exact).map { abs(Double($0) - $1) }.max() ?? 0
            #expect(difference <= 1.01, "[\(height), \(width)] to [\(rows), \(columns)]")
        }
    }

    /// Every output pixel as one sum over the whole picture: a triangle in each direction, stretched when reducing.
    private func naiveBilinear(_ image: Image, _ rows: Int, _ columns: Int) -> [Double] {
        func weights(_ output: Int, _ outputs: Int, _ inputs: Int) -> [Double] {
            let scale = Double(inputs) / Double(outputs)
            let centre = (Double(output) + 0.5) * scale
            let raw = (0..<inputs).map { max(0, 1 - abs(Double($0) + 0.5 - centre) / max(scale, 1)) }
            return raw.map { $0 / raw.reduce(0, +) }
        }
        var result: [Double] = []
        for row in 0..<rows {
            let vertical = weights(row, rows, image.height)
            for column in 0..<columns {
                let horizontal = weights(column, columns, image.width)
                for channel in 0..<3 {
                    var sum = 0.0
                    for (y, v) in vertical.enumerated() where v > 0 {
                        for (x, h) in horizontal.enumerated() where h > 0 {
                            sum += v * h * Double(image.pixels[(y * image.width + x) * 3 + channel])
                        }
                    }
                    result.append(sum)
                }
            }
        }
        return result
    }

    @Test func twoPixelsGrowIntoARamp() {
        let image = Image(height: 1, width: 2, pixels: [0, 0, 0, 100, 200, 40])
        // Output centres at source 0.25, 0.75, 1.25, 1.75: shares of the right pixel 0, 1/4, 3/4, 1.
        let expected: [UInt8] = [0, 0, 0, 25, 50, 10, 75, 150, 30, 100, 200, 40]
        #expect(image.resized(height: 1, width: 4, filter: .bilinear).pixels == expected)
    }

    @Test(arguments: ResampleFilter.allCases) func anEvenPictureStaysEven(_ filter: ResampleFilter) {
        let image = Image(height: 31, width: 47, pixels: [UInt8](repeating: 255, count: 31 * 47 * 3))
        for (height, width) in [(5, 3), (100, 64), (1, 1), (31, 90)] {
            let resized = image.resized(height: height, width: width, filter: filter)
            #expect(resized.pixels == [UInt8](repeating: 255, count: height * width * 3))
        }
    }

    @Test func theSameSizeIsTheSamePicture() {
        let image = noise(height: 9, width: 14, seed: 5)
        #expect(image.resized(height: 9, width: 14, filter: .bicubic) == image)
    }
}
