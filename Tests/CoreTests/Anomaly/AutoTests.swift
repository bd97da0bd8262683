import Core
import Foundation
import Testing

@Suite struct AutoTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func fit(_ shots: [Shot], _ method: any Core.Method) throws -> FittedModel {
        try FittedModel.fit(
            shots: shots, extractor: madeUpExtractor(), settings: MethodSettings(method: method, layers: [1, 2]))
    }

    private func score(_ model: FittedModel, _ image: Image) -> ScoreMap {
        model.score(madeUpExtractor().features(of: image, FeatureRequest(layers: model.layers)))
    }

    @Test(arguments: [("auto", 1), ("auto", 3), ("fsac", 3)])
    func aDefectScoresHigherThanGoodPartsAndLiesWhereItIs(method: String, shots: Int) throws {
        let model = try fit((1...shots).map(MadeUpPart.shot), #require(Methods.named(method)))
        let good = (20...24).map { score(model, MadeUpPart.picture($0)).imageScore }
        let defective = score(model, MadeUpPart.defective(20))
        #expect(try defective.imageScore > #require(good.max()))
        let worst = try #require(defective.values.indices.max { defective.values[$0] < defective.values[$1] })
        #expect((worst / 7, worst % 7) == (2, 3))
    }

    @Test func aTypicalGoodPartScoresAboutOne() throws {
        let model = try fit((1...6).map(MadeUpPart.shot), AutoMethod())
        let good = (20...40).map { score(model, MadeUpPart.picture($0)).imageScore }.sorted()
        #expect((0.4...2).contains(good[good.count / 2]), "\(good)")
    }

    @Test(arguments: [("auto", 1), ("auto", 3), ("fsac", 2)])
    func aLoadedModelScoresAsTheSavedOne(method: String, shots: Int) throws {
        let model = try fit((1...shots).map(MadeUpPart.shot), #require(Methods.named(method)))
        try model.save(to: folder.path)
        let loaded = try FittedModel.load(from: folder.path)
        #expect(loaded == model)
        #expect(score(loaded, MadeUpPart.defective(8)) == score(model, MadeUpPart.defective(8)))
    }

    @Test func componentsAddUpUnlessTheModelIsOfBefore() throws {
        #expect(PatchExponent.second.square(ofMean: [1, 2]) == 2.5)
        #expect(PatchExponent.fourth.square(ofMean: [1, 2]) == Float(8.5).squareRoot())
        let model = try fit((1...3).map(MadeUpPart.shot), AutoMethod())
        try model.save(to: folder.path)
        func exponent() throws -> PatchExponent? {
            (try FittedModel.load(from: folder.path).scorer as? CombinedScorer)?.exponent
        }
        #expect(try exponent() == .second)
        let document = String(decoding: try folder.document(), as: UTF8.self)
        #expect(document.contains("\"exponent\" : 2,"))
        try folder.seal([UInt8](document.replacing("\"exponent\" : 2,", with: "").utf8))
        #expect(try exponent() == .fourth)
    }

    @Test func equalShotsGiveAnEqualModel() throws {
        let shots = try (1...2).map(MadeUpPart.shot)
        #expect(try fit(shots, AutoMethod()) == fit(shots, AutoMethod()))
        #expect(try fit(shots, FSACMethod()) == fit(shots, FSACMethod()))
    }

    @Test func theChoiceIsToldInWordsAndInTheModelsDocument() throws {
        let model = try fit((1...3).map(MadeUpPart.shot), AutoMethod())
        let text = model.scorer.findings.joined(separator: "\n")
        #expect(
            text.contains("rotations") && text.contains("layer 2, averaged") && text.contains("synthetic anomalies"))
        try model.save(to: folder.path)
        let document = try String(contentsOfFile: folder.path + "/model.json", encoding: .utf8)
        #expect(document.contains(#""separation""#) && document.contains(#""between_cells""#))
    }

    @Test func syntheticAnomaliesGiveTheLimitAnExpectedEscapeRate() throws {
        let evidence = try fit((1...3).map(MadeUpPart.shot), AutoMethod()).calibration.evidence
        #expect(evidence.anomalousCount == 12)
        #expect(evidence.options.allSatisfy { $0.escapeRate != nil })
    }

    @Test func aSmallBudgetComputesLess() throws {
        var passes = 0
        _ = try FittedModel.fit(
            shots: [MadeUpPart.shot(1), MadeUpPart.shot(2)], extractor: madeUpExtractor(),
            settings: MethodSettings(method: AutoMethod().with { $0.fitBudget = 1 }, layers: [1]),
            progress: { _ in passes += 1 })
        // Ten passes: two turns of each shot, and anomalies.
        #expect(passes == 10)
        _ = try FittedModel.fit(
            shots: [MadeUpPart.shot(1), MadeUpPart.shot(2)], extractor: madeUpExtractor(),
            settings: MethodSettings(method: AutoMethod(), layers: [1]), progress: { _ in passes += 1 })
        #expect(passes == 10 + 2 * 8 + 12)
    }

    @Test func anOnlyShotIsRememberedInTwelveDirections() throws {
        var passes = 0
        let model = try FittedModel.fit(
            shots: [MadeUpPart.shot(1)], extractor: madeUpExtractor(),
            settings: MethodSettings(method: AutoMethod(), layers: [1]), progress: { _ in passes += 1 })
        // Besides its turned copies seven mild variants, and anomalies.
        #expect(passes == 12 + 7 + 12)
        #expect(model.scorer.findings.contains { $0.hasPrefix("12 rotations") })
    }
}

