import Core
import Foundation
import Testing

/// A round part with a pattern on a grained table, drawn by seeded code.
private struct Scene {
    var seed: UInt64 = 1
    /// Where the part and the table are moved to, as a share of the width.
    var right = 0.0
    var gains = SIMD3<Float>(repeating: 1)
    /// A square of this share of the width, in a colour that is not in the picture.
    var defect = 0.0

    func image(height: Int = 300, width: Int = 400) -> Image {
        var random = SplitMix64(seed: seed)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(height * width * 3)
        let moved = Float(right * Double(width))
        let side = Int(defect * Double(width))
        for row in 0..<height {
            for column in 0..<width {
                let (x, y) = (Float(column) - moved, Float(row))
                let isPart = hypot(x - 190, y - 160) < 90
                let grain = 12 * sin(x * 1.7 + sin(y * 0.9) * 3) + 10 * sin(y * 1.3 + x * 0.4)
                let pattern = isPart ? 60 + 25 * sin(x * 0.25) * cos(y * 0.31) : 20 * sin(x * 0.02) * cos(y * 0.027)
                let level = 90 + grain + pattern + Float.random(in: -4..<4, using: &random)
                let isDefect = (100..<100 + side).contains(row) && (150..<150 + side).contains(column)
                let colour = isDefect ? SIMD3<Float>(250, 10, 10) : SIMD3(level, level * 0.9, level * 0.7) * gains
                for channel in 0..<3 { pixels.append(UInt8(min(max(colour[channel], 0), 255))) }
            }
        }
        return Image(height: height, width: width, pixels: pixels)
    }
}

extension Image {
    /// Smoothed with a Gaussian of `sigma` pixels, one axis after the other; the border repeats.
    fileprivate func blurred(sigma: Float) -> Image {
        let radius = Int(3 * sigma)
        let kernel = (-radius...radius).map { exp(-Float($0 * $0) / (2 * sigma * sigma)) }
        let total = kernel.reduce(0, +)
        func pass(_ pixels: [UInt8], _ isAcross: Bool) -> [UInt8] {
            pixels.indices.map { index in
                let (row, column, channel) = (index / 3 / width, index / 3 % width, index % 3)
                var sum: Float = 0
                for (tap, weight) in kernel.enumerated() {
                    let step = tap - radius
                    let y = isAcross ? row : min(max(row + step, 0), height - 1)
                    let x = isAcross ? min(max(column + step, 0), width - 1) : column
                    sum += weight * Float(pixels[(y * width + x) * 3 + channel])
                }
                return UInt8((sum / total).rounded())
            }
        }
        return Image(height: height, width: width, pixels: pass(pass(pixels, true), false))
    }
}

@Suite struct SceneTests {
    private static let shots = (1...3).map { Scene(seed: $0, right: 0.002 * Double($0)).image() }
    private static let monitor = SceneMonitor(SceneStatistics(shots: shots))

    private func found(_ scene: Scene) -> SceneShift? { Self.monitor.shift(of: scene.image()) }

    @Test func aGoodPartIsNoShift() {
        for seed in 10..<14 as Range<UInt64> { #expect(found(Scene(seed: seed)) == nil) }
    }

    @Test(arguments: [(1.3, "+"), (0.7, "-")] as [(Float, String)])
    func anotherBrightnessIsNamed(gain: Float, sign: String) throws {
        let shift = try #require(found(Scene(seed: 10, gains: .init(repeating: gain))))
        #expect(shift.changes.first?.quality == .brightness)
        #expect(
            shift.description.hasPrefix("brightness \(sign)2") || shift.description.hasPrefix("brightness \(sign)3"))
        #expect(!shift.changes.contains { [.sharpness, .position].contains($0.quality) }, "\(shift)")
    }

