import Core
import Daemon
import Testing

@Suite struct PictureLikenessTests {
    /// A disc on a ground, with a blot of some size.
    private func picture(blot: Int = 0, shift: Int = 0) -> Image {
        var pixels: [UInt8] = []
        for row in 0..<180 {
            for column in 0..<240 {
                let (y, x) = (row - 90, column - 120 - shift)
                var grey = y * y + x * x < 4900 ? 180 - (row + column) % 7 * 4 : 60
                if abs(y) < blot && abs(x) < blot { grey = 10 }
                pixels += [UInt8(grey), UInt8(grey / 2), UInt8(grey)]
            }
        }
        return Image(height: 180, width: 240, pixels: pixels)
    }

    private func same(_ one: Image, _ other: [UInt8]) throws -> Bool {
        let likenesses = try [one.pngBytes(), other].map { try PictureLikeness(of: Picture(.file, bytes: $0)) }
        return likenesses[0].isSamePicture(as: likenesses[1])
    }

    @Test(arguments: [95, 85]) func aPictureSavedAgainIsTheSame(quality: Int) throws {
        #expect(try same(picture(), picture().jpegBytes(qualityPercent: quality)))
        #expect(try same(picture(), picture().pngBytes()))
    }

    @Test func aLargePictureSavedAgainIsTheSameAlthoughJPEGAndPNGAreReducedDifferently() throws {
        let large = picture().resized(height: 2160, width: 2880, filter: .bilinear)
        #expect(try same(large, large.jpegBytes(qualityPercent: 90)))
        #expect(try !same(large, picture(blot: 4).resized(height: 2160, width: 2880, filter: .bilinear).pngBytes()))
    }

    @Test func aDefectOfAFewPixelsMakesAnotherPicture() throws {
        #expect(try !same(picture(), picture(blot: 3).pngBytes()))
    }

    @Test func anotherPlaceAnotherLightAndAnotherShapeAreOtherPictures() throws {
        #expect(try !same(picture(), picture(shift: 4).pngBytes()))
        #expect(try !same(picture(), picture().adjusted(brightness: 1.05, contrast: 1).pngBytes()))
        #expect(try !same(picture(), picture().resized(height: 180, width: 180, filter: .bilinear).pngBytes()))
    }
}