/// What `auto` tells from made-up features: 24 x 24 patches, 6 wide.
@Suite struct TextureTests {
    private static let grid = PatchGrid(rows: 24, columns: 24)

    /// - Parameter place: how much a feature says of where its patch lies; the rest is noise.
    private func shot(_ number: Int, place: Float, scale: Float = 1) -> PatchFeatures {
        var seed = SplitMix64(seed: UInt64(number))
        var values: [Float] = []
        for patch in 0..<Self.grid.count {
            let angle = Float(patch / 24 / 6) + 2 * Float(patch % 24 / 6)
            for column in 0..<6 {
                let noise = scale * Float.random(in: -1...1, using: &seed)
                values.append(2 + place * sin(angle * Float(column + 1)) + (1 - place) * noise)
            }
        }
        var rows = Matrix(rows: Self.grid.count, columns: 6, values: values)
        rows.normalizeRows()
        return PatchFeatures(grid: Self.grid, rows: rows)
    }

    private func view(_ features: PatchFeatures) -> ShotFeatures.View {
        ShotFeatures.View(features: features, mask: PatchMask(all: Self.grid))
    }

    @Test func aTextureIsTheSameEverywhereAndAnObjectIsNot() {
        let texture = TextureEvidence(shots: (1...4).map { shot($0, place: 0) }, columns: 0..<6)
        #expect(texture.weight == 1 && texture.betweenCells < 0.1)
        let object = TextureEvidence(shots: (1...4).map { shot($0, place: 0.7) }, columns: 0..<6)
        #expect(object.weight == 0)
        // Shots agree in places although the places differ little: an object.
        let faint = TextureEvidence(shots: (1...4).map { shot($0, place: 0.2) }, columns: 0..<6)
        #expect(faint.weight == 0 && faint.betweenCells < 0.3)
    }

    @Test(arguments: [1, 2, 3, 5]) func aSmallGridIsLookedAtWithoutHarm(side: Int) {
        let grid = PatchGrid(rows: side, columns: side)
        let rows = Matrix(rows: grid.count, columns: 2, values: (0..<grid.count * 2).map { Float($0 % 3) + 1 })
        let evidence = TextureEvidence(shots: [PatchFeatures(grid: grid, rows: rows)], columns: 0..<2)
        #expect((0...1).contains(evidence.weight))
    }

