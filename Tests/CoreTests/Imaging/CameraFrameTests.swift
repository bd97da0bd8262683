import Core
import Testing

/// Frames of a camera against other implementations (`Tools/make_camera_fixtures.py`) and against the documented arithmetic.
@Suite struct CameraFrameTests {
    private static let (height, width) = (43, 61)

    private static func fixture(_ name: String) throws -> [UInt8] { try ImagingFixtures.bytes("camera/\(name)") }

    /// The pixels that a frame has when it is reduced by `factor`.
    private func expected(_ name: String, _ factor: Int) throws -> Image {
        var limits = ImageLimits()
        limits.minSide = 1
        return try Image(decoding: try Self.fixture("\(name)-\(factor).png"), limits: limits)
    }

    private func frame(_ name: String) throws -> Picture {
        Picture(.motionJPEG(height: Self.height, width: Self.width), bytes: try Self.fixture("\(name).jpg"))
    }

    /// A side that `factor` reduces to, and not more.
    private func side(_ factor: Int) -> Int { (Self.height + factor - 1) / factor }

    @Test(arguments: PixelFormat.allCases) func uncompressedFramesAreWhatBT601Says(format: PixelFormat) throws {
        let row = (format == .nv12 ? 62 : format.rowBytes(width: Self.width)) + 8
        let picture = Picture(
            .raw(format, height: Self.height, width: Self.width, bytesPerRow: row),
            bytes: try Self.fixture("\(format.rawValue).raw"))
        for factor in [1, 2, 4, 8] {
            let expected = try expected(format.rawValue, factor)
            // Coefficients of 13 bits: a level where the exact value lies close to a half.
            #expect(largestDifference(try picture.image(atLeast: side(factor)), expected) <= 1)
        }
    }

    @Test(arguments: ["chroma422", "chroma420", "chroma444", "grey", "own-tables"])
    func motionJPEGIsReducedAsPillowDoes(name: String) throws {
        let picture = try frame(name)
        for factor in [1, 2, 4, 8] {
            let expected = try expected(name, factor)
            let image = try picture.image(atLeast: side(factor))
            #expect(image.height == expected.height && image.width == expected.width)
            #expect(largestDifference(image, expected) <= 2)
        }
    }

    @Test func aLargeRawFrameIsNoLargeFile() throws {
        // 12 megapixels are 36 MB: more than a file may have.
        let picture = Picture(
            .raw(.rgb24, height: 3000, width: 4000, bytesPerRow: 12_000),
            bytes: [UInt8](repeating: 7, count: 36_000_000))
        #expect(try picture.image(atLeast: 300).pixel(0, 0) == [7, 7, 7])
    }

    @Test func blackWhiteAndRedOfVideo() throws {
        // Y, U, Y, V: black and white; then red (BT.601: Y 81, U 90, V 240) twice.
        let pairs: [UInt8] = [16, 128, 235, 128, 81, 90, 81, 240]
        let picture = Picture(
            .raw(.yuyv, height: 16, width: 16, bytesPerRow: 32),
            bytes: (0..<16).flatMap { _ in pairs + pairs + pairs + pairs })
        let image = try picture.image()
        #expect(image.pixel(3, 4) == [0, 0, 0] && image.pixel(3, 5) == [255, 255, 255])
        #expect(image.pixel(3, 6) == [254, 0, 0] && image.pixel(3, 7) == [254, 0, 0])
        // Of a block of 2 x 2 the mean, Y 125.5: 255 / 219 * 109.5 = 127.5.
        #expect(try picture.image(atLeast: 8).pixel(1, 2) == [128, 128, 128])
    }

