import Core
import Foundation
import Testing

/// Real pictures in MVTec AD's layout, where there are any: FSAC_DATA, or `shared/data` beside the checkout.
private let pictures: String = {
    let beside = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../../../../shared/data"
    return ProcessInfo.processInfo.environment["FSAC_DATA"] ?? beside
}()
private let hasPictures = ["bottle", "cookie"].allSatisfy {
    FileManager.default.fileExists(atPath: "\(pictures)/\($0)/train/good")
}

@Suite struct ForegroundEstimateTests {
    /// A disc with a dark middle on an even ground, both with some noise, and a dark crumb.
    private func disc(_ ground: UInt8, _ object: UInt8, seed: UInt64, centre: (Double, Double), radius: Double) -> Image
    {
        var random = SplitMix64(seed: seed)
        var pixels: [UInt8] = []
        for row in 0..<150 {
            for column in 0..<200 {
                let distance = hypot(Double(row) - centre.0, Double(column) - centre.1)
                let isCrumb = (10..<14).contains(row) && (180..<184).contains(column)
                let shade = distance < radius / 3 || distance > radius ? ground : object
                let noise = Int.random(in: -8...8, using: &random)
                let value = UInt8(min(max(Int(isCrumb ? object : shade) + noise, 0), 255))
                pixels += [value, value, value]
            }
        }
        return Image(height: 150, width: 200, pixels: pixels)
    }

    @Test(arguments: [(230, 60), (30, 140), (110, 200)] as [(UInt8, UInt8)])
    func anObjectOnADarkOrBrightGroundIsFoundWithItsHole(_ ground: UInt8, _ object: UInt8) throws {
        let shots = (0..<3).map {
            disc(ground, object, seed: $0, centre: (70, 90 + 8 * Double($0)), radius: 45)
        }
        let estimate = ForegroundEstimate(shots: shots)
        let mask = try #require(estimate.mask(of: shots[1]))
        // A disc of radius 45 is 21 % of the picture; the mask reaches some pixels farther.
        #expect((0.2...0.34).contains(mask.share), "\(mask.share)")
        func share(_ row: Int, _ column: Int) -> Float {
            mask.share(of: PixelRectangle(x: column, y: row, width: 1, height: 1), height: 15, width: 20)
        }
        #expect(share(7, 9) == 1, "the hole belongs to the object")
        #expect(share(0, 0) == 0 && share(1, 18) == 0, "neither a corner nor a crumb does")
    }

    @Test func aTextureHasNoForeground() {
        let shots = (0..<3).map { MadeUpPart.picture($0, height: 120, width: 120) }
        #expect(ForegroundEstimate(shots: shots) == .none)
        #expect(ForegroundEstimate(shots: []) == .none)
        let even = Image(height: 40, width: 40, pixels: [UInt8](repeating: 90, count: 4800))
        #expect(ForegroundEstimate(shots: [even]) == .none)
    }

    @Test func aPictureWithoutTheObjectHasNoMask() {
        let estimate = ForegroundEstimate(shots: [disc(230, 60, seed: 1, centre: (75, 100), radius: 50)])
        let empty = Image(height: 60, width: 60, pixels: [UInt8](repeating: 230, count: 10_800))
        #expect(estimate != .none)
        #expect(estimate.mask(of: empty) == nil)
    }

    @Test(
        .enabled(if: hasPictures, "no pictures: set FSAC_DATA"),
        arguments: [("bottle", 0.55...0.8), ("cookie", 0.15...0.5)] as [(String, ClosedRange<Float>)])
    func realPartsAreToldFromTheirBackground(_ name: String, _ shares: ClosedRange<Float>) throws {
        let folder = "\(pictures)/\(name)/train/good"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().prefix(6)
        let shots = try names.map { try Picture(.file, bytes: ImageFile.read(path: "\(folder)/\($0)")).image() }
        // The last two are not among those that the estimate is made of.
        let estimate = ForegroundEstimate(shots: Array(shots.prefix(4)))
        for shot in shots {
            let mask = try #require(estimate.mask(of: shot))
            #expect(shares.contains(mask.share), "\(mask.share)")
            let (row, column) = (mask.rows / 2, mask.columns / 2)
            #expect(mask.isForeground[row * mask.columns + column] && !mask.isForeground[0])
        }
    }
}
