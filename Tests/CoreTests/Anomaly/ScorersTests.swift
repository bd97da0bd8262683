import Core
import Foundation
import Testing

/// What `Tools/make_scorer_fixtures.py` wrote.
private func scorerFixture<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    let path = try #require(Bundle.module.path(forResource: "Fixtures/scorers/\(name).json", ofType: nil))
    return try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: path)))
}

private struct ScorerCase: Decodable {
    let rows: Int
    let columns: Int
    let width: Int
    let shots: [[Float]]
    let query: [Float]
    let patchcore: [Float]
    let patchcoreImage: Float
    let padim: [Float]
    let neighbours: Int
    let spade: [Float]
    let spadeImage: Float

    var grid: PatchGrid { PatchGrid(rows: rows, columns: columns) }

    func features(_ values: [Float]) -> PatchFeatures {
        PatchFeatures(grid: grid, rows: Matrix(rows: grid.count, columns: width, values: values))
    }

    /// What a method makes of the shots.
    func fitted(_ fit: any ScorerFit, leavingOut left: Set<Int> = []) -> any Scorer {
        var fit = fit
        for shot in shots { fit.add(ShotFeatures(own: .init(features: features(shot)), turned: [])) }
        return fit.scorer(leavingOut: left, .serial)
    }
}

extension ShotFeatures.View {
    /// A picture of which everything counts.
    init(features: PatchFeatures) {
        self.init(features: features, mask: PatchMask(all: features.grid))
    }
}

@Suite struct ScorersTests {
    private func cases() throws -> [ScorerCase] { try scorerFixture("scorers", as: [ScorerCase].self) }

    /// Unit vectors in the plane, by their angles in degrees, on a grid of one row.
    private func plane(_ degrees: [Double]) -> PatchFeatures {
        let values = degrees.flatMap { [Float(cos($0 * .pi / 180)), Float(sin($0 * .pi / 180))] }
        return PatchFeatures(
            grid: PatchGrid(rows: 1, columns: degrees.count),
            rows: Matrix(rows: degrees.count, columns: 2, values: values))
    }

    private func score(_ scorer: any Scorer, _ features: PatchFeatures, only patches: [Int]? = nil) -> ScoreMap {
        let mask = patches.map { PatchMask($0, of: features.grid) } ?? PatchMask(all: features.grid)
        return scorer.score(features, counting: mask, .serial)
    }

    // MARK: Patch memory

    @Test func patchCoreIsThatOfScikitLearn() throws {
        for example in try cases() {
            let method = PatchCoreMethod().with { $0.memory.coresetBudget = 0 }
            let scorer = example.fitted(PatchMemoryFit(method.memory, shotCount: example.shots.count))
            let scores = score(scorer, example.features(example.query))
            // A distance is the root of 1 - cosine, which single precision knows to 1e-7.
            #expect(agree(scores.values, example.patchcore, absolute: 1e-4))
            #expect(agree([scores.imageScore], [example.patchcoreImage], absolute: 1e-4))
        }
    }

    @Test func aDistanceWhereTheMemoryIsSparseWeighsMore() {
        // Euclidean distances of unit vectors: 2 sin(angle / 2). A query at 60 degrees, 30 from its nearest.
        func image(_ memory: [Double]) -> Float {
            var fit = PatchMemoryFit(PatchCoreMethod().memory, shotCount: 1)
            fit.add(ShotFeatures(own: .init(features: plane(memory)), turned: []))
            return score(fit.scorer(leavingOut: [], .serial), plane([60])).imageScore
        }
        func chord(_ degrees: Double) -> Double { 2 * sin(degrees / 2 * .pi / 180) }
        let near = chord(30) * (1 - exp(chord(30)) / (exp(chord(30)) + exp(chord(31))))
        let far = chord(30) * (1 - exp(chord(30)) / (exp(chord(30)) + exp(chord(150))))
        #expect(agree([image([30, 29]), image([30, -90])], [Float(near), Float(far)]))
        #expect(far > near)
        // With nothing to compare with there is no weight.
        #expect(agree([image([30])], [Float(chord(30))]))
    }

