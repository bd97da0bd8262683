import Core
import Foundation
import Testing

/// ``madeUpExtractor()``, whatever the input size.
func madeUpSource() -> ExtractorSource {
    ExtractorSource(
        name: "made-up", sha256: "0123", layerCount: 2, defaultInputSize: 32, defaultLayers: [1], accepts: { _ in true }
    ) { _ in madeUpExtractor() }
}

@Suite struct FewShotProtocolTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func write(_ image: Image, _ path: String) throws {
        let url = URL(filePath: folder.path + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(image.pngBytes()).write(to: url)
    }

    /// 6 or more good parts to learn from, 5 good and 3 defective to test; masks are half as fine as the pictures.
    private func makeDataSet(withMasks: Bool, train: Int = 6) throws -> DataSet {
        for number in 0..<train { try write(MadeUpPart.picture(number), "train/good/\(number).png") }
        for number in 0..<5 { try write(MadeUpPart.picture(50 + number), "test/good/\(number).png") }
        for number in 0..<3 {
            try write(MadeUpPart.defective(80 + number), "test/square/\(number).png")
            var mask = Image(height: 20, width: 28, pixels: [UInt8](repeating: 0, count: 20 * 28 * 3))
            for row in 8..<12 {
                for column in 12..<16 { mask.pixels[(row * 28 + column) * 3] = 255 }
            }
            if withMasks { try write(mask, "ground_truth/square/\(number)_mask.png") }
        }
        return try #require(try DataSet.readAll(in: folder.path).first)
    }

    private func evaluate(
        _ set: DataSet, shots: [Int] = [1, 3], cache: (EvaluationCache, EvaluationCache.Key)? = nil,
        settings: MethodSettings = MethodSettings.memory(layers: [1, 2], rotations: 1), outliers: Int = 0,
        stream: Int = 0
    ) throws -> [ShotEvaluation] {
        var time = Duration.zero
        let evaluation = FewShotProtocol(
            extractors: madeUpSource(), settings: settings, parallelism: .serial, cache: cache,
            remembersFeatures: outliers > 0, warn: { Issue.record("\($0)") }
        ) {
            time += .milliseconds(1)
            return time
        }
        var plans = try FewShotProtocol.plans(of: set, shotCounts: shots, seeds: 2)
        if outliers > 0 { plans = FewShotProtocol.withOutliers(plans, outliers, of: set) }
        if stream > 0 { plans = try FewShotProtocol.withStream(plans, of: set, count: stream, defects: 0.1) }
        return try evaluation.evaluate(set, plans: plans)
    }

    @Test func whatTaughtAModelIsNoTestAndNoShotTeaches() throws {
        let set = try makeDataSet(withMasks: false, train: 14)
        let results = try evaluate(
            set, shots: [1], settings: MethodSettings(method: AutoMethod(), layers: [1, 2]), stream: 11)
        #expect(results.map(\.set) == ["\(set.name) and 11 parts"])
        for run in results.flatMap(\.runs) {
            let stream = try #require(run.stream)
            #expect(stream.pictures.count == 11 && stream.defective == 1)
            #expect(Set(stream.pictures.dropLast()).isDisjoint(with: run.shots))
            #expect(run.pictures.count == 7 && stream.lesson?.parts.count == 11)
            #expect(run.evidence.isOfStream)
        }
    }