    @Test func anotherColourIsNamed() throws {
        let shift = try #require(found(Scene(seed: 10, gains: .init(1.2, 1, 0.85))))
        #expect(Set(shift.changes.map(\.quality)) == [.red, .blue], "\(shift)")
        #expect(
            shift.description.contains("red against green +1") && shift.description.contains("blue against green -1"))
    }

    @Test func aBlurIsNamed() throws {
        let shift = try #require(Self.monitor.shift(of: Scene(seed: 10).image().blurred(sigma: 2)))
        #expect(shift.changes.map(\.quality) == [.sharpness], "\(shift)")
        #expect(shift.description.hasPrefix("fine detail -"))
    }

    @Test(arguments: [0.05, -0.05])
    func anotherPositionIsNamed(right: Double) throws {
        let shift = try #require(found(Scene(seed: 10, right: right)))
        #expect(shift.changes.map(\.quality) == [.position], "\(shift)")
        // The shots lie 0.4 % to the right on average.
        #expect(shift.description.contains(right > 0 ? "to the right" : "to the left"))
        #expect(shift.description.hasPrefix("position 4.") || shift.description.hasPrefix("position 5."), "\(shift)")
    }

    @Test(arguments: [0.05, 0.12, 0.25])
    func aDefectIsNoShift(share: Double) {
        #expect(found(Scene(seed: 10, defect: share)) == nil)
    }

    @Test func severalChangesAreNamedTheLargestFirst() throws {
        let shift = try #require(found(Scene(seed: 10, right: 0.03, gains: .init(repeating: 1.6))))
        #expect(shift.changes.map(\.quality) == [.brightness, .position], "\(shift)")
        #expect(shift.changes[0].excess > shift.changes[1].excess && shift.changes[1].excess > 1)
    }

    @Test func oneShotSaysNothingOfThePosition() {
        let monitor = SceneMonitor(SceneStatistics(shots: [Scene(seed: 1).image()]))
        #expect(monitor.shift(of: Scene(seed: 10, right: 0.1).image()) == nil)
        #expect(monitor.shift(of: Scene(seed: 10, gains: .init(repeating: 1.4)).image()) != nil)
    }

    @Test func partsThatLieAnywhereMayLieElsewhere() {
        let shots = [0.0, 0.12, -0.15].enumerated().map { Scene(seed: UInt64($0), right: $1).image() }
        let monitor = SceneMonitor(SceneStatistics(shots: shots))
        #expect(monitor.shift(of: Scene(seed: 10, right: 0.2).image()) == nil)
    }

    @Test func shotsThatDifferWidenWhatIsTolerated() {
        let shots = [1, 1.25, 0.8].enumerated().map { Scene(seed: UInt64($0), gains: .init(repeating: $1)).image() }
        let monitor = SceneMonitor(SceneStatistics(shots: shots))
        #expect(monitor.shift(of: Scene(seed: 10, gains: .init(repeating: 1.3)).image()) == nil)
    }

    @Test func aSmallPictureIsLookedAtToo() {
        let shot = Scene(seed: 1).image(height: 7, width: 3)
        #expect(SceneMonitor(SceneStatistics(shots: [shot])).shift(of: shot) == nil)
    }

    @Test func theStatisticsAreKeptWithTheModel() throws {
        let folder = try ScratchFolder()
        let shots = try (0..<2).map(MadeUpPart.shot)
        let model = try FittedModel.fit(
            shots: shots, extractors: madeUpSource(), settings: .memory(layers: [1], rotations: 1))
        let scene = try #require(model.scene)
        try model.save(to: folder.path)
        #expect(try FittedModel.load(from: folder.path).scene == scene)
        // A model of an older version has none.
        let saved = try JSONSerialization.jsonObject(with: Data(folder.document()))
        var document = try #require(saved as? [String: Any])
        document["scene"] = nil
        try folder.seal([UInt8](JSONSerialization.data(withJSONObject: document)))
        #expect(try FittedModel.load(from: folder.path).scene == nil)
        document["scene"] = ["levels": [1]]
        try folder.seal([UInt8](JSONSerialization.data(withJSONObject: document)))
        #expect(throws: FitError.self) { try FittedModel.load(from: folder.path) }
    }
}
