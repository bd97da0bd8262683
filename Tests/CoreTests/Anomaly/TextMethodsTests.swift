import Core
import Foundation
import Testing

/// What `Tools/make_winclip_fixtures.py` wrote.
private struct WinCLIPCase: Decodable {
    struct View: Decodable {
        let embedding: [Float]
        let patches: [Float]
        let windows2: [Float]
        let windows3: [Float]
    }

    let rows: Int
    let columns: Int
    let width: Int
    let anchors: [Float]
    let shots: [View]
    let query: View
    let map: [Float]
    let score: Float
    let zeroShot: Float

    var grid: PatchGrid { PatchGrid(rows: rows, columns: columns) }
    private var embeddingWidth: Int { anchors.count / 2 }
    var textAnchors: TextAnchors {
        TextAnchors(normal: Array(anchors[..<embeddingWidth]), abnormal: Array(anchors[embeddingWidth...]))
    }

    static func all() throws -> [WinCLIPCase] {
        let path = try #require(Bundle.module.path(forResource: "Fixtures/scorers/winclip.json", ofType: nil))
        return try JSONDecoder().decode([WinCLIPCase].self, from: Data(contentsOf: URL(filePath: path)))
    }

    func features(_ view: View) -> PatchFeatures {
        func windows(_ side: Int, _ values: [Float]) -> FeatureMap {
            let grid = PatchGrid(rows: rows - side + 1, columns: columns - side + 1)
            return FeatureMap(grid: grid, tokens: Matrix(rows: grid.count, columns: embeddingWidth, values: values))
        }
        var patches = Matrix(rows: grid.count, columns: width, values: view.patches)
        patches.normalizeRows()
        return PatchFeatures(
            grid: grid, rows: patches,
            whole: WholePicture(
                embedding: view.embedding, windows: [2: windows(2, view.windows2), 3: windows(3, view.windows3)]))
    }

    func scorer(_ method: any Core.Method, leavingOut left: Set<Int> = []) -> any Scorer {
        var fit = method.fit(FitSetup(shotCount: shots.count, anchors: textAnchors))
        for shot in shots { fit.add(ShotFeatures(own: .init(features: features(shot)), turned: [])) }
        return fit.scorer(leavingOut: left, .serial)
    }
}

@Suite struct TextMethodsTests {
    @Test func winCLIPScoresAsNumPyDoes() throws {
        for expected in try WinCLIPCase.all() {
            let map = expected.scorer(WinCLIPMethod())
                .score(expected.features(expected.query), counting: PatchMask(all: expected.grid), .serial)
            #expect(abs(map.imageScore / (expected.score / (1 - expected.score)) - 1) < 1e-4)
            // The map is the paper's up to its scale, which the image score gives.
            let largest = try #require(expected.map.max())
            for (got, paper) in zip(map.values, expected.map) {
                #expect(abs(got - paper / largest * map.imageScore) < 1e-4 * map.imageScore)
            }
        }
    }

    @Test func zeroShotScoreIsTheOddsOfTheAbnormalText() throws {
        let expected = try WinCLIPCase.all()[0]
        let anchors = expected.textAnchors
        let width = anchors.normal.count
        // A picture whose patches are the two texts themselves.
        let rows = Matrix(rows: 2, columns: width, values: anchors.normal + anchors.abnormal)
        let features = PatchFeatures(
            grid: PatchGrid(rows: 1, columns: 2), rows: rows, whole: WholePicture(embedding: expected.query.embedding))
        let map = expected.scorer(ZeroShotMethod()).score(features, counting: PatchMask(all: features.grid), .serial)
        #expect(abs(1 / (1 + 1 / map.imageScore) - expected.zeroShot) < 1e-6)
        #expect(map.values[1] == map.imageScore && map.values[0] < map.values[1])
    }

    @Test func aShotThatIsLeftOutIsUnknownToWinCLIP() throws {
        let expected = try WinCLIPCase.all()[1]
        let shot = expected.features(expected.shots[0])
        let mask = PatchMask(all: expected.grid)
        let known = expected.scorer(WinCLIPMethod()).score(shot, counting: mask, .serial).imageScore
        let unknown = expected.scorer(WinCLIPMethod(), leavingOut: [0]).score(shot, counting: mask, .serial).imageScore
        #expect(known < unknown)
    }

    @Test func patchesThatDoNotCountHaveNoScore() throws {
        let expected = try WinCLIPCase.all()[0]
        for method in [WinCLIPMethod(), ZeroShotMethod()] as [any Core.Method]
        where expected.width == expected.anchors.count / 2 || method is WinCLIPMethod {
            let map = expected.scorer(method)
                .score(expected.features(expected.query), counting: PatchMask([3, 8], of: expected.grid), .serial)
            #expect(map.values.indices.filter { map.values[$0] > 0 } == [3, 8])
        }
    }