    @Test func aStreamOfAKindOfDefectThatThereIsNotIsRefused() throws {
        let set = try makeDataSet(withMasks: false, train: 14)
        let plans = try FewShotProtocol.plans(of: set, shotCounts: [1], seeds: 1)
        #expect(throws: DataSetError.self) {
            _ = try FewShotProtocol.withStream(plans, of: set, count: 11, defects: 0.1, kind: "circle")
        }
        let found = try FewShotProtocol.withStream(plans, of: set, count: 11, defects: 0.1, kind: "square")
        #expect(found.count == 1)
    }

    private func cache(
        in directory: String, capacity: Int = 1 << 20,
        settings: MethodSettings = MethodSettings.memory(layers: [1, 2], rotations: 1)
    ) -> (EvaluationCache, EvaluationCache.Key) {
        (
            EvaluationCache(directory: directory, capacity: capacity),
            .init(program: "abc", backbone: madeUpExtractor().identity, settings: settings, threads: 1)
        )
    }

    @Test func everyTestPictureIsScoredForEveryChoiceOfShots() throws {
        let results = try evaluate(try makeDataSet(withMasks: true))
        #expect(results.map(\.shots) == [1, 3])
        #expect(results[1].runs.map(\.shots) == [["0.png", "1.png", "2.png"], ["3.png", "4.png", "5.png"]])
        for run in results.flatMap(\.runs) {
            #expect(run.pictures.count == 8)
            #expect(run.figures[.imageAUROC] == 1)
            #expect(try #require(run.figures[.pixelAUROC]) > 0.9)
            #expect(try #require(run.figures[.aupro]) > 0.7)
            #expect(run.figures[.millisecondsPerImage] == 2)
        }
    }

    @Test func anOutlierIsOneMoreShotAndNoTest() throws {
        let set = try makeDataSet(withMasks: false)
        let good = try evaluate(set, shots: [3])
        let results = try evaluate(set, shots: [3], outliers: 2)
        #expect(results.map(\.set) == [set.name, set.name + " and an outlier"])
        #expect(results[0].runs.map(\.pictures) == good[0].runs.map(\.pictures))
        #expect(results[1].runs.count == 4)
        for run in results[1].runs {
            let outlier = try #require(run.outlier)
            #expect(run.oddShots == [outlier] && run.evidence.shotCount == 3)
            let expected = results[0].runs[run.seed].pictures.filter { $0.file != outlier }
            #expect(run.pictures == expected && expected.count == 7)
        }
    }

    @Test func ratesAreThoseAtTheLimitOfTheShots() throws {
        for run in try evaluate(try makeDataSet(withMasks: false)).flatMap(\.runs) {
            let limit = try #require(run.figures[.limit])
            let rejected = run.pictures.filter { Double($0.score) >= limit }
            #expect(run.figures[.falseRejectRate] == Double(rejected.count { $0.defect == nil }) / 5)
            #expect(run.figures[.escapeRate] == 1 - Double(rejected.count { $0.defect != nil }) / 3)
            #expect(Float(limit) == run.evidence.limit)
        }
    }

    @Test func figuresOfPixelsAreNullWithoutMasks() throws {
        let results = try evaluate(try makeDataSet(withMasks: false), shots: [1])
        let json = String(decoding: try JSONEncoder().encode(results), as: UTF8.self)
        #expect(json.contains("\"p_auroc\":null") && json.contains("\"aupro\":null"))
        #expect(json.contains("\"i_auroc\":1") && json.contains("\"std\":{") && json.contains("\"seeds\":2"))
    }

    @Test func meansAndDeviationsAreOverTheSeeds() throws {
        let result = try #require(try evaluate(try makeDataSet(withMasks: false), shots: [2]).first)
        let limits = result.runs.compactMap { $0.figures[.limit] }
        #expect(limits.count == 2)
        #expect(abs(try #require(result.mean[.limit]) - (limits[0] + limits[1]) / 2) < 1e-12)
        // Of two numbers the population deviation is half their distance.
        #expect(abs(try #require(result.deviation[.limit]) - abs(limits[0] - limits[1]) / 2) < 1e-12)
    }

    @Test func aPictureThatCannotBeReadIsNamed() throws {
        let set = try makeDataSet(withMasks: false)
        _ = try folder.file("test/good/2.png", [1, 2, 3])
        #expect {
            _ = try evaluate(set)
        } throws: { error in
            "\(error)".contains("test/good/2.png")
        }
    }

    @Test func aRepeatedEvaluationComesFromTheCache() throws {
        let set = try makeDataSet(withMasks: true)
        let cache = cache(in: folder.path + "/cache")
        let first = try evaluate(set, cache: cache)
        let second = try evaluate(set, cache: cache)
        #expect(first.flatMap(\.runs).allSatisfy { !$0.isCached })
        #expect(second.flatMap(\.runs).allSatisfy { $0.isCached })
        for (computed, cached) in zip(first.flatMap(\.runs), second.flatMap(\.runs)) {
            var expected = computed
            expected.isCached = true
            #expect(cached == expected)
        }
        // More shots: what is known is not computed again.
        let third = try evaluate(set, shots: [1, 2], cache: cache)
        #expect(third.map { $0.runs.map(\.isCached) } == [[true, true], [false, false]])
    }

    @Test func anotherPictureOrSettingIsComputedAgain() throws {
        let set = try makeDataSet(withMasks: false)
        let cache = cache(in: folder.path + "/cache")
        _ = try evaluate(set, shots: [1], cache: cache)
        let others = MethodSettings.memory(layers: [1], rotations: 1)
        let other = self.cache(in: folder.path + "/cache", settings: others)
        #expect(try evaluate(set, shots: [1], cache: other, settings: others)[0].runs.allSatisfy { !$0.isCached })
        try write(MadeUpPart.defective(99), "test/square/0.png")
        #expect(try evaluate(set, shots: [1], cache: cache)[0].runs.allSatisfy { !$0.isCached })
        // Only the first seed learns from this picture.
        _ = try evaluate(set, shots: [1], cache: cache)
        try write(MadeUpPart.picture(77), "train/good/0.png")
        #expect(try evaluate(set, shots: [1], cache: cache)[0].runs.map(\.isCached) == [false, true])
    }

    @Test func aDamagedEntryIsComputedAgain() throws {
        let set = try makeDataSet(withMasks: false)
        let cache = cache(in: folder.path + "/cache")
        let first = try evaluate(set, shots: [1], cache: cache)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache") {
            try Data("{\"run\":{\"seed\":0".utf8).write(to: URL(filePath: folder.path + "/cache/" + name))
        }
        let second = try evaluate(set, shots: [1], cache: cache)
        #expect(second[0].runs == first[0].runs)
        #expect(try evaluate(set, shots: [1], cache: cache)[0].runs.allSatisfy(\.isCached))
    }

    @Test func theCacheStaysWithinItsBound() throws {
        let set = try makeDataSet(withMasks: false)
        _ = try evaluate(set, shots: [1], cache: cache(in: folder.path + "/cache"))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache")
        let sizes = try names.map { name in
            try Data(contentsOf: URL(filePath: folder.path + "/cache/" + name)).count
        }
        #expect(sizes.count == 2)
        let small = cache(in: folder.path + "/small", capacity: try #require(sizes.max()) + 16)
        _ = try evaluate(set, shots: [1], cache: small)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/small").count == 1)
        // The last one was kept.
        #expect(try evaluate(set, shots: [1], cache: small)[0].runs.map(\.isCached) == [false, true])
    }

    @Test func fewerSeedsWhereThePicturesDoNotSuffice() throws {
        let set = try makeDataSet(withMasks: false)
        let plans = try FewShotProtocol.plans(of: set, shotCounts: [1, 4], seeds: 3, takingFewer: true)
        #expect(plans.map(\.shots) == [1, 1, 1, 4])
        #expect(throws: DataSetError.tooFewShots(set: set.name, shots: 4, seeds: 2, found: 6)) {
            try FewShotProtocol.plans(of: set, shotCounts: [1, 4], seeds: 3)
        }
        #expect(throws: DataSetError.tooFewShots(set: set.name, shots: 7, seeds: 1, found: 6)) {
            try FewShotProtocol.plans(of: set, shotCounts: [7], seeds: 3, takingFewer: true)
        }
    }

    @Test func theBestLimitIsNoWorseThanThatOfTheShots() throws {
        for run in try evaluate(try makeDataSet(withMasks: false)).flatMap(\.runs) {
            let accuracy = try #require(run.figures[.balancedAccuracy])
            #expect(accuracy == 1 - (run.figures[.falseRejectRate] ?? 9) / 2 - (run.figures[.escapeRate] ?? 9) / 2)
            #expect(run.figures[.bestBalancedAccuracy] == 1)
            #expect(run.figures[.balancedAccuracyRatio] == accuracy)
        }
    }
}
