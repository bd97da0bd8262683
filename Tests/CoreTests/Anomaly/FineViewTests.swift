import Core
import Foundation
import Synchronization
import Testing

/// What `Tools/make_fine_view_fixtures.py` wrote.
private struct FineViewFixture: Decodable {
    let rows: Int
    let columns: Int
    let stages: [String]
    let units: [Float]
    let squares: [Float]

    /// As the script draws it: 90 x 120 pixels; number 3 has a defect.
    static func picture(_ number: Int) -> Image {
        var pixels: [UInt8] = []
        for y in 0..<90 {
            for x in 0..<120 {
                let stripes = (7 * x + 3 * y + 11 * number) % 64
                let (right, down) = (x - 55 - 2 * number, y - 45 + number)
                let noise = (x * x * 31 + y * y * 17 + x * y * (5 + number)) % 23
                let level = right * right + down * down < 900 ? 150 + noise : 60 + stripes + noise
                let isDefective = number == 3 && abs(x - 60) < 4 && abs(y - 40) < 4
                pixels += [8, 7, 5].enumerated().map { channel, scale in
                    isDefective && channel == 1 ? 250 : UInt8(level * scale / 8)
                }
            }
        }
        return Image(height: 90, width: 120, pixels: pixels)
    }
}

/// The fine view of `auto`.
@Suite struct FineViewTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func fit(
        _ shotCount: Int, views: AutoViews = .fine, area: InspectionArea = .wholeFrame, rotations: Int = 1
    ) throws -> FittedModel {
        try FittedModel.fit(
            shots: (1...shotCount).map { try MadeUpPart.shot($0, area: area) }, extractor: madeUpLooker(),
            settings: MethodSettings(
                method: AutoMethod().with {
                    $0.views = views
                    $0.rotations = rotations
                }, layers: [1, 2], area: area))
    }

    private func score(_ model: FittedModel, _ image: Image) -> ScoreMap {
        model.score(model.features(of: image, by: madeUpLooker()))
    }

    @Test(
        .enabled(if: !RealModels.directory.names.isEmpty, "no models: run `make weights` or set FSAC_MODELS"),
        arguments: [1, 2])
    func unitsAndScoresAreThoseOfTheReference(threads: Int) throws {
        let fixture = try anomalyFixture("fine-view", as: FineViewFixture.self)
        let backbone = try BackboneModel.load(
            "dinov2-small+efficientnet-lite0", modelsDirectory: RealModels.directory)
        let source = ExtractorSource(backbone, parallelism: Parallelism(threads: threads))
        let shots = try (0..<3).map { number in
            let image = FineViewFixture.picture(number)
            return try Shot(
                picture: Picture(
                    .raw(.rgb24, height: image.height, width: image.width, bytesPerRow: image.width * 3),
                    bytes: image.pixels))
        }
        let method = AutoMethod().with {
            $0.rotations = 1
            $0.coresetBudget = 300
        }
        let model = try FittedModel.fit(
            shots: shots, extractors: source, settings: MethodSettings(method: method), makesAnomalies: false,
            parallelism: Parallelism(threads: threads))
        #expect(model.fineViews.map(\.grid) == [PatchGrid(rows: fixture.rows, columns: fixture.columns)])
        let scorer = try #require(model.scorer as? CombinedScorer)
        let components = try #require(scorer.fine.first)
        #expect(components.allSatisfy { $0.memories[0].bank.rows.rows == 900 })
        let order = try fixture.stages.map { name in
            let layer = try #require(Int(name.suffix(1))) + (name.hasPrefix("stage") ? 12 : 0)
            return try #require(components.firstIndex { $0.stage.layer == layer })
        }
        #expect(agree(order.map { components[$0].unit }, fixture.units, absolute: 0, relative: 1e-3))
        let extractor = source.extractor(inputSize: model.backbone.inputSize)
        let squares = scorer.fineSquares(
            model.patches(of: model.features(of: FineViewFixture.picture(3), by: extractor)), .serial)[0].values
        let step = squares.count / 64 + 1
        let got = (0..<64).map { squares[$0 * step % squares.count] }
        #expect(agree(got, fixture.squares, absolute: 0, relative: 2e-3))
    }

    @Test(arguments: [1, 3]) func aSmallDefectScoresHigherThanGoodPartsAndLiesWhereItIs(shots: Int) throws {
        let model = try fit(shots)
        let good = try #require((20...24).map { score(model, MadeUpPart.picture($0)).imageScore }.max())
        let defective = score(model, MadeUpPart.defective(20, side: 4))
        #expect(defective.imageScore > good && defective.grid == PatchGrid(rows: 27, columns: 38))
        let map = model.anomalyMap(of: defective, height: 40, width: 56)
        let peak = try #require(map.values.indices.max { map.values[$0] < map.values[$1] })
        #expect((16..<20).contains(peak / 56) && (24..<28).contains(peak % 56), "\(peak / 56), \(peak % 56)")
    }

    @Test func theViewKeepsTheAspectRatioAndSaysSo() throws {
        let model = try fit(2, views: .thorough)
        #expect(model.fineViews.map(\.grid) == [PatchGrid(rows: 27, columns: 38), PatchGrid(rows: 39, columns: 54)])
        // No fewer pixels than a network sees, where the picture has them.
        #expect(model.pictureSide == 39 * 16)
        #expect(model.scorer.findings.contains { $0.contains("looks closer, at 27 x 38 patches") })
        #expect(try fit(2, views: .coarse).pictureSide == 32)
    }

    @Test(arguments: [1, 2]) func aLoadedModelScoresAsTheSavedOne(shots: Int) throws {
        let model = try fit(shots, views: .thorough, rotations: 4)
        try model.save(to: folder.path)
        let loaded = try FittedModel.load(from: folder.path)
        #expect(loaded == model && loaded.fineViews.count == 2)
        #expect(score(loaded, MadeUpPart.defective(8)) == score(model, MadeUpPart.defective(8)))
    }

    @Test func anOnlyShotIsRememberedInEveryRotationAndAsItMayLieAndBeLit() throws {
        func rows(_ rotations: Int, budget: Int) throws -> Int? {
            let model = try FittedModel.fit(
                shots: [MadeUpPart.shot(1)], extractor: madeUpLooker(),
                settings: MethodSettings(
                    method: AutoMethod().with {
                        $0.rotations = rotations
                        $0.coresetBudget = budget
                    }, layers: [1, 2]), makesAnomalies: false)
            return (model.scorer as? CombinedScorer)?.fine.first?.first?.memories[0].bank.rows.rows
        }
        #expect(try rows(4, budget: 0) == (4 + 4) * 27 * 38)
        // Three times what a coarse memory keeps.
        #expect(try rows(4, budget: 100) == 300)
    }

    @Test func ofOneShotTheLimitIsUncertainAndPeopleAreToldWhatToDo() throws {
        let (one, several) = (try fit(1), try fit(4))
        let calibration = one.calibration
        #expect(
            calibration.band.upper >= 1.34 * calibration.limit && calibration.band.lower <= calibration.limit / 1.34)
        #expect(
            one.findings.contains { $0.contains("fsacctl commission --parts 30") && $0.contains("fsacctl add-normal") })
        #expect(!several.findings.contains { $0.contains("fsacctl commission") })
    }

    @Test func whatIsIgnoredCountsInNoView() throws {
        let corners = [(20, 12), (36, 12), (36, 28), (20, 28)].map { PixelPoint(x: $0.0, y: $0.1) }
        let area = InspectionArea(ignore: [corners])
        let model = try fit(3, area: area)
        func map(_ image: Image) throws -> (map: Matrix, score: Float) {
            let picture = Picture(
                .raw(.rgb24, height: image.height, width: image.width, bytesPerRow: image.width * 3),
                bytes: image.pixels)
            let scores = score(model, try area.image(of: picture, inputSize: model.pictureSide))
            return (model.anomalyMap(of: scores, height: 40, width: 56), scores.imageScore)
        }
        let (good, bad) = (try map(MadeUpPart.picture(20)), try map(MadeUpPart.defective(20, side: 4)))
        #expect(good.score == bad.score)
        #expect(bad.map[18, 26] == 0 && bad.map[2, 2] > 0)
    }

    @Test func whatIsIgnoredIsNotEvenLookedAtClosely() throws {
        let corners = [(0, 0), (28, 0), (28, 40), (0, 40)].map { PixelPoint(x: $0.0, y: $0.1) }
        let area = InspectionArea(ignore: [corners])
        var looked: [Int] = []
        let extractor = madeUpLooker { looked.append($0) }
        let model = try FittedModel.fit(
            shots: (1...2).map { try MadeUpPart.shot($0, area: area) }, extractor: extractor,
            settings: MethodSettings(method: AutoMethod().with { $0.rotations = 1 }, layers: [1, 2], area: area))
        let view = try #require(model.fineViews.first)
        // The left half of an even number of columns.
        #expect(view.grid.columns % 2 == 0 && !looked.isEmpty && looked.allSatisfy { $0 == view.grid.count / 2 })
        // A model that was fitted before there was such a thing goes on with the features that it was fitted with.
        looked = []
        let before = FineView(region: view.region, grid: view.grid, stages: view.stages)
        let again = try JSONDecoder().decode(FineView.self, from: try JSONEncoder().encode(before))
        _ = extractor.features(
            of: MadeUpPart.picture(1), [again], in: area, frame: PixelSize(height: 40, width: 56))
        #expect(again == before && looked == [view.grid.count])
    }

    @Test func aLineThatSeesTheFineViewOtherwiseIsTold() throws {
        let source = ExtractorSource(
            name: "made-up", sha256: "0123", layerCount: 2, defaultInputSize: 32, defaultLayers: [1, 2],
            accepts: { _ in true }, make: { _ in madeUpLooker() })
        let model = try fit(2).withGolden(by: source)
        #expect(model.difference(from: madeUpLooker()) == nil)
        let difference = try #require(model.difference(from: madeUpLooker(scale: 1.1)))
        #expect(difference.contains("fine view"))
        // One that cannot look closer computes features of another kind.
        #expect(!model.accepts(model.features(of: MadeUpPart.picture(1), by: madeUpExtractor())))
    }

    @Test func theModelDoesNotDependOnTheMemoryThatTheFitHas() throws {
        var passes = [0, 0]
        func fit(_ memoryBytes: Int, _ counter: Int) throws -> FittedModel {
            try FittedModel.fit(
                shots: (1...3).map { try MadeUpPart.shot($0) }, extractor: madeUpLooker(),
                settings: MethodSettings(method: AutoMethod(), layers: [1, 2]), memoryBytes: memoryBytes,
                progress: { _ in passes[counter] += 1 })
        }
        var needed = 0
        do { _ = try fit(1, 0) } catch FitError.tooManyShots(_, let bytes, _, _) { needed = bytes }
        let free = try fit(.max, 0)
        #expect(try fit(needed, 1) == free)
        #expect(passes[1] > passes[0])
    }

    /// A machine that takes a millisecond for each token that is looked at closely.
    private func fit(budget: Int, line threads: Int = 1) throws -> FittedModel {
        let work = Work()
        let extractor = madeUpLooker { tokens in work.tokens.withLock { $0 += tokens } }
        return try FittedModel.fit(
            shots: (1...2).map { try MadeUpPart.shot($0) }, extractor: extractor,
            settings: MethodSettings(
                method: AutoMethod().with {
                    $0.rotations = 1
                    $0.inspectBudget = budget
                }, layers: [1, 2]), makesAnomalies: false,
            stopwatch: InspectionStopwatch(threads: 1, line: threads) { body in
                let before = work.tokens.withLock(\.self)
                body()
                return Double(work.tokens.withLock(\.self) - before)
            })
    }

    @Test(arguments: [(1200, [1026]), (1000, [792]), (700, [560]), (100, [])])
    func aFrameThatWouldTakeTooLongIsLookedAtLessClosely(budget: Int, tokens: [Int]) throws {
        let model = try fit(budget: budget)
        #expect(model.fineViews.map(\.grid.count) == tokens)
        let time = try #require(model.inspectionTime)
        #expect(time.frame == Double(tokens.first ?? 0) && time.budget == budget)
        let words = model.findings.joined(separator: "\n")
        #expect(words.contains("a frame takes about \(tokens.first ?? 0) ms on this machine, of \(budget) ms"))
        #expect(words.contains("448 x 448 would take longer") == (tokens != [1026]))
        try model.save(to: folder.path)
        #expect(try FittedModel.load(from: folder.path).inspectionTime == time)
    }

    @Test func aLineWithMoreThreadsThanTheFitLooksMoreClosely() throws {
        #expect(try fit(budget: 700, line: 2).fineViews.map(\.grid.count) == [1026])
    }

    @Test func withoutABudgetNothingIsMeasuredAndEqualShotsGiveEqualModels() throws {
        let model = try fit(budget: 0)
        #expect(model.inspectionTime == nil && model.fineViews.map(\.grid.count) == [1026])
        #expect(try fit(budget: 0) == model)
    }

    @Test func methodsOfPapersKeepTheirInput() throws {
        for method in Methods.all where method.name != "auto" {
            #expect(method.init().fineAreas.isEmpty, "\(method.name)")
        }
    }

    @Test func aDocumentFromBeforeThereWereFineViewsMeansTheCoarseOne() throws {
        let text = #"{"name": "auto", "options": {"rotations": 8, "coreset_budget": 4096, "fit_budget": 20}}"#
        let method = try JSONDecoder().decode(AnyMethod.self, from: Data(text.utf8)).method as? AutoMethod
        #expect(method?.views == .coarse)
        // A limit by hand was on another scale.
        func kind(_ views: AutoViews) -> ModelKind {
            ModelKind(
                backbone: "a", sha256: "b",
                requested: MethodSettings(method: AutoMethod().with { $0.views = views }))
        }
        #expect(!kind(.coarse).sharesScale(with: kind(.fine)))
        #expect(ModelKindText(kind(.coarse)) != ModelKindText(kind(.fine)))
    }
}

