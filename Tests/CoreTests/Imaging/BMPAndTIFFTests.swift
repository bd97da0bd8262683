import Core
import Testing

@Suite struct BMPAndTIFFTests {
    @Test func everyKindGivesExactlyTheExpectedPixels() throws {
        let pictures = try ImagingFixtures.pictures(in: "formats")
        #expect(pictures.count >= 20)
        for name in pictures {
            let image = try Image(decoding: ImagingFixtures.bytes(name))
            #expect(image.height == 20 && image.width == 28, "\(name)")
            #expect(image.pixels == (try ImagingFixtures.bytes(name.dropLast(3) + "rgb")), "\(name)")
        }
    }

    @Test func aWindowOfThemIsCutAndReducedAsOfAPNG() throws {
        let roi = PixelRectangle(x: 3, y: 5, width: 21, height: 13)
        for name in try ImagingFixtures.pictures(in: "formats") {
            let picture = Picture(.file, bytes: try ImagingFixtures.bytes(name))
            let same = Picture(.file, bytes: try picture.image().pngBytes())
            for side in [nil, 3, 6, 13] as [Int?] where !name.contains("turned") || side == nil {
                #expect(
                    try picture.image(of: roi, atLeast: side) == same.image(of: roi, atLeast: side),
                    "\(name) \(side ?? 0)")
            }
        }
    }

    @Test func whatIsCutShortIsRefused() throws {
        for name in try ImagingFixtures.pictures(in: "formats") {
            let bytes = try ImagingFixtures.bytes(name)
            // Pixels, or the directory that says where they are, are missing.
            for part in stride(from: 0, to: 9, by: 1) {
                #expect(throws: ImageError.self, "\(name), \(part) tenths of it") {
                    try Image(decoding: Array(bytes.prefix(bytes.count * part / 10)))
                }
            }
        }
    }

    @Test func damageNeverCrashesTheDecoder() throws {
        var generator = SplitMix64(seed: 12)
        for name in try ImagingFixtures.pictures(in: "formats") {
            let bytes = try ImagingFixtures.bytes(name)
            for _ in 0..<200 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    // Most of it at the front, where sizes and places are.
                    let end = Bool.random(using: &generator) ? min(200, bytes.count) : bytes.count
                    let place = Int.random(in: 2..<end, using: &generator)
                    damaged[place] = UInt8.random(in: 0...255, using: &generator)
                }
                if case .success(let image) = Result(catching: { try Image(decoding: damaged) }) {
                    #expect(image.pixels.count == image.height * image.width * 3)
                }
            }
        }
    }

    @Test func kindsThatAreNotReadAreNamed() throws {
        for (name, words) in [
            ("jpeg-in.tif", "compression 7"), ("float.tif", "bits a sample: 32"), ("bits16.bmp", "16 bits"),
        ] {
            let error = #expect(throws: ImageError.self) {
                try Image(decoding: ImagingFixtures.bytes("refused/\(name)"))
            }
            #expect(error?.description.contains(words) == true, "\(name): \(error?.description ?? "")")
        }
        #expect(throws: ImageError.self) { try Image(decoding: ImagingFixtures.bytes("refused/side30000.bmp")) }
    }

    @Test func whatFollowsTheEndOfAJPEGIsLeftOutAndWhatIsCutStaysCut() throws {
        for name in try ImagingFixtures.pictures(in: "zoo") where name.hasSuffix(".jpg") {
            let bytes = try ImagingFixtures.bytes(name)
            for trailer in ["", "\r\n", "vendor data \u{0}\u{1}", String(repeating: "x", count: 5000)] {
                #expect(JPEGTrailer.removed(from: bytes + Array(trailer.utf8)) == bytes, "\(name)")
            }
            for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
                let cut = Array(bytes.prefix(length))
                #expect(JPEGTrailer.removed(from: cut) == cut, "\(name) cut to \(length)")
            }
        }
    }
}
