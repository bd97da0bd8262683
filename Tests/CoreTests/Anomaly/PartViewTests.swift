import Core
import Foundation
import Testing

/// Pictures of a rod with a thick head on a plain ground, 96 x 96 pixels.
enum Rod {
    /// - Parameters:
    ///   - degrees: of the head's direction, clockwise from the right.
    ///   - spot: a green spot of 3 pixels' radius at such a place along the rod, from -28 (tail) to 28.
    ///   - blob: whether something small lies in the upper left corner.
    static func picture(
        _ number: Int, degrees: Double?, at centre: (x: Double, y: Double) = (48, 48), spot: Double? = nil,
        blob: Bool = false
    ) -> Image {
        var seed = SplitMix64(seed: UInt64(number))
        var pixels: [UInt8] = []
        for y in 0..<96 {
            for x in 0..<96 {
                var (level, shades) = (60.0, [1, 0.9, 0.8])
                if let degrees {
                    let angle = degrees * .pi / 180
                    let (dx, dy) = (Double(x) - centre.x, Double(y) - centre.y)
                    let (along, across) = (dx * cos(angle) + dy * sin(angle), dy * cos(angle) - dx * sin(angle))
                    if abs(along) <= 30, abs(across) <= (along > 16 ? 9 : 5) { level = 170 + along }
                    if let spot, hypot(along - spot, across) <= 3 { shades = [0.3, 1, 0.3] }
                }
                if blob, (4..<10).contains(x), (4..<10).contains(y) { level = 230 }
                let noise = Double(seed.integer(-3...3))
                for shade in shades { pixels.append(UInt8(min(max(level * shade + noise, 0), 255))) }
            }
        }
        return Image(height: 96, width: 96, pixels: pixels)
    }

    static func shot(_ image: Image, _ number: Int) throws -> Shot {
        try Shot(
            sha256: "rod-\(number)",
            picture: Picture(
                .raw(.rgb24, height: image.height, width: image.width, bytesPerRow: image.width * 3),
                bytes: image.pixels))
    }
}

/// The fine view of a part that fills the picture only in part.
@Suite struct PartViewTests {
    private func fit(_ pictures: [Image]) throws -> FittedModel {
        try FittedModel.fit(
            shots: pictures.enumerated().map { try Rod.shot($1, $0) }, extractor: madeUpLooker(),
            settings: MethodSettings(method: AutoMethod(), layers: [1, 2]))
    }

    private func score(_ model: FittedModel, _ image: Image) -> ScoreMap {
        model.score(model.features(of: image, by: madeUpLooker()))
    }

    private func turnedRods() throws -> FittedModel {
        try fit([0.0, 40, 95, 160, 230].enumerated().map { Rod.picture($0, degrees: $1) })
    }

    private func uprightRods() throws -> FittedModel {
        try fit((0..<5).map { Rod.picture($0, degrees: 0, at: (58, 52 + Double($0 % 3))) })
    }

    /// Where the map is highest, and that value.
    private func peak(_ model: FittedModel, _ scores: ScoreMap) throws -> (x: Int, y: Int, value: Float) {
        let map = model.anomalyMap(of: scores, height: 96, width: 96)
        let index = try #require(map.values.indices.max { map.values[$0] < map.values[$1] })
        return (index % 96, index / 96, map.values[index])
    }

    @Test func aPartThatLiesInAnyDirectionIsLookedAtAlongItself() throws {
        let model = try turnedRods()
        let region = try #require(model.partRegion)
        guard case .pose = region.shape else {
            Issue.record("\(region)")
            return
        }
        let grid = try #require(model.fineViews.first?.grid)
        #expect(grid.columns > 2 * grid.rows)
        #expect(model.findings.contains { $0.contains("part_not_found") })
        let good = [20.0, 75, 130, 300].map { score(model, Rod.picture(50, degrees: $0)).imageScore }
        let spoilt = score(model, Rod.picture(51, degrees: 75, spot: -15))
        #expect(try spoilt.imageScore > #require(good.max()))
        // In the frame, 15 pixels from the middle towards the tail.
        let (x, y, _) = try peak(model, spoilt)
        #expect(
            hypot(Double(x) - (48 - 15 * cos(75 * .pi / 180)), Double(y) - (48 - 15 * sin(75 * .pi / 180))) < 6,
            "\(x), \(y)")
        let regions = model.regions(in: model.anomalyMap(of: spoilt, height: 96, width: 96), imageScore: .infinity)
        #expect(regions.contains { ($0.x..<$0.x + $0.width).contains(x) && ($0.y..<$0.y + $0.height).contains(y) })
    }

    @Test func aFrameWithoutThePartIsNeverOK() throws {
        let model = try turnedRods()
        let features = model.features(of: Rod.picture(60, degrees: nil), by: madeUpLooker())
        #expect(!model.showsPart(features) && model.accepts(features))
        #expect(model.score(features).imageScore.isReject(at: 100 * model.calibration.limit))
        #expect(model.showsPart(model.features(of: Rod.picture(60, degrees: 10), by: madeUpLooker())))
    }

    @Test(arguments: [true, false]) func whatLiesBesideThePartIsSeenToo(isTurned: Bool) throws {
        let model = try isTurned ? turnedRods() : uprightRods()
        #expect(model.partRegion?.isFull == false)
        func picture(_ blob: Bool) -> Image {
            isTurned
                ? Rod.picture(70, degrees: 60, blob: blob) : Rod.picture(70, degrees: 0, at: (58, 53), blob: blob)
        }
        let (good, foreign) = (score(model, picture(false)), score(model, picture(true)))
        #expect(foreign.imageScore > 1.2 * good.imageScore)
        let (x, y, _) = try peak(model, foreign)
        #expect(x < 24 && y < 24, "\(x), \(y)")
    }

    @Test func aBoxIsOfFramesLikeTheShots() throws {
        let model = try uprightRods()
        guard case .box? = model.partRegion?.shape else {
            Issue.record("\(String(describing: model.partRegion))")
            return
        }
        #expect(model.accepts(height: 96, width: 96) && !model.accepts(height: 96, width: 128))
        let folder = try ScratchFolder()
        try model.save(to: folder.path)
        let loaded = try FittedModel.load(from: folder.path)
        let picture = Rod.picture(80, degrees: 0, at: (58, 53), spot: 4)
        #expect(loaded == model && score(loaded, picture) == score(model, picture))
        #expect(!loaded.accepts(height: 96, width: 128))
    }

    @Test func aRegionOfInterestWinsOverAllThat() throws {
        let area = InspectionArea(roi: PixelRectangle(x: 0, y: 0, width: 96, height: 48))
        let shots = try (0..<4).map { number in
            let image = Rod.picture(number, degrees: 0, at: (58, 24))
            return try Shot(
                sha256: "\(number)",
                picture: Picture(.raw(.rgb24, height: 96, width: 96, bytesPerRow: 288), bytes: image.pixels), area: area
            )
        }
        let model = try FittedModel.fit(
            shots: shots, extractor: madeUpLooker(),
            settings: MethodSettings(method: AutoMethod(), layers: [1, 2], area: area))
        #expect(model.partRegion?.shape == .full(because: .regionOfInterest))
        #expect(model.fineViews.map(\.grid) == [PatchGrid(rows: 23, columns: 45)])
    }
}
