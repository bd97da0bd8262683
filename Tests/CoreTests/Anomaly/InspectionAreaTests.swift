import Core
import Testing

@Suite struct InspectionAreaTests {
    private let frame = PixelSize(height: 40, width: 56)
    private var square: [PixelPoint] { [(21, 13), (37, 13), (37, 29), (21, 29)].map { PixelPoint(x: $0.0, y: $0.1) } }

    private func settings(_ area: InspectionArea) -> MethodSettings {
        .memory(layers: [1, 2], rotations: 4, coresetBudget: 0, area: area)
    }

    private func fit(_ area: InspectionArea, _ shots: [Shot]? = nil) throws -> FittedModel {
        let shots = try shots ?? (1...3).map { try shot($0, area) }
        return try FittedModel.fit(shots: shots, extractor: madeUpExtractor(), settings: settings(area))
    }

    /// What the model sees of a picture, as a camera's frame is decoded.
    private func seen(_ image: Image, _ area: InspectionArea) throws -> Image {
        try area.image(of: raw(image), inputSize: 1000)
    }

    private func raw(_ image: Image) -> Picture {
        Picture(
            .raw(.rgb24, height: image.height, width: image.width, bytesPerRow: image.width * 3), bytes: image.pixels)
    }

    private func shot(_ number: Int, _ area: InspectionArea) throws -> Shot {
        try Shot(sha256: "shot-\(number)", picture: raw(MadeUpPart.picture(number)), area: area)
    }

    private func score(_ image: Image, _ model: FittedModel) throws -> ScoreMap {
        model.score(
            madeUpExtractor().features(of: try seen(image, model.settings.area), FeatureRequest(layers: [1, 2])))
    }

    /// `image` with the pixels outside (or inside) of the columns 8 ..< 48 and rows 8 ..< 32 painted red.
    private func painted(_ image: Image, outside: Bool) -> Image {
        var image = image
        for row in 0..<image.height {
            for column in 0..<image.width where ((8..<32).contains(row) && (8..<48).contains(column)) != outside {
                let start = (row * image.width + column) * 3
                image.pixels.replaceSubrange(start..<start + 3, with: [255, 0, 0])
            }
        }
        return image
    }

    @Test func evenOddRuleOfAPolygonThatCrossesItself() {
        // A bow tie: its left and right triangles are inside, above and below the crossing is outside.
        let bow = [(0, 0), (10, 10), (10, 0), (0, 10)].map { PixelPoint(x: $0.0, y: $0.1) }
        let area = InspectionArea(ignore: [bow])
        #expect(area.ignores(x: 1.5, y: 5.2) && area.ignores(x: 8.5, y: 5.2))
        #expect(!area.ignores(x: 5.5, y: 1.5) && !area.ignores(x: 5.5, y: 8.5) && !area.ignores(x: 12, y: 5.2))
    }

    @Test func aDefectInsideOfAnIgnoredPolygonLeavesTheScoreAsItIs() throws {
        let whole = try fit(.wholeFrame)
        #expect(try score(MadeUpPart.defective(9), whole).imageScore > score(MadeUpPart.picture(9), whole).imageScore)
        // Patches are 8 x 8 pixels, and the defect is one of them: its centre is (28, 20). Its neighbours' features reach into
        // the polygon.
        let model = try fit(InspectionArea(ignore: [square]))
        let (good, bad) = (try score(MadeUpPart.picture(9), model), try score(MadeUpPart.defective(9), model))
        #expect(good == bad)
        #expect(good.values[2 * 7 + 3] == 0 && good.values.count { $0 == 0 } == 4)
        #expect(model.regions(in: model.anomalyMap(of: bad, height: 40, width: 56)).isEmpty)
    }

    @Test func whatIsIgnoredTakesTheMeanColourOfTheRest() throws {
        var image = Image(height: 40, width: 56, pixels: [UInt8](repeating: 10, count: 40 * 56 * 3))
        for place in 0..<40 * 28 { image.pixels[place * 3 + 1] = 41 }  // half of the green: more than half outside
        let seen = try seen(image, InspectionArea(ignore: [square]))
        // 1120 of 2240 pixels have it; of the 256 in rows and columns 13 to 28 and 21 to 36 those of the rows above 20.
        let mean = 10 + UInt8((31 * Double(1120 - 7 * 16) / Double(2240 - 256)).rounded())
        #expect(seen.pixel(13, 21) == [10, mean, 10] && seen.pixel(28, 36) == [10, mean, 10])
        #expect(seen.pixel(12, 21) == [10, 41, 10] && seen.pixel(29, 36) == [10, 10, 10])
    }