    @Test func aScorerWithoutAShotIsOneThatNeverSawIt() throws {
        for example in try cases() where example.shots.count > 1 {
            let methods: [any Core.Method] = [
                PatchMemoryMethod().with { $0.memory.coresetBudget = 0 }, PatchCoreMethod(), PaDiMMethod(),
                SPADEMethod(),
            ]
            for method in methods {
                let without = ScorerCase(
                    rows: example.rows, columns: example.columns, width: example.width,
                    shots: Array(example.shots.dropLast()), query: [], patchcore: [], patchcoreImage: 0, padim: [],
                    neighbours: 0, spade: [], spadeImage: 0)
                let last = example.shots.count - 1
                let features = example.features(example.query)
                let fit = method.fit(FitSetup(shotCount: method is PatchCoreMethod ? 1 : last))
                let one = score(example.fitted(fit, leavingOut: [last]), features)
                let other = score(without.fitted(fit), features)
                #expect(agree(one.values + [one.imageScore], other.values + [other.imageScore]), "\(method.name)")
            }
        }
    }

    // MARK: PaDiM

    @Test func padimIsThatOfScikitLearnAndSciPy() throws {
        for example in try cases() {
            let scorer = example.fitted(PaDiMFit(PaDiMMethod()))
            let scores = score(scorer, example.features(example.query))
            #expect(agree(scores.values, example.padim, absolute: 1e-4, relative: 1e-3))
            #expect(scores.imageScore == scores.values.max())
        }
    }

    @Test func padimOfOneDimensionIsTheNumberOfDeviations() throws {
        // One place, 32 shots, the kept dimension alternates around 0.6 by 0.2: the variance is 0.04, and the ridge is the mean
        // variance once more. Deviation: sqrt(0.08).
        var fit = PaDiMFit(PaDiMMethod().with { $0.dimensions = 1 })
        func place(_ value: Float) -> PatchFeatures {
            PatchFeatures(grid: PatchGrid(rows: 1, columns: 1), rows: Matrix(rows: 1, columns: 1, values: [value]))
        }
        for shot in 0..<32 { fit.add(ShotFeatures(own: .init(features: place(shot % 2 == 0 ? 0.4 : 0.8)), turned: [])) }
        let scorer = fit.scorer(leavingOut: [], .serial)
        #expect(agree([score(scorer, place(1)).imageScore], [0.4 / Float(0.08).squareRoot()]))
        #expect(agree([score(scorer, place(0.6)).imageScore], [0]))
    }

    @Test func padimKeepsTheSameDimensionsEachTimeAndNeedsNoVariance() throws {
        let settings = PaDiMMethod().with { $0.dimensions = 5 }
        let example = try #require(try cases().first)
        let one = try #require(example.fitted(PaDiMFit(settings)) as? PaDiM)
        let other = try #require(example.fitted(PaDiMFit(settings)) as? PaDiM)
        #expect(one.dimensions == other.dimensions && Set(one.dimensions).count == 5)
        #expect(one.dimensions == one.dimensions.sorted() && one.dimensions.allSatisfy { (0..<12).contains($0) })
        // Shots of one colour: every variance is 0.
        var fit = PaDiMFit(PaDiMMethod())
        fit.add(ShotFeatures(own: .init(features: plane([20, 20, 20])), turned: []))
        let scores = score(fit.scorer(leavingOut: [], .serial), plane([20, 20, 60]))
        #expect(scores.values[0] < 1e-2 && scores.values[2].isFinite && scores.values[2] > 10)
    }

    @Test func padimIsTheSameOnTwoThreadsAndWithPatchesLeftOut() throws {
        let example = try #require(try cases().first)
        let scorer = example.fitted(PaDiMFit(PaDiMMethod()))
        let features = example.features(example.query)
        let all = score(scorer, features)
        #expect(scorer.score(features, counting: PatchMask(all: example.grid), Parallelism(threads: 2)) == all)
        let some = score(scorer, features, only: [3, 17, 30])
        #expect(some.values.indices.allSatisfy { some.values[$0] == ([3, 17, 30].contains($0) ? all.values[$0] : 0) })
    }

    // MARK: SPADE

    @Test func spadeIsThatOfScikitLearn() throws {
        for example in try cases() {
            let method = SPADEMethod().with { $0.neighbours = example.neighbours }
            let scorer = try #require(example.fitted(SPADEFit(method)) as? SPADE)
            // No turned copies: no scale.
            #expect(scorer.patchScale == 1)
            let scores = score(scorer, example.features(example.query))
            #expect(agree(scores.values, example.spade, absolute: 1e-6))
            #expect(agree([scores.imageScore], [example.spadeImage], absolute: 1e-6))
        }
    }

