import Core
import TestSupport
import Testing

@Suite struct PictureTests {
    private func file(_ name: String) throws -> Picture { Picture(.file, bytes: try ImagingFixtures.bytes(name)) }

    private func cropped(_ image: Image, _ roi: PixelRectangle) -> Image {
        var rows: [UInt8] = []
        for row in roi.y..<roi.y + roi.height {
            let start = (row * image.width + roi.x) * 3
            rows += image.pixels[start..<start + roi.width * 3]
        }
        return Image(height: roi.height, width: roi.width, pixels: rows)
    }

    @Test func aRegionIsThatOfThePictureAsItIsSeen() throws {
        let roi = PixelRectangle(x: 3, y: 5, width: 11, height: 9)
        let names = (1...8).map { "zoo/exif-orientation\($0).jpg" } + ["zoo/orientation6.png", "zoo/progressive.jpg"]
        for name in names {
            let picture = try file(name)
            #expect(try picture.size() == (20, 28))
            #expect(try picture.image(of: roi) == cropped(picture.image(), roi), "\(name)")
        }
    }

    @Test(arguments: [nil, 12, 25, 60])
    func aPNGThatIsReadRowByRowIsTheSameAsItsPixels(side: Int?) throws {
        var random = SplitMix64(seed: 5)
        // Several bands of rows, and a last one that is cut in the middle of a block.
        let (height, width) = (64 * 3 + 13, 101)
        let pixels = (0..<height * width * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
        let file = Picture(.file, bytes: Image(height: height, width: width, pixels: pixels).pngBytes())
        let raw = Picture(.raw(.rgb24, height: height, width: width, bytesPerRow: width * 3), bytes: pixels)
        let regions = [
            nil, PixelRectangle(x: 3, y: 60, width: 90, height: 100),
            PixelRectangle(x: 0, y: 150, width: 101, height: 55),
        ]
        for roi in regions {
            #expect(try file.image(of: roi, atLeast: side) == raw.image(of: roi, atLeast: side))
        }
    }

    @Test func reducedFilesKeepTheirOrientation() throws {
        for orientation in 1...8 {
            let picture = try file("zoo/exif-orientation\(orientation).jpg")
            let (whole, reduced) = (try picture.image(), try picture.image(atLeast: 10))
            #expect(reduced.height == 10 && reduced.width == 14)
            // Close to the means of 2 x 2 pixels, as far as chroma that is halved itself allows.
            let means = try Picture(.file, bytes: whole.pngBytes()).image(atLeast: 10)
            let differences = zip(reduced.pixels, means.pixels).map { abs(Int($0) - Int($1)) }
            #expect(differences.reduce(0, +) < 12 * differences.count)
        }
    }

    @Test func aPNGIsReducedToTheMeansOfItsBlocks() throws {
        var image = noise(height: 16, width: 18, seed: 2)
        for (index, value) in ([1, 2, 2, 4] as [UInt8]).enumerated() {
            image.pixels[(index / 2 * 18 + index % 2) * 3] = value
        }
        let reduced = try Picture(.file, bytes: image.pngBytes()).image(atLeast: 8)
        #expect(reduced.height == 8 && reduced.width == 9)
        #expect(reduced.pixels[0] == 2)  // 9 / 4, rounded
    }

    @Test func aRegionIsRoundedInwardsToWholeBlocks() {
        func window(_ x: Int, _ width: Int, _ side: Int?) -> (Int, Range<Int>) {
            let roi = PixelRectangle(x: x, y: 0, width: width, height: 101)
            let window = PictureWindow(of: roi, height: 101, width: 203, atLeast: side)
            return (window.factor, window.columns)
        }
        #expect(window(0, 203, nil) == (1, 0..<203))
        #expect(window(0, 203, 51) == (2, 0..<102))  // the last block has one column of the picture
        #expect(window(0, 203, 52) == (1, 0..<203))  // 101 rows make 51 blocks
        #expect(window(0, 203, 13) == (8, 0..<26))
        #expect(window(5, 90, 20) == (4, 2..<23))  // columns 8 to 91 of 5 to 94
        #expect(window(5, 198, 20) == (4, 2..<51))  // up to the border
        #expect(window(5, 3, 1) == (2, 3..<4))  // columns 6 and 7
        #expect(window(5, 2, 1) == (1, 5..<7))  // no whole block of 2
    }

    @Test func aRegionOutsideOfThePictureIsRefused() throws {
        for roi in [
            PixelRectangle(x: 18, y: 0, width: 11, height: 9), PixelRectangle(x: 0, y: 12, width: 11, height: 9),
            PixelRectangle(x: -1, y: 0, width: 11, height: 9), PixelRectangle(x: 0, y: 0, width: 0, height: 9),
            PixelRectangle(x: .max, y: 0, width: .max, height: 9),
        ] {
            let refused = ImageError.regionOutside(roi, height: 20, width: 28)
            #expect(throws: refused) { try file("zoo/chroma420.jpg").image(of: roi) }
            #expect(throws: refused) {
                try Picture(
                    .raw(.grey, height: 20, width: 28, bytesPerRow: 28), bytes: [UInt8](repeating: 0, count: 560)
                )
                .image(of: roi)
            }
        }
    }

    @Test func filesAreStoredAsTheyCame() throws {
        let picture = try file("zoo/chroma420.jpg")
        #expect(try picture.storable(qualityPercent: 50) == picture.bytes)
    }

    @Test func declaredSizesAreLimitedAsFilesAre() {
        let tiny = Picture(.raw(.grey, height: 1, width: 1, bytesPerRow: 1), bytes: [0])
        #expect(throws: ImageError.sideOutOfRange(height: 1, width: 1, allowed: 16...20000)) { try tiny.size() }
        #expect(throws: ImageError.self) { try tiny.image() }
        let huge = Picture(.motionJPEG(height: 20_000, width: 20_000), bytes: [])
        #expect(throws: ImageError.tooManyPixels(height: 20_000, width: 20_000, limit: 50_000_000)) { try huge.image() }
    }
}