private final class Work: Sendable {
    let tokens = Mutex(0)
}

/// As ``madeUpExtractor()``, and it can look closer: at the mean and spread of each colour where the view lies.
///
/// - Parameter looked: told how many tokens it looked at.
func madeUpLooker(scale: Float = 1, looked: @escaping (Int) -> Void = { _ in }) -> FeatureExtractor {
    let base = madeUpExtractor()
    return FeatureExtractor(
        identity: base.identity, layerCount: 2,
        fineStages: [FeatureStage(layer: 1), FeatureStage(layer: 1, localAveraging: true)],
        look: { image, placement, grid, layers, patches in
            looked(patches?.count ?? grid.count)
            let cut = placement.cut(image, height: 4 * grid.rows, width: 4 * grid.columns)
            var map = statistics(of: cut, grid, withSpread: true)
            for index in map.tokens.values.indices where index % 6 == 1 { map.tokens.values[index] *= scale }
            let dropped = Set(0..<grid.count).subtracting(patches ?? Array(0..<grid.count))
            let width = map.tokens.columns
            for index in map.tokens.values.indices where dropped.contains(index / width) {
                map.tokens.values[index] = 0
            }
            return Dictionary(uniqueKeysWithValues: layers.map { ($0, map) })
        }, extract: { image, request, _ in base.features(of: image, request) })
}