    @Test func spadeLooksOnlyAtTheNearestShots() {
        var fit = SPADEFit(SPADEMethod().with { $0.neighbours = 1 })
        for shot in [[0.0, 20], [80, 100]] { fit.add(ShotFeatures(own: .init(features: plane(shot)), turned: [])) }
        // The picture's whole lies at 30 degrees, nearer to the first's at 10: the second's patch at 80 does not count.
        let scores = score(fit.scorer(leavingOut: [], .serial), plane([-20, 80]))
        func distance(_ degrees: Double) -> Float { Float(1 - cos(degrees * .pi / 180)) }
        #expect(agree(scores.values, [distance(20), distance(60)]))
        #expect(agree([scores.imageScore], [distance(20)]))
    }

    @Test func spadesMapHasTheUnitOfItsPicture() throws {
        var fit = SPADEFit(SPADEMethod())
        // Turned, the whole moves from 10 to 25 degrees, and the patch that moves most is 30 from its nearest.
        fit.add(ShotFeatures(own: .init(features: plane([0, 20])), turned: [.init(features: plane([0, 50]))]))
        let scorer = try #require(fit.scorer(leavingOut: [], .serial) as? SPADE)
        #expect(
            agree([scorer.patchScale], [Float((1 - cos(Double.pi / 12)) / (1 - cos(Double.pi / 6)))], relative: 1e-4))
    }

    // MARK: Storage

    @Test(arguments: ["patch-memory", "patchcore", "anomalydino", "padim", "spade"])
    func everyMethodIsFittedSavedAndReadBack(name: String) throws {
        let method = try #require(Methods.named(name))
        let model = try FittedModel.fit(
            shots: (1...3).map(MadeUpPart.shot), extractor: madeUpExtractor(),
            settings: MethodSettings(method: method, layers: [1, 2]))
        let folder = try ScratchFolder()
        try model.save(to: folder.path)
        let loaded = try FittedModel.load(from: folder.path)
        #expect(loaded == model)
        let good = madeUpExtractor().features(of: MadeUpPart.picture(9), FeatureRequest(layers: [1, 2]))
        let bad = madeUpExtractor().features(of: MadeUpPart.defective(9), FeatureRequest(layers: [1, 2]))
        #expect(loaded.score(bad) == model.score(bad))
        #expect(model.score(bad).imageScore > model.score(good).imageScore)
        let one = try FittedModel.fit(
            shots: [MadeUpPart.shot(1)], extractor: madeUpExtractor(),
            settings: MethodSettings(method: method, layers: [1, 2]))
        #expect(one.score(bad).imageScore > one.score(good).imageScore)
    }

    @Test func headersThatMakeNoScorerAreRefused() throws {
        for (name, old, new) in [
            ("padim", "\"feature_width\" : 9", "\"feature_width\" : 2"),
            ("padim", "\"dimensions\" : [\n        0,", "\"dimensions\" : [\n        1,"),
            ("spade", "\"patch_scale\" : ", "\"patch_scale\" : -"),
            ("spade", "\"neighbours\" : 50,\n      \"patch_scale\"", "\"neighbours\" : 0,\n      \"patch_scale\""),
        ] {
            let folder = try ScratchFolder()
            let method = try #require(Methods.named(name))
            try FittedModel.fit(
                shots: (1...2).map(MadeUpPart.shot), extractor: madeUpExtractor(),
                settings: MethodSettings(method: method, layers: [1, 2])
            ).save(to: folder.path)
            let text = String(decoding: try folder.document(), as: UTF8.self)
            try #require(text.contains(old), "\(text)")
            try folder.seal([UInt8](text.replacing(old, with: new).utf8))
            #expect(throws: FitError.self, "\(new)") { try FittedModel.load(from: folder.path) }
        }
    }
}

@Suite struct FeatureForegroundTests {
    private struct Example: Decodable {
        let rows: Int
        let columns: Int
        let width: Int
        let features: [Float]
        let separation: Float
        let mask: [Int]
    }

    /// Features of two kinds, by whether a patch is part or ground, with a little noise.
    private func made(_ rows: Int, _ columns: Int, noise: Float = 0.1, _ isPart: (Int, Int) -> Bool) -> PatchFeatures {
        var seed = SplitMix64(seed: 11)
        var values: [Float] = []
        for row in 0..<rows {
            for column in 0..<columns {
                let centre: [Float] = isPart(row, column) ? [1, 0, 0, 1] : [0, 1, 1, 0]
                values += centre.map { $0 + Float.random(in: -noise...noise, using: &seed) }
            }
        }
        var matrix = Matrix(rows: rows * columns, columns: 4, values: values)
        matrix.normalizeRows()
        return PatchFeatures(grid: PatchGrid(rows: rows, columns: columns), rows: matrix)
    }

