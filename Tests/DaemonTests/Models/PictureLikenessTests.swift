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

    private func same(_ one: Image, _ other: Image) -> Bool {
        PictureLikeness(of: one).isSamePicture(as: PictureLikeness(of: other))
    }

    @Test(arguments: [95, 85]) func aPictureSavedAgainIsTheSame(quality: Int) throws {
        #expect(same(picture(), try Image(decoding: picture().jpegBytes(qualityPercent: quality))))
        #expect(same(picture(), try Image(decoding: picture().pngBytes())))
    }

    @Test func aDefectOfAFewPixelsMakesAnotherPicture() {
        #expect(!same(picture(), picture(blot: 3)))
    }

    @Test func anotherPlaceAnotherLightAndAnotherShapeAreOtherPictures() {
        #expect(!same(picture(), picture(shift: 4)))
        #expect(!same(picture(), picture().adjusted(brightness: 1.05, contrast: 1)))
        #expect(!same(picture(), picture().resized(height: 180, width: 180, filter: .bilinear)))
    }
}
