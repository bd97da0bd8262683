import Core
import Foundation
import Testing

/// The good patch that is most like what is unusual in a part.
@Suite struct NearestPatchTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func memory(rotations: Int = 8) throws -> FittedModel {
        try FittedModel.fit(
            shots: (1...3).map(MadeUpPart.shot), extractor: madeUpExtractor(),
            settings: .memory(layers: [1], rotations: rotations, coresetBudget: 0))
    }

    /// A backbone that tells which way up a patch is: 3 x 3 grey levels of each of 5 x 7 patches.
    private var directed: FeatureExtractor {
        let identity = BackboneIdentity(name: "directed", sha256: "0123", inputSize: 32)
        return FeatureExtractor(identity: identity, layerCount: 1) { image, _, _ in
            let (height, width) = (Double(image.height) / 15, Double(image.width) / 21)
            var values: [Float] = []
            for patch in 0..<35 {
                for cell in 0..<9 {
                    let row = Double(3 * (patch / 7) + cell / 3) * height
                    let column = Double(3 * (patch % 7) + cell % 3) * width
                    var (sum, count) = (Float(0), Float(0))
                    for y in Int(row)..<max(Int(row + height), Int(row) + 1) {
                        for x in Int(column)..<max(Int(column + width), Int(column) + 1) {
                            sum += Float(image.pixels[(y * image.width + x) * 3])
                            count += 1
                        }
                    }
                    values.append(sum / count)
                }
            }
            let tokens = Matrix(rows: 35, columns: 9, values: values)
            return Features(layers: [1: FeatureMap(grid: PatchGrid(rows: 5, columns: 7), tokens: tokens)])
        }
    }

    private func closely(_ shots: [Shot], rotations: Int = 1) throws -> FittedModel {
        try FittedModel.fit(
            shots: shots, extractor: madeUpLooker(),
            settings: MethodSettings(
                method: AutoMethod().with {
                    $0.coresetBudget = 0
                    $0.rotations = rotations
                }, layers: [1, 2]))
    }

    private func centre(_ patch: Int, of grid: PatchGrid) -> SIMD2<Double> {
        SIMD2(
            (Double(patch % grid.columns) + 0.5) / Double(grid.columns),
            (Double(patch / grid.columns) + 0.5) / Double(grid.rows))
    }

    private func isNear(_ one: SIMD2<Double>, _ other: SIMD2<Double>, _ tolerance: Double = 1e-4) -> Bool {
        abs(one.x - other.x) <= tolerance && abs(one.y - other.y) <= tolerance
    }

    @Test(arguments: 0..<8) func aShotFindsItselfHoweverItIsTurned(turn: Int) throws {
        let method = PatchMemoryMethod().with {
            $0.localAveraging = false
            $0.memory.coresetBudget = 0
        }
        let model = try FittedModel.fit(
            shots: (1...2).map(MadeUpPart.shot), extractor: directed,
            settings: MethodSettings(method: method, layers: [1]))
        let angle = Double(turn) * .pi / 4
        for number in 1...2 {
            let copy = RotatedCopy(of: MadeUpPart.picture(number), degrees: 45 * Double(turn))
            let features = model.patches(of: model.features(of: copy.image, by: directed))
            for patch in copy.patchesInside(features.grid) {
                let place = centre(patch, of: features.grid)
                let nearest = try #require(
                    model.scorer.nearest(to: features, at: place, counting: PatchMask(all: features.grid), .serial))
                let match = try #require(nearest.match)
                #expect(match.distance <= 1e-5 && match.place.origin == .shot(number - 1))
                // In pixels from the middle of the 40 x 56 of the shot, turned by hand.
                let (x, y) = ((place.x - 0.5) * 56, (place.y - 0.5) * 40)
                let (sourceX, sourceY) = (cos(angle) * x - sin(angle) * y, sin(angle) * x + cos(angle) * y)
                let source = SIMD2(sourceX / 56 + 0.5, sourceY / 40 + 0.5)
                #expect(isNear(match.place.centre, source), "\(match.place.centre), expected \(source)")
                let squares = nearest.squares(
                    beside: match.place, part: PixelSize(height: 40, width: 56), good: PixelSize(height: 40, width: 56))
                let turned = (squares.good.degrees - 45 * Double(turn)).remainder(dividingBy: 360)
                #expect(abs(turned) < 0.01 && abs(squares.good.side - squares.part.side) < 0.01)
            }
        }
    }

    @Test(arguments: [(1, 1), (1, 4), (3, 1), (3, 4)])
    func aShotFindsItselfInEachViewOfAuto(shots: Int, rotations: Int) throws {
        // Nothing else in it looks like the green square of an only one.
        let pictures = shots == 1 ? [MadeUpPart.defective(1)] : (1...shots).map { MadeUpPart.picture($0) }
        let model = try closely(
            pictures.enumerated().map { try Rod.shot($1, $0) }, rotations: rotations)
        for (number, picture) in pictures.enumerated() {
            let features = model.patches(of: model.features(of: picture, by: madeUpLooker()))
            func nearest(_ place: SIMD2<Double>) throws -> NearestPatch {
                try #require(
                    model.scorer.nearest(to: features, at: place, counting: PatchMask(all: features.grid), .serial))
            }
            for patch in 0..<features.grid.count {
                #expect(try #require(nearest(centre(patch, of: features.grid)).match).distance <= 1e-5)
            }
            guard shots == 1 else { continue }
            let square = try nearest(SIMD2(28.0 / 56, 20.0 / 40))
            let match = try #require(square.match)
            #expect(match.place.origin == .shot(number) && isNear(match.place.centre, square.centre, 0.1))
        }
    }

    @Test func theShotIsNamedByItsNumberAmongAllShotsAlsoWhenOneIsLeftOutAsOdd() throws {
        var odd = MadeUpPart.picture(9)
        for index in odd.pixels.indices { odd.pixels[index] = UInt8(index % 3 == 1 ? 255 : index * 31 % 97) }
        let pictures = [odd] + (1...4).map { MadeUpPart.picture($0) }
        let model = try FittedModel.fit(
            shots: pictures.enumerated().map { try Rod.shot($1, $0) }, extractor: madeUpExtractor(),
            settings: .memory(layers: [1], rotations: 1, coresetBudget: 0))
        try #require(model.oddShots.map(\.sha256) == ["rod-0"])
        let nearest = model.nearest(model.features(of: pictures[2], by: madeUpExtractor()))
        #expect(nearest.match?.place.origin == .shot(2))
    }

    @Test func ofAPartThatIsFollowedTheGoodOneIsTurnedAsThePartLies() throws {
        let angles = [0.0, 40, 95, 160, 230]
        let model = try closely(angles.enumerated().map { try Rod.shot(Rod.picture($0, degrees: $1), $0) })
        try #require(model.fineViews.contains { !$0.region.isFull })
        let part = Rod.picture(30, degrees: 70, at: (44, 50), spot: 8)
        let nearest = model.nearest(model.features(of: part, by: madeUpLooker()))
        let match = try #require(nearest.match)
        guard case .shot(let number) = match.place.origin else { return #expect(Bool(false), "no shot") }
        let size = PixelSize(height: 96, width: 96)
        let squares = nearest.squares(beside: match.place, part: size, good: size)
        // The spot, and the same place along the shot's rod; patches are some pixels wide.
        let radians = 70 * Double.pi / 180
        let spot = SIMD2(44 + 8 * cos(radians), 50 + 8 * sin(radians))
        #expect(isNear(squares.part.centre, spot, 5), "\(squares.part.centre)")
        let turned = (squares.good.degrees - (angles[number] - 70)).remainder(dividingBy: 360)
        #expect(abs(turned) < 6, "\(squares.good.degrees) at shot \(number)")
        let angle = angles[number] * .pi / 180
        let offset = squares.good.centre - SIMD2(48, 48)
        let along = cos(angle) * offset.x + sin(angle) * offset.y
        let across = cos(angle) * offset.y - sin(angle) * offset.x
        #expect(abs(along) <= 36 && abs(across) <= 14, "\(along), \(across)")
    }

    @Test func aLoadedModelKnowsWhereItsPatchesComeFrom() throws {
        for model in [try memory(), try closely((1...2).map(MadeUpPart.shot))] {
            let features = model.features(of: MadeUpPart.defective(2), by: madeUpLooker())
            let nearest = model.nearest(features)
            try model.save(to: folder.path)
            #expect(try FittedModel.load(from: folder.path).nearest(features) == nearest && nearest.match != nil)
            // The green square, from row 16 and column 24 on, or a patch that has it in its neighbourhood.
            #expect(isNear(nearest.centre, SIMD2(28.0 / 56, 20.0 / 40), 0.21), "\(nearest.centre)")
        }
    }

    /// As versions before wrote it.
    @Test func aModelThatDoesNotKnowScoresAsBeforeAndNamesThePlaceAlone() throws {
        for model in [try memory(rotations: 1), try closely((1...2).map(MadeUpPart.shot))] {
            var stored = model.scorer.stored
            stored.tensors = stored.tensors.filter { !$0.key.hasSuffix(".places") }
            #expect(stored.tensors.count < model.scorer.stored.tensors.count)
            let old = FittedModel(
                backbone: model.backbone, settings: model.settings, shots: model.shots, grid: model.grid,
                scorer: try stored.scorer(), calibration: model.calibration, fineViews: model.fineViews,
                frame: PixelSize(height: 40, width: 56))
            let features = model.features(of: MadeUpPart.defective(2), by: madeUpLooker())
            #expect(old.score(features) == model.score(features))
            #expect(old.nearest(features).match == nil && old.remembersPatches)
            #expect(isNear(old.nearest(features).centre, SIMD2(28.0 / 56, 20.0 / 40), 0.21))
            // The memory of such a model is one that teaching and leaving out still work on.
            try old.save(to: folder.path)
            #expect(try FittedModel.load(from: folder.path) == old)
        }
    }

    @Test func placesThatNoFitWritesAreRefused() throws {
        let stored = try memory(rotations: 1).scorer.stored
        let places = try #require(stored.tensors["memory.places"])
        for values in [Array(places.values.dropLast(5)), [.nan] + places.values.dropFirst()] {
            var damaged = stored
            damaged.tensors["memory.places"] = Tensor(shape: [values.count / 5, 5], values: values)
            #expect(throws: DamagedSection.self) { try damaged.scorer() }
        }
    }

    @Test func bothHalvesShowTheSameWhereTheGoodPictureIsThePartTurned() throws {
        var pixels: [UInt8] = []
        for row in 0..<120 {
            for column in 0..<120 {
                let level = 120 + 60 * sin(Double(row) / 9) + 50 * cos(Double(column) / 13 + Double(row) / 31)
                pixels += [UInt8(level), UInt8(level / 2), UInt8(255 - level)]
            }
        }
        let part = Image(height: 120, width: 120, pixels: pixels)
        // A place 10 pixels right of the middle and 6 above it is 6 left and 10 above once turned anticlockwise.
        func share(_ pixels: Double) -> Double { 0.5 + pixels / 120 }
        let place = PatchPlace(.shot(0), centre: SIMD2(share(-6), share(-10)), step: SIMD2(0, -0.05))
        let nearest = NearestPatch(
            centre: SIMD2(share(10), share(-6)), right: SIMD2(0.05, 0), down: SIMD2(0, 0.05),
            match: .init(place: place, distance: 0))
        let drawn = nearest.drawn(beside: place, part: part, good: part.rotated(byDegrees: 90))
        #expect(drawn.height == 320 && drawn.width == 648)
        var (sum, count) = (0, 0)
        for row in 0..<320 {
            for column in 0..<320 {
                for channel in 0..<3 {
                    let place = (row * 648 + column) * 3 + channel
                    let (left, right) = (Int(drawn.pixels[place]), Int(drawn.pixels[place + 328 * 3]))
                    sum += abs(left - right)
                    count += 1
                }
            }
        }
        #expect(Double(sum) / Double(count) < 1.5, "\(Double(sum) / Double(count))")
        // The frame is white, a patch wide: 320 / 9 pixels around the middle.
        let frame = (160 * 648 + 160 - 18) * 3
        #expect(drawn.pixels[frame..<frame + 3].allSatisfy { $0 > 230 })
    }
}