    private func everything(_ features: PatchFeatures) -> PatchMask { PatchMask(all: features.grid) }

    @Test func theMaskIsThatOfScikitLearnAndSciPy() throws {
        let example = try scorerFixture("foreground", as: Example.self)
        let features = PatchFeatures(
            grid: PatchGrid(rows: example.rows, columns: example.columns),
            rows: Matrix(rows: example.rows * example.columns, columns: example.width, values: example.features))
        let foreground = try #require(FeatureForeground(features, counting: everything(features)))
        let mask = foreground.mask(of: features, counting: everything(features))
        #expect(mask?.patches == example.mask.indices.filter { example.mask[$0] == 1 })
    }

    @Test func theThresholdSeparatesTwoGroups() throws {
        let cut = try #require(FeatureForeground.otsu([5, 1, 2, 6, 1, 5]))
        // Means 4/3 and 16/3 of halves: (4 / 2) squared between them, 29/6 - ... of all.
        #expect(cut.threshold == 3.5)
        #expect(abs(cut.separation - 4 / (92 / 6 - Float(100) / 9)) < 1e-5)
        #expect(FeatureForeground.otsu([2, 2, 2]) == nil)
    }

    @Test func aPartInTheMiddleIsFoundWithItsHoleAndItsRim() throws {
        // Rows 3 ... 6 and columns 3 ... 7, with a hole: one patch wider, and filled.
        let shot = made(10, 12) { row, column in
            (3...6).contains(row) && (3...7).contains(column) && !(row == 4 && column == 5)
        }
        let foreground = try #require(FeatureForeground(shot, counting: everything(shot)))
        let expected = (0..<120).filter { (2...7).contains($0 / 12) && (2...8).contains($0 % 12) }
        #expect(foreground.mask(of: shot, counting: everything(shot))?.patches == expected)
        // Another place in another picture, and only what counts.
        let other = made(10, 12) { row, column in row < 3 && column > 8 }
        let corner = foreground.mask(of: other, counting: PatchMask(Array(0..<24), of: other.grid))?.patches
        #expect(corner == [8, 9, 10, 11, 20, 21, 22, 23])
    }

    @Test func aMissingPartIsAsFarAsCanBe() throws {
        let shot = made(10, 10) { row, column in (3...6).contains(row) && (3...6).contains(column) }
        var fit = PatchMemoryFit(AnomalyDINOMethod().memory, shotCount: 1)
        fit.add(ShotFeatures(own: .init(features: shot), turned: []))
        let memory = try #require(fit.scorer(leavingOut: [], .serial) as? PatchMemory)
        // The memory has the rim of the part, which shows the ground: nothing of the ground would be far from it.
        let empty = made(10, 10) { _, _ in false }
        let scores = memory.score(empty, counting: PatchMask(Array(10..<40), of: empty.grid), .serial)
        #expect(scores.imageScore == 2)
        #expect(scores.values.indices.allSatisfy { scores.values[$0] == ((10..<40).contains($0) ? 2 : 0) })
        // Half of it may be hidden.
        let half = made(10, 10) { row, column in (3...4).contains(row) && (3...6).contains(column) }
        #expect(memory.score(half, counting: everything(half), .serial).imageScore < 1)
        let loaded = try memory.stored.scorer()
        #expect(loaded.stored == memory.stored)
        #expect(
            loaded.score(half, counting: everything(half), .serial)
                == memory.score(half, counting: everything(half), .serial))
        let speck = made(10, 10) { row, column in row == 4 && column == 4 }
        #expect(memory.score(speck, counting: everything(speck), .serial).imageScore == 2)
        #expect(memory.score(shot, counting: everything(shot), .serial).imageScore < 1e-5)
    }

    @Test func whatHasNoPartInTheMiddleHasNoForeground() {
        let plain = made(9, 9, noise: 0.3) { _, _ in true }
        #expect(FeatureForeground(plain, counting: everything(plain)) == nil)
        let checks = made(10, 10) { row, column in (row / 2 + column / 2) % 2 == 0 }
        #expect(FeatureForeground(checks, counting: everything(checks)) == nil)
        let halves = made(10, 10) { row, _ in row < 5 }
        #expect(FeatureForeground(halves, counting: everything(halves)) == nil)
        let speck = made(12, 12) { row, column in row == 6 && column == 6 }
        #expect(FeatureForeground(speck, counting: everything(speck)) == nil)
    }
}
