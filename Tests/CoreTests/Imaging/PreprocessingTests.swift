import Core
import Foundation
import Testing

@Suite struct PreprocessingTests {
    @Test func pixelsBecomePlanesOfNormalisedNumbers() {
        let image = Image(height: 2, width: 2, pixels: [0, 51, 255, 255, 0, 0, 102, 0, 0, 0, 255, 51])
        let preprocessing = Preprocessing(mean: [0, 0.2, 0.5], std: [1, 0.5, 0.25], interpolation: .bicubic)
        let input = preprocessing.input(from: image, size: 2)
        #expect(input.shape == [3, 2, 2])
        // red / 1; (green - 0.2) / 0.5; (blue - 0.5) / 0.25
        let expected: [Float] = [0, 1, 0.4, 0, 0, -0.4, -0.4, 1.6, 2, -2, -2, -1.2]
        for (value, wanted) in zip(input.values, expected) { #expect(abs(value - wanted) < 1e-6) }
    }

    @Test func theWholePictureIsSquashedNotCropped() {
        var image = Image(height: 20, width: 60, pixels: [UInt8](repeating: 0, count: 20 * 60 * 3))
        for row in 0..<20 { image.pixels[(row * 60 + 59) * 3] = 255 }  // a red line at the right border
        let input = Preprocessing(mean: [0, 0, 0], std: [1, 1, 1], interpolation: .bilinear).input(
            from: image, size: 20)
        #expect(input.values[19] > 0.2)
        #expect(input.values[17] == 0)
    }

    @Test func theSidecarsFormIsRead() throws {
        let json = #"{"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "interpolation": "bicubic"}"#
        let read = try JSONDecoder().decode(Preprocessing.self, from: Data(json.utf8))
        #expect(read == Preprocessing(mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], interpolation: .bicubic))
        #expect(try JSONDecoder().decode(Preprocessing.self, from: JSONEncoder().encode(read)) == read)
    }

    @Test(arguments: ["[0.5, 0.5]", "[0.5, 0, 0.5]", "[0.5, -1, 0.5]"])
    func deviationsThatCannotBeDividedByAreRefused(_ std: String) {
        let json = #"{"mean": [0.5, 0.5, 0.5], "std": \#(std), "interpolation": "bilinear"}"#
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Preprocessing.self, from: Data(json.utf8)) }
    }
}