    @Test func aSavedScorerScoresTheSame() throws {
        for expected in try WinCLIPCase.all() {
            for method in [WinCLIPMethod(), ZeroShotMethod()] as [any Core.Method] {
                let scorer = expected.scorer(method)
                let read = try scorer.stored.scorer()
                #expect(read.stored == scorer.stored)
            }
            var damaged = expected.scorer(WinCLIPMethod()).stored
            damaged.tensors["windows.2"] = nil
            #expect(throws: DamagedSection.self) { try damaged.scorer() }
        }
    }
}

@Suite struct WordingTests {
    @Test func theEnsembleHas154SentencesForGoodAnd88ForBadParts() {
        let sentences = Wording(object: "bottle cap").sentences
        #expect(sentences.normal.count == 7 * 22 && sentences.abnormal.count == 4 * 22)
        #expect(Set(sentences.normal + sentences.abnormal).count == 242)
        #expect(sentences.normal[0] == "a cropped photo of the bottle cap.")
        #expect(sentences.normal.contains("a jpeg corrupted photo of a flawless bottle cap."))
        #expect(sentences.abnormal.contains("a photo of the small bottle cap with damage."))
    }

    @Test func aTextWithoutAPlaceForTheNameIsRefused() throws {
        #expect(
            PromptEnsemble(normal: ["good"]).problem
                == "prompts: normal: expected one {} in each of at most 200 characters, got \"good\"")
        #expect(PromptEnsemble(templates: ["{} and {}"]).problem != nil)
        #expect(PromptEnsemble(abnormal: []).problem == "prompts: abnormal: expected 1 to 1000 texts, got 0")
        #expect(PromptEnsemble().problem == nil)
    }

    @Test func aTextThatTheTokenizerWouldHaveToRepairIsRefused() throws {
        let settings = MethodSettings(method: WinCLIPMethod(), wording: Wording(object: "nut &amp; bolt"))
        let references = "expected a text without HTML's references (write the character itself), got &amp;"
        #expect(settings.problem(layerCount: 1) == "object: " + references)
        #expect(PromptEnsemble(normal: ["{}", "a&amp;b {}"]).problem == "prompts: normal: " + references)
    }

    @Test func anchorsAreTheNormalisedMeanOfNormalisedEmbeddings() throws {
        let wording = Wording(
            object: "cap", prompts: PromptEnsemble(normal: ["{}"], abnormal: ["bad {}"], templates: ["a {}", "the {}"]))
        var asked: [[String]] = []
        let anchors = try TextAnchors(wording) { texts throws(WeightsError) in
            asked.append(texts)
            // Of very different lengths, which must not matter.
            return Matrix(rows: 2, columns: 2, values: asked.count == 1 ? [10, 0, 0, 0.1] : [0, 3, 0, 1])
        }
        #expect(asked == [["a cap", "the cap"], ["a bad cap", "the bad cap"]])
        let half = Float(0.5).squareRoot()
        #expect(abs(anchors.normal[0] - half) < 1e-6 && abs(anchors.normal[1] - half) < 1e-6)
        #expect(anchors.abnormal == [0, 1])
    }

    @Test func anchorsAreComputedOnceForTheSameWeightsAndWords() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "anchors-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cache = TextAnchorCache(directory: folder)
        var computed = 0
        func anchors(_ weights: String, _ object: String) throws -> TextAnchors {
            try cache.anchors(weights: weights, Wording(object: object)) { () throws(WeightsError) in
                computed += 1
                return TextAnchors(normal: [1, 0], abnormal: [0, Float(computed)])
            }
        }
        let first = try anchors("aa", "cap")
        #expect(try anchors("aa", "cap") == first && computed == 1)
        _ = try anchors("aa", "bottle")
        _ = try anchors("bb", "cap")
        #expect(computed == 3)
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            try Data("damaged".utf8).write(to: URL(filePath: folder + "/" + file))
        }
        _ = try anchors("aa", "cap")
        #expect(computed == 4)
        // One bit of a number makes another anchor, which looks as good.
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let file = URL(filePath: folder + "/" + name)
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: file)
        }
        _ = try anchors("aa", "cap")
        #expect(computed == 5)
    }

    @Test func theLongestUnusedAnchorsAreForgottenWhenThereAreTooMany() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "anchors-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder) }
        func anchors(_ object: String, capacity: Int) throws {
            let cache = TextAnchorCache(directory: folder, capacity: capacity)
            _ = try cache.anchors(weights: "aa", Wording(object: object)) { () throws(WeightsError) in
                TextAnchors(normal: [1, 0], abnormal: [0, 1])
            }
        }
        try anchors("cap", capacity: 1 << 20)
        let first = try #require(try files().first)
        let bytes = try Data(contentsOf: URL(filePath: folder + "/" + first)).count
        for object in ["bottle", "box"] { try anchors(object, capacity: 1 << 20) }
        for (age, file) in try files().enumerated() {
            let used = Date(timeIntervalSinceNow: file == first ? -900 : -100 * Double(age + 1))
            try FileManager.default.setAttributes([.modificationDate: used], ofItemAtPath: folder + "/" + file)
        }
        // Used again, the oldest is the newest.
        try anchors("cap", capacity: 3 * bytes)
        try anchors("screw", capacity: 3 * bytes)
        #expect(try files().count == 3 && files().contains(first))
    }
}
