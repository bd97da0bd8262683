import Core
import Foundation
import Testing

@Suite struct FittedModelTests {
    private var settings: MethodSettings { .memory(layers: [1, 2], rotations: 1, coresetBudget: 0) }

    private func fit(_ shots: [Shot], _ settings: MethodSettings? = nil) throws -> FittedModel {
        try FittedModel.fit(shots: shots, extractor: madeUpExtractor(), settings: settings ?? self.settings)
    }

    private func score(_ image: Image, _ model: FittedModel) -> ScoreMap {
        model.score(madeUpExtractor().features(of: image, FeatureRequest(layers: model.layers)))
    }

    @Test func aShotIsNoAnomaly() throws {
        let model = try fit([MadeUpPart.shot(1)])
        #expect(score(MadeUpPart.picture(1), model).values.allSatisfy { $0 <= 0.05 })
    }

    @Test func moreShotsNeverRaiseAScore() throws {
        let few = try fit([MadeUpPart.shot(1), MadeUpPart.shot(2)])
        let more = try fit((1...4).map(MadeUpPart.shot))
        for picture in [MadeUpPart.picture(9), MadeUpPart.defective(9)] {
            for (before, after) in zip(score(picture, few).values, score(picture, more).values) {
                // As the scorer has them: their unit is another one with more shots.
                #expect(after * more.calibration.unit <= before * few.calibration.unit + 1e-6)
            }
        }
    }

    @Test func aDefectIsRejectedAndFoundAndAGoodPartIsNot() throws {
        let model = try fit(
            (1...4).map(MadeUpPart.shot), .memory(layers: [1, 2], rotations: 4, coresetBudget: 200))
        #expect(score(MadeUpPart.picture(20), model).imageScore <= model.calibration.limit)
        let bad = score(MadeUpPart.defective(20), model)
        #expect(bad.imageScore > model.calibration.limit)
        let map = model.anomalyMap(of: bad, height: 40, width: 56)
        let regions = model.regions(in: map, imageScore: bad.imageScore)
        let best = try #require(regions.first)
        #expect((best.x...best.x + best.width).contains(28) && (best.y...best.y + best.height).contains(20))
    }

    @Test func aRejectedPartAlwaysShowsARegion() throws {
        let model = try fit([MadeUpPart.shot(1), MadeUpPart.shot(2)])
        let map = Matrix(
            rows: 4, columns: 4, values: [Float](repeating: 0, count: 15) + [model.calibration.limit * 0.9])
        #expect(model.regions(in: map, imageScore: model.calibration.limit * 1.1).count == 1)
        #expect(model.regions(in: map, imageScore: model.calibration.limit * 0.9).isEmpty)
    }

    @Test func coresetKeepsItsBudget() throws {
        let model = try fit(
            (1...3).map(MadeUpPart.shot), .memory(layers: [1], rotations: 8, coresetBudget: 60))
        #expect(model.memoryRows == 60)
    }

    @Test func aShotThatComesTwiceCountsOnce() throws {
        let twice = try fit([MadeUpPart.shot(1), MadeUpPart.shot(2), MadeUpPart.shot(1)])
        #expect(twice == (try fit([MadeUpPart.shot(1), MadeUpPart.shot(2)])))
    }

    @Test func oneShotWorksAndSaysHowLittleItSupports() throws {
        let calibration = try fit([MadeUpPart.shot(1)]).calibration
        #expect(calibration.limit > 0 && calibration.limit < 2)
        #expect(calibration.evidence.supportedFalseRejectRate == 0.5)
        #expect(calibration.evidence.scores.count == 7)
    }

    @Test func aLimitSetByHandStaysUntilAutomaticIsAskedFor() throws {
        let model = try fit([MadeUpPart.shot(1)])
        let manual = model.withLimit(0.75)
        #expect(manual.calibration.limit == 0.75 && manual.calibration.origin == .manual)
        #expect(manual.calibration.evidence == model.calibration.evidence)
        #expect(manual.withAutomaticLimit() == model)
    }