    @Test func aPictureThatIsCoarserEverywhereIsTold() {
        let shots = (1...4).map { view(shot($0, place: 0)) }
        let statistics = TextureStatistics(shots: shots, columns: 0..<6)
        let mask = PatchMask(all: Self.grid)
        let good = (11...20).map { statistics.distance(of: shot($0, place: 0), counting: mask) }.max() ?? 0
        let other = statistics.distance(of: shot(11, place: 0, scale: 0.7), counting: mask)
        #expect(other > 2 * good)
        let judge = statistics.with(tolerance: good, weight: 1, rule: .cautious)
        #expect(judge.factor(for: shot(12, place: 0), counting: mask) == 1)
        #expect(judge.factor(for: shot(12, place: 0, scale: 0.7), counting: mask) == 2.25)
        let steeper = statistics.with(tolerance: good, weight: 1, rule: .steep)
        #expect(steeper.factor(for: shot(12, place: 0, scale: 0.7), counting: mask) == 8)
        let blind = statistics.with(tolerance: good, weight: 0, rule: .steep)
        #expect(blind.factor(for: shot(12, place: 0, scale: 0.7), counting: mask) == 1)
    }

    /// A fit to textures by their numbers, the last one coarser everywhere where there is a scale for it.
    private func fit(_ numbers: [Int], lastScale: Float = 1) throws -> FittedModel {
        let last = numbers.last
        return try fit(numbers) { $0 == last ? lastScale : 1 }
    }

    /// - Parameter scale: how coarse each of them is everywhere.
    private func fit(_ numbers: [Int], scale: @escaping @Sendable (Int) -> Float) throws -> FittedModel {
        let shot = { @Sendable (number: Int) in self.shot(number, place: 0, scale: scale(number)) }
        return try fittedModel(of: numbers, shot)
    }

    @Test(arguments: [4, 6]) func aWrongTextureAmongGoodOnesIsOddThoughNoPatchOfItIs(good: Int) throws {
        let numbers = Array(1...good + 1)
        #expect(try fit(numbers).oddShots.isEmpty)
        let model = try fit(numbers, lastScale: 0.7)
        #expect(model.oddShots.map(\.sha256) == ["\(good + 1)"])
        let without = try fit(Array(1...good))
        #expect(model.calibration.limit == without.calibration.limit)
        // Another one as coarse is as far away as if the first one had never been there.
        let coarse = Features(layers: [1: FeatureMap(grid: Self.grid, tokens: shot(30, place: 0, scale: 0.7).rows)])
        #expect(model.score(coarse).imageScore == without.score(coarse).imageScore)
    }

    @Test func aTextureThatIsCoarserOrFinerFromShotToShotIsComparedByItsPatchesAlone() throws {
        let alike = try fit([1, 2, 3, 4])
        #expect(alike.scorer.findings[0].contains("the whole picture is compared, too"))
        let varied = try fit([1, 2, 3, 4]) { 0.6 + 0.15 * Float($0) }
        #expect(varied.scorer.findings[0].hasPrefix("a texture that varies from shot to shot"))
        #expect((varied.scorer as? CombinedScorer)?.texture == nil)
    }

    @Test func aStageIsItsLayersColumnsAlone() {
        var seed = SplitMix64(seed: 3)
        let grid = PatchGrid(rows: 2, columns: 3)
        let maps = [1: 4, 2: 5].mapValues {
            FeatureMap(grid: grid, tokens: .random(rows: 6, columns: $0, using: &seed))
        }
        let joined = PatchFeatures(Features(layers: maps), layers: [1, 2], localAveraging: false)
        #expect(joined.layerWidths == [4, 5])
        let alone = PatchFeatures(Features(layers: maps), layers: [2], localAveraging: false)
        #expect(agree(joined.columns(4..<9, localAveraging: false).rows.values, alone.rows.values))
    }
}