    /// The documented arithmetic, pixel by pixel.
    private func reduced(
        _ format: PixelFormat, _ bytes: [UInt8], _ size: (height: Int, width: Int), _ stride: Int,
        _ window: PictureWindow
    ) -> Image {
        func channels(_ row: Int, _ column: Int) -> [Int] {
            let (row, column) = (min(row, size.height - 1), min(column, size.width - 1))
            func at(_ offset: Int) -> Int { Int(bytes[row * stride + offset]) }
            switch format {
            case .yuyv: return [at(column * 2), at(column / 2 * 4 + 1), at(column / 2 * 4 + 3)]
            case .uyvy: return [at(column * 2 + 1), at(column / 2 * 4), at(column / 2 * 4 + 2)]
            case .nv12:
                let chroma = (size.height + row / 2) * stride + column / 2 * 2
                return [at(column), Int(bytes[chroma]), Int(bytes[chroma + 1])]
            case .grey: return [at(column), at(column), at(column)]
            case .rgb24: return [at(column * 3), at(column * 3 + 1), at(column * 3 + 2)]
            case .bgr24: return [at(column * 3 + 2), at(column * 3 + 1), at(column * 3)]
            }
        }
        var pixels: [UInt8] = []
        let n = window.factor * window.factor
        for row in window.rows {
            for column in window.columns {
                var sums = [0, 0, 0]
                for y in 0..<window.factor {
                    for x in 0..<window.factor {
                        let values = channels(row * window.factor + y, column * window.factor + x)
                        for channel in 0..<3 { sums[channel] += values[channel] }
                    }
                }
                if [.yuyv, .uyvy, .nv12].contains(format) {
                    let (y, u, v) = (9539 * (sums[0] - 16 * n), sums[1] - 128 * n, sums[2] - 128 * n)
                    sums = [y + 13075 * v, y - 3209 * u - 6660 * v, y + 16525 * u]
                    let halves = sums.map { Double($0) / Double(8192 * n) + 0.5 }
                    pixels += halves.map { UInt8(min(max($0.rounded(.down), 0), 255)) }
                } else {
                    pixels += sums.map { UInt8(($0 + n / 2) / n) }
                }
            }
        }
        return Image(height: window.rows.count, width: window.columns.count, pixels: pixels)
    }

    @Test(arguments: PixelFormat.allCases) func anyWindowOfAnyUncompressedFrameIsAsDocumented(format: PixelFormat)
        throws
    {
        var seed = SplitMix64(seed: 5)
        for _ in 0..<60 {
            let size = (height: Int.random(in: 16...40, using: &seed), width: Int.random(in: 16...70, using: &seed))
            let stride = max(format.rowBytes(width: size.width), size.width + 1) + Int.random(in: 0...9, using: &seed)
            let bytes = (0..<format.pictureBytes(height: size.height, bytesPerRow: stride)).map { _ in
                UInt8.random(in: 0...255, using: &seed)
            }
            let width = Int.random(in: 1...size.width, using: &seed)
            let height = Int.random(in: 1...size.height, using: &seed)
            let roi = PixelRectangle(
                x: Int.random(in: 0...size.width - width, using: &seed),
                y: Int.random(in: 0...size.height - height, using: &seed), width: width, height: height)
            let side = Int.random(in: 1...20, using: &seed)
            let window = PictureWindow(of: roi, height: size.height, width: size.width, atLeast: side)
            let picture = Picture(
                .raw(format, height: size.height, width: size.width, bytesPerRow: stride), bytes: bytes)
            #expect(try picture.image(of: roi, atLeast: side) == reduced(format, bytes, size, stride, window))
        }
    }

    @Test func aFrameWithoutHuffmanTablesBecomesACompleteFile() throws {
        for name in ["chroma422", "chroma420", "grey", "own-tables"] {
            let picture = try frame(name)
            let file = try picture.storable(qualityPercent: 90)
            #expect(try Image(decoding: file) == picture.image())
            #expect(file.count == picture.bytes.count + (name == "own-tables" ? 0 : 420))
        }
    }