    @Test func progressReachesTheEndAndCancellingStops() throws {
        var shares: [Double] = []
        _ = try FittedModel.fit(
            shots: [MadeUpPart.shot(1), MadeUpPart.shot(2)], extractor: madeUpExtractor(),
            settings: .memory(layers: [1], rotations: 4)
        ) { shares.append($0) }
        #expect(shares.count == 2 * 4 && shares == shares.sorted() && shares.last == 1)
        var passes = 0
        #expect(throws: FitError.cancelled) {
            try FittedModel.fit(
                shots: [MadeUpPart.shot(1)], extractor: madeUpExtractor(), settings: settings,
                progress: { _ in passes += 1 }, isCancelled: { passes == 3 })
        }
        #expect(passes == 3)
    }

    @Test func badSettingsAreRefused() {
        #expect(throws: FitError.noShots) { try fit([]) }
        for settings in [
            MethodSettings(layers: [3]), MethodSettings(layers: []), MethodSettings(layers: [1, 1]),
            .memory(layers: [1], rotations: 3), .memory(layers: [1], coresetBudget: -1),
            MethodSettings(layers: [1], smoothing: .nan),
            MethodSettings(method: AutoMethod().with { $0.fitBudget = 0 }, layers: [1]),
        ] {
            #expect {
                try fit([MadeUpPart.shot(1)], settings)
            } throws: { error in
                if case .badSettings = error as? FitError { true } else { false }
            }
        }
    }

    @Test func aFitUsesTheBackbonesDefaultsAndTheModelNamesThem() throws {
        let extractor = madeUpExtractor()
        let source = ExtractorSource(
            name: "made-up", sha256: "0123", layerCount: 2, defaultInputSize: 32, defaultLayers: [2],
            accepts: { $0 == 32 }, make: { _ in madeUpExtractor() })
        let model = try FittedModel.fit(shots: [MadeUpPart.shot(1)], extractors: source, settings: MethodSettings())
        #expect(model.layers == [2] && model.settings.inputSize == 32 && model.backbone == extractor.identity)
        #expect(source.serves(model))
        #expect(throws: FitError.badSettings("input size: expected one that made-up takes, got 64")) {
            try FittedModel.fit(
                shots: [MadeUpPart.shot(1)], extractors: source, settings: MethodSettings(inputSize: 64))
        }
        let shallow = ExtractorSource(
            name: "made-up", sha256: "0123", layerCount: 1, defaultInputSize: 32, defaultLayers: [1],
            accepts: { _ in true }, make: { _ in madeUpExtractor() })
        #expect(!shallow.serves(model))
    }

    @Test func aShotThatCannotBeDecodedIsNamed() throws {
        let whole = MadeUpPart.picture(1).pngBytes()
        let cut = try Shot(sha256: "cut", picture: Picture(.file, bytes: Array(whole.prefix(whole.count / 2))))
        #expect {
            try fit([MadeUpPart.shot(1), cut])
        } throws: { error in
            if case .shotUnreadable("cut", _) = error as? FitError { true } else { false }
        }
    }

    @Test func featuresOfAnotherKindAreNotAccepted() throws {
        let model = try fit([MadeUpPart.shot(1)])
        let features = madeUpExtractor().features(of: MadeUpPart.picture(1), FeatureRequest(layers: [1]))
        #expect(!model.accepts(features))
    }

    @Test func aTurnedCopyLeavesOutTheRepeatedBorder() {
        let image = Image(height: 20, width: 40, pixels: [UInt8](repeating: 0, count: 2400))
        let grid = PatchGrid(rows: 2, columns: 4)
        #expect(RotatedCopy(of: image, degrees: 0).patchesInside(grid).count == 8)
        #expect(RotatedCopy(of: image, degrees: 180).patchesInside(grid).count == 8)
        // On its side the picture is 20 wide: only the middle columns show it.
        #expect(RotatedCopy(of: image, degrees: 90).patchesInside(grid) == [1, 2, 5, 6])
    }

    @Test func aScoreAtTheLimitIsARejectWithAPlace() throws {
        let model = try fit([MadeUpPart.shot(1)])
        let map = score(MadeUpPart.defective(2), model)
        let atLimit = model.withLimit(map.imageScore)
        let anomalyMap = atLimit.anomalyMap(of: map, height: 40, width: 56)
        #expect(map.imageScore.isReject(at: atLimit.calibration.limit))
        #expect(atLimit.regions(in: anomalyMap, imageScore: map.imageScore).count == 1)
    }

    @Test func aMethodWhoseScoresAreNoNumbersFailsTheFitAndNotTheProgram() throws {
        // Odds of so large an embedding overflow.
        let base = madeUpReader()
        let loud = FeatureExtractor(identity: base.identity, layerCount: 2) { image, request, _ in
            let features = base.features(of: image, request)
            return Features(classToken: features.classToken?.map { $0 * 1e6 }, layers: features.layers)
        }
        let anchors = TextAnchors(normal: [1, 0, 0, 0, 0, 0], abnormal: [0, 1, 0, 0, 0, 0])
        let none = FeatureExtractor(identity: base.identity, layerCount: 2) { image, request, _ in
            let features = base.features(of: image, request)
            let broken = features.layers.mapValues { map in
                FeatureMap(
                    grid: map.grid,
                    tokens: Matrix(
                        rows: map.tokens.rows, columns: map.tokens.columns, values: map.tokens.values.map { _ in .nan })
                )
            }
            return Features(classToken: features.classToken, layers: broken)
        }
        for (extractor, method) in [
            (loud, AAClipMethod() as any Core.Method), (none, PaDiMMethod()), (none, PatchMemoryMethod()),
        ] {
            #expect {
                try FittedModel.fit(
                    shots: (1...2).map(MadeUpPart.shot), extractor: extractor,
                    settings: MethodSettings(method: method, layers: [1]), anchors: anchors)
            } throws: { error in
                guard case .notFinite = error as? FitError else { return false }
                return "\(error)".contains("fsacctl model verify")
            }
        }
    }

    @Test func whoeverCannotReadAShotIsToldTheCommandThatRemovesIt() {
        let error = FitError.shotUnreadable(sha256: "0123", .notAnImage(firstBytes: []))
        #expect("\(error)".contains("`fsacctl normals remove`"))
    }
}
