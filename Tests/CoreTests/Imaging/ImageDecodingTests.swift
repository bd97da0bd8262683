import Core
import Testing

@Suite struct ImageDecodingTests {
    @Test func everyKindOfPictureGivesExactlyTheExpectedPixels() throws {
        let pictures = try ImagingFixtures.pictures(in: "zoo")
        #expect(pictures.count >= 50)
        for name in pictures {
            let image = try Image(decoding: ImagingFixtures.bytes(name))
            #expect(image.height == 20 && image.width == 28, "\(name)")
            #expect(image.pixels == (try ImagingFixtures.bytes(name.dropLast(3) + "rgb")), "\(name)")
        }
    }

    @Test func aPictureCutAnywhereIsRefused() throws {
        for name in try ImagingFixtures.pictures(in: "zoo") {
            let bytes = try ImagingFixtures.bytes(name)
            // The long one is full of text that decoding skips: a few cuts stand for the rest.
            let step = bytes.count > 5000 ? 97 : 1
            for length in stride(from: 0, to: bytes.count, by: step) {
                #expect(throws: ImageError.self, "\(name) cut to \(length)") {
                    try Image(decoding: Array(bytes.prefix(length)))
                }
            }
        }
    }

    @Test func damageNeverCrashesTheDecoder() throws {
        var generator = SplitMix64(seed: 11)
        for name in try ImagingFixtures.pictures(in: "zoo") {
            let bytes = try ImagingFixtures.bytes(name)
            for _ in 0..<40 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let place = Int.random(in: 2..<bytes.count, using: &generator)
                    damaged[place] = UInt8.random(in: 0...255, using: &generator)
                }
                // Accepted or refused: damage in a pixel of a JPEG cannot be told from a picture.
                if case .success(let image) = Result(catching: { try Image(decoding: damaged) }) {
                    #expect(image.pixels.count == image.height * image.width * 3)
                }
            }
        }
    }

    @Test func damagedImageDataOfAPNGIsAlwaysNoticed() throws {
        let bytes = try ImagingFixtures.bytes("zoo/rgb8.png")
        for place in 8..<bytes.count {
            var damaged = bytes
            damaged[place] ^= 0x10
            #expect(throws: ImageError.self, "bit flipped in byte \(place)") { try Image(decoding: damaged) }
        }
    }

    @Test(arguments: ["cmyk", "ycck"]) func fourColourJPEGIsRefusedByName(_ kind: String) throws {
        let what = "\(kind.uppercased()) colour with 4 components"
        #expect(throws: ImageError.unsupported(.jpeg, what: what)) {
            try Image(decoding: ImagingFixtures.bytes("refused/\(kind).jpg"))
        }
    }

    @Test(arguments: [
        ("side1.jpg", 1), ("side1.png", 1), ("side30000.jpg", 30000), ("side30000.png", 30000),
        ("side65500.jpg", 65500),
        ("side2147483647.png", 2_147_483_647),
    ]) func headersWithImpossibleSizesAreRefused(_ name: String, _ side: Int) throws {
        #expect(throws: ImageError.sideOutOfRange(height: side, width: side, allowed: 16...20000)) {
            try Image(decoding: ImagingFixtures.bytes("refused/\(name)"))
        }
    }

    @Test(arguments: ["jpg", "png"]) func headersWithTooManyPixelsAreRefused(_ kind: String) throws {
        #expect(throws: ImageError.tooManyPixels(height: 7000, width: 8000, limit: 50_000_000)) {
            try Image(decoding: ImagingFixtures.bytes("refused/pixels56000000.\(kind)"))
        }
    }

    @Test func aJPEGOfTooManyScansIsRefused() throws {
        #expect(throws: ImageError.tooCostly(.jpeg, reason: "more than 100 scans")) {
            try Image(decoding: ImagingFixtures.bytes("refused/scans101.jpg"))
        }
    }

    @Test func aLargeJPEGMayHaveFewerScans() throws {
        var limits = ImageLimits.standard
        // The fixture has 64 x 64 pixels or so.
        limits.maxScannedPixels = 5 * 64 * 64
        #expect(throws: ImageError.self) {
            try Image(decoding: ImagingFixtures.bytes("refused/scans101.jpg"), limits: limits)
        }
        do { _ = try Image(decoding: ImagingFixtures.bytes("refused/scans101.jpg"), limits: limits) } catch {
            guard case ImageError.tooCostly(.jpeg, let reason) = error else { throw error }
            #expect(reason.hasPrefix("more than") && reason != "more than 100 scans")
        }
    }

    @Test func aJPEGThatNeedsTooMuchMemoryIsRefused() throws {
        var limits = ImageLimits.standard
        limits.maxDecoderBytes = 1000
        #expect(throws: ImageError.tooCostly(.jpeg, reason: "more working memory than allowed")) {
            try Image(decoding: ImagingFixtures.bytes("refused/scans101.jpg"), limits: limits)
        }
    }

    @Test func aFileLargerThanTheLimitIsRefused() throws {
        var limits = ImageLimits.standard
        limits.maxBytes = 99
        #expect(throws: ImageError.tooManyBytes(100, limit: 99)) {
            try Image(decoding: [UInt8](repeating: 0, count: 100), limits: limits)
        }
    }

    @Test func whatIsNoPictureIsNamedByItsFirstBytes() {
        #expect(throws: ImageError.notAnImage(firstBytes: [])) { try Image(decoding: []) }
        #expect(throws: ImageError.notAnImage(firstBytes: Array("GIF89a!!".utf8))) {
            try Image(decoding: Array("GIF89a!!!!".utf8))
        }
        let message = ImageError.notAnImage(firstBytes: [0x47, 0x0A]).description
        #expect(
            message == "image: expected JPEG, PNG, BMP or TIFF, got something that starts with 47 0a; "
                + "save it as one of those")
        #expect(ImageError.notAnImage(firstBytes: Array("RIFF".utf8)).description.contains("WebP"))
    }

    @Test func bytesAfterThePictureAreRefusedUnlessTheyArePaddingOrAFurtherJPEG() throws {
        let jpeg = try ImagingFixtures.bytes("zoo/grey.jpg")
        let png = try ImagingFixtures.bytes("zoo/rgb8.png")
        let plain = try Image(decoding: jpeg)
        #expect(try Image(decoding: jpeg + [0, 0, 0]) == plain)
        #expect(try Image(decoding: jpeg + [0] + jpeg) == plain)
        #expect(try Image(decoding: png + [0, 0]) == Image(decoding: png))
        #expect(throws: ImageError.trailingBytes(.jpeg, count: 3)) { try Image(decoding: jpeg + [0, 1, 2]) }
        #expect(throws: ImageError.trailingBytes(.png, count: png.count)) { try Image(decoding: png + png) }
    }

    @Test func nonsenseInExifLeavesThePictureAsItIs() throws {
        let jpeg = try ImagingFixtures.bytes("zoo/chroma420.jpg")
        let plain = try Image(decoding: jpeg)
        var generator = SplitMix64(seed: 3)
        for length in 0..<120 {
            var tiff: [UInt8] = [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, UInt8(length), 0]
            tiff += (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if length % 3 == 0 { tiff[7] = 0xFF }  // a directory far outside
            let payload = Array("Exif\0\0".utf8) + tiff
            let segment: [UInt8] = [0xFF, 0xE1, 0, UInt8(payload.count + 2)] + payload
            #expect(try Image(decoding: jpeg[..<2] + segment + jpeg[2...]) == plain)
        }
    }

    @Test func aFormatIsKnownByItsFirstBytes() throws {
        #expect(ImageFormat(sniffing: try ImagingFixtures.bytes("zoo/grey.jpg"))?.fileExtension == "jpg")
        #expect(ImageFormat(sniffing: try ImagingFixtures.bytes("zoo/rgb8.png"))?.fileExtension == "png")
        #expect(ImageFormat(sniffing: [0xFF, 0xD8]) == nil)
    }
}

@Suite struct ImageEncodingTests {
    @Test func aPNGComesBackUnchanged() throws {
        for (height, width) in [(16, 16), (17, 40), (63, 21)] {
            let image = noise(height: height, width: width, seed: UInt64(height))
            #expect(try Image(decoding: image.pngBytes()) == image)
        }
    }

    @Test func aJPEGComesBackAlmostUnchangedAndSmallerWithHalvedColour() throws {
        let image = try Image(decoding: ImagingFixtures.bytes("resize/source.png"))
        let full = image.jpegBytes(qualityPercent: 100, fullChroma: true)
        let halved = image.jpegBytes(qualityPercent: 100)
        #expect(halved.count < full.count)
        // Colour conversion and the cosine transform round, three times in all.
        #expect(largestDifference(try Image(decoding: full), image) <= 5)
        #expect(image.jpegBytes(qualityPercent: 50).count < halved.count / 2)
    }
}