    @Test func whatADriverLeavesBehindAFrameIsIgnored() throws {
        let picture = try frame("chroma422")
        let image = try picture.image()
        for rest in [[0, 0, 0], Array(picture.bytes.prefix(500)), [0xFF, 0xD9, 0xFF, 0xD8]] as [[UInt8]] {
            let padded = Picture(picture.encoding, bytes: picture.bytes + rest)
            #expect(try padded.image() == image)
            #expect(try padded.storable(qualityPercent: 90) == picture.storable(qualityPercent: 90))
        }
    }

    @Test func aFrameCutAnywhereIsRefused() throws {
        let whole = try frame("chroma420")
        for count in 0..<whole.bytes.count {
            let cut = Picture(whole.encoding, bytes: Array(whole.bytes.prefix(count)))
            #expect(throws: ImageError.self) { try cut.image(atLeast: 16) }
            #expect(throws: ImageError.self) { try cut.storable(qualityPercent: 90) }
        }
    }

    @Test func damageOutsideOfTheRegionIsDamage() throws {
        let whole = try frame("chroma422")
        // The last third of the coded data, replaced by nothing: the rows at the top are there.
        let cut = whole.bytes.dropLast(whole.bytes.count / 3) + [0xFF, 0xD9]
        let roi = PixelRectangle(x: 0, y: 0, width: 16, height: 8)
        #expect(try whole.image(of: roi).height == 8)
        #expect {
            try Picture(whole.encoding, bytes: Array(cut)).image(of: roi)
        } throws: { error in
            if case .frameDamaged = error as? ImageError { true } else { false }
        }
    }

    @Test func framesThatCamerasDoNotSendAreRefusedByName() throws {
        #expect(throws: ImageError.frameUnsupported(what: "progressive coding")) { try frame("progressive").image() }
        let other = Picture(.motionJPEG(height: 48, width: 64), bytes: try Self.fixture("grey.jpg"))
        let wrongSize = ImageError.frameSize(
            expectedHeight: 48, expectedWidth: 64, actualHeight: Self.height, actualWidth: Self.width)
        #expect(throws: wrongSize) { try other.image() }
        #expect(
            "\(wrongSize)" == "image: frame of the camera: expected 64 x 48 pixels, got 61 x 43; reconnect the camera")
    }

    @Test func uncompressedFramesThatAreTooShortAreRefused() throws {
        func raw(_ format: PixelFormat, bytesPerRow: Int, count: Int) -> Picture {
            Picture(
                .raw(format, height: 17, width: 19, bytesPerRow: bytesPerRow),
                bytes: [UInt8](repeating: 0, count: count))
        }
        for format in PixelFormat.allCases {
            let row = format == .nv12 ? 20 : format.rowBytes(width: 19)
            let count = format.pictureBytes(height: 17, bytesPerRow: row)
            #expect(throws: Never.self) { try raw(format, bytesPerRow: row, count: count).image() }
            let short = ImageError.frameCutShort(format, expectedBytes: count, actualBytes: count - 1)
            #expect(throws: short) { try raw(format, bytesPerRow: row, count: count - 1).image() }
            #expect(throws: short) { try raw(format, bytesPerRow: row, count: count - 1).storable(qualityPercent: 90) }
            let narrow = ImageError.frameRows(format, width: 19, expectedBytes: row, actualBytes: row - 1)
            #expect(throws: narrow) { try raw(format, bytesPerRow: row - 1, count: count).image() }
            #expect(throws: ImageError.self) { try raw(format, bytesPerRow: .max, count: count).image() }
            #expect(throws: ImageError.self) { try raw(format, bytesPerRow: -4, count: count).image() }
        }
    }

    @Test func anUncompressedFrameIsStoredAsAJPEG() throws {
        let picture = Picture(
            .raw(.grey, height: 16, width: 24, bytesPerRow: 24), bytes: [UInt8](repeating: 90, count: 384))
        let image = try Image(decoding: picture.storable(qualityPercent: 90))
        #expect(image == Image(height: 16, width: 24, pixels: [UInt8](repeating: 90, count: 1152)))
    }
}