    @Test func ignoredPatchesOfTurnedShotsAreNotRemembered() throws {
        // 35 patches a shot, 4 of them ignored. Half a turn maps the grid on itself.
        #expect(try fit(.wholeFrame).memoryRows == 3 * (35 + 35 + 2 * turnedPatches(ignored: false)))
        #expect(
            try fit(InspectionArea(ignore: [square])).memoryRows
                == 3 * (31 + 31 + 2 * turnedPatches(ignored: true)))
    }

    /// Patches of a quarter turn whose centre shows an inspected place of the shot, counted by the definition.
    private func turnedPatches(ignored: Bool) -> Int {
        (0..<35).count { patch in
            let (x, y) = (Double(patch % 7) * 8 + 4 - 28, Double(patch / 7) * 8 + 4 - 20)
            // The shot's place is the patch's, turned back by a quarter (either way is the same for this polygon).
            let (sourceX, sourceY) = (28 - y, 20 + x)
            let isInside = (0...56).contains(sourceX) && (0...40).contains(sourceY)
            return isInside && !(ignored && (21..<37).contains(sourceX) && (13..<29).contains(sourceY))
        }
    }

    @Test func aModelOfARegionScoresTheSameWhateverIsOutside() throws {
        let area = InspectionArea(roi: PixelRectangle(x: 8, y: 8, width: 40, height: 24))
        let model = try fit(area)
        let part = MadeUpPart.defective(9)
        let scores = try score(part, model)
        #expect(try score(painted(part, outside: true), model) == scores)
        #expect(try score(painted(part, outside: false), model) != scores)
        let map = model.anomalyMap(of: scores, height: 40, width: 56)
        #expect(map.rows == 40 && map.columns == 56)
        for row in 0..<40 {
            for column in 0..<56 {
                #expect((map[row, column] == 0) == !((8..<32).contains(row) && (8..<48).contains(column)))
            }
        }
        let region = try #require(model.regions(in: map, imageScore: scores.imageScore).first)
        #expect((region.x...region.x + region.width).contains(28) && (region.y...region.y + region.height).contains(20))
    }

    @Test func ignoredPatchesDoNotDimTheMapBesideThem() throws {
        let model = try fit(InspectionArea(ignore: [square]))
        let flat = ScoreMap(
            grid: model.grid, values: [Float](repeating: 0.5, count: 35), aggregation: .topPercent)
        let masked = try score(MadeUpPart.picture(9), model).values.map { $0 == 0 ? 0 : Float(0.5) }
        let map = model.anomalyMap(
            of: ScoreMap(grid: flat.grid, values: masked, aggregation: .topPercent), height: 40, width: 56)
        for row in 0..<40 {
            for column in 0..<56 {
                let isIgnored = (13..<29).contains(row) && (21..<37).contains(column)
                #expect(abs(map[row, column] - (isIgnored ? 0 : 0.5)) < 1e-5)
            }
        }
    }

    @Test func oneShotWithAnAreaIsCalibrated() throws {
        let model = try fit(InspectionArea(ignore: [square]), [MadeUpPart.shot(1)])
        #expect(model.calibration.limit > 0 && model.calibration.limit < 2)
    }

    @Test func areasThatLeaveNothingToInspectAreRefused() throws {
        let everything = [(-1, -1), (60, -1), (60, 60), (-1, 60)].map { PixelPoint(x: $0.0, y: $0.1) }
        #expect(throws: FitError.nothingInspected(patches: 35)) { try fit(InspectionArea(ignore: [everything])) }
        let roi = PixelRectangle(x: 50, y: 0, width: 7, height: 40)
        #expect(throws: FitError.regionOutside(roi, frame: frame)) {
            try fit(InspectionArea(roi: roi), [MadeUpPart.shot(1)])
        }
        let other = try Shot(sha256: "other", picture: raw(MadeUpPart.picture(4, height: 80, width: 112)))
        #expect(throws: FitError.shotSizes(frame, other.frame)) {
            try fit(InspectionArea(ignore: [square]), [MadeUpPart.shot(1), other])
        }
        for area in [
            InspectionArea(roi: PixelRectangle(x: 0, y: -1, width: 5, height: 5)),
            InspectionArea(roi: PixelRectangle(x: 0, y: 0, width: 0, height: 5)),
            InspectionArea(ignore: [Array(square.prefix(2))]), InspectionArea(ignore: [[]]),
            InspectionArea(ignore: [square + [PixelPoint(x: .max, y: 0)]]),
        ] {
            #expect(settings(area).problem(layerCount: 2) != nil)
        }
    }

    @Test func anAreaIsSavedWithTheModelAndKeepsPicturesOfOtherSizesOut() throws {
        let area = InspectionArea(roi: PixelRectangle(x: 8, y: 8, width: 40, height: 24), ignore: [square])
        let model = try fit(area)
        let folder = try ScratchFolder()
        try model.save(to: folder.path)
        #expect(try FittedModel.load(from: folder.path) == model)
        #expect(model.accepts(height: 40, width: 56) && !model.accepts(height: 56, width: 40))
        #expect(try fit(.wholeFrame).accepts(height: 9, width: 9))
    }

    @Test func wordsOfAnAreaDifferWhenAreasDo() {
        let roi = PixelRectangle(x: 8, y: 9, width: 40, height: 24)
        #expect(InspectionArea.wholeFrame.text == nil)
        #expect(InspectionArea(roi: roi).text == "region of 40 x 24 at (8, 9)")
        let one = InspectionArea(ignore: [square]).text
        var moved = square
        moved[3].y += 1
        #expect(one != nil && one != InspectionArea(ignore: [moved]).text)
    }
}
