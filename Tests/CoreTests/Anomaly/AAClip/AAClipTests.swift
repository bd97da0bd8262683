import Core
import Foundation
import TestSupport
import Testing

/// Against PyTorch: 1e-4 of the largest number.
@Suite struct AAClipTests {
    private let fixture: AAClipFixture
    private var adapters: AAClipAdapters { fixture.adapters }

    init() throws { fixture = try AAClipFixture() }

    @Test func aPublishedCheckpointTellsItsShapes() throws {
        let configuration = adapters.configuration
        #expect(
            configuration
                == AAClipConfiguration(
                    imageWidth: 32, embeddingWidth: 16, imageLayers: 3, levels: 2,
                    text: .init(width: 24, layers: 2)))
        #expect(adapters.training == .paper)
        #expect(adapters.levelBlocks(depth: 4) == [2, 4])
        let paper = AAClipAdapters(
            AAClipConfiguration(imageWidth: 4, embeddingWidth: 2, text: nil), seed: 1)
        #expect(paper.levelBlocks(depth: 24) == [6, 12, 18, 24])
    }

    @Test func levelsAndDetectionAreThoseOfPyTorch() throws {
        for picture in 0..<2 {
            for level in 0..<2 {
                let got = adapters.level(level, try fixture.matrix("tokens", picture, level), .serial)
                #expect(relativeDifference(got.values, try fixture.slice("levels", picture, level)) < 1e-4)
            }
            let detection = adapters.detection(try fixture.matrix("tokens", picture, 1), Parallelism(threads: 2))
            #expect(relativeDifference(detection, try fixture.slice("detection", picture)) < 1e-4)
        }
    }

    @Test func anchorsAreMeansOfUnitVectors() throws {
        for object in 0..<2 {
            let prompts = try fixture.tensor("prompts").shape[1]
            let rows = try fixture.matrix("text").values[object * prompts * 16..<(object + 1) * prompts * 16]
            let normal = AAClipFixture.normalPrompts
            let expected = try fixture.anchors(object)
            for (range, direction) in [(0..<normal, expected.normal), (normal..<prompts, expected.abnormal)] {
                let some = Matrix(
                    rows: range.count, columns: 16,
                    values: Array(
                        rows[rows.startIndex + range.lowerBound * 16..<rows.startIndex + range.upperBound * 16])
                )
                #expect(relativeDifference(PromptAnchor(some).direction, direction) < 1e-4)
            }
        }
    }

    private func features(_ picture: Int) throws -> PatchFeatures {
        var layers: [Int: FeatureMap] = [:]
        for level in 0..<2 {
            layers[5 + level] = FeatureMap(
                grid: AAClipFixture.grid, tokens: try fixture.matrix("levels", picture, level))
        }
        let features = Features(classToken: try fixture.slice("detection", picture), layers: layers)
        return PatchFeatures(features, layers: [5, 6], localAveraging: false)
    }

    @Test func mapAndImageScoreAreThoseOfPyTorch() throws {
        let scorer = AAClip(anchors: try fixture.anchors(0), featureWidth: 32)
        let map = scorer.score(try features(0), counting: PatchMask(all: AAClipFixture.grid), .serial)
        #expect(relativeDifference(map.values, try fixture.tensor("map").values) < 1e-4)
        #expect(
            isClose(Double(map.imageScore), Double(try fixture.tensor("image_score").values[0]), atol: 0, rtol: 1e-4))
    }

    @Test func aPatchThatIsLeftOutCannotRaiseTheScore() throws {
        let scorer = AAClip(anchors: try fixture.anchors(0), featureWidth: 32)
        let whole = scorer.score(try features(0), counting: PatchMask(all: AAClipFixture.grid), .serial)
        let worst = try #require(whole.values.indices.max { whole.values[$0] < whole.values[$1] })
        let rest = PatchMask(whole.values.indices.filter { $0 != worst }, of: AAClipFixture.grid)
        let map = scorer.score(try features(0), counting: rest, .serial)
        #expect(map.values[worst] == 0)
        #expect(map.imageScore < whole.imageScore)
    }

    @Test func aSmoothedMapOfOneValueStaysIt() {
        // The border mirrors: nothing leaks in from outside, on grids smaller than the window, too.
        for grid in [PatchGrid(rows: 1, columns: 1), PatchGrid(rows: 2, columns: 3), PatchGrid(rows: 9, columns: 4)] {
            let rows = Matrix(
                rows: grid.count, columns: 2, values: (0..<grid.count).flatMap { _ in [Float(0), 1] })
            let anchors = TextAnchors(normal: [1, 0], abnormal: [0, 1])
            let features = PatchFeatures(grid: grid, rows: rows, whole: WholePicture(embedding: [0, 0.5]))
            let map = AAClip(anchors: anchors, featureWidth: 2)
                .score(features, counting: PatchMask(all: grid), .serial)
            // 1 - 0 everywhere; the picture: (1 + 0.5) / 2. The map's largest is the picture's score.
            let score = exp(0.75 / 0.07)
            #expect(isClose(Double(map.imageScore), score, atol: 0, rtol: 1e-4))
            #expect(firstDifference(map.values, map.values.map { _ in score }, atol: 0, rtol: 1e-4) == nil)
        }
    }

    @Test func aStoredScorerScoresTheSame() throws {
        let scorer = AAClip(anchors: try fixture.anchors(1), featureWidth: 32)
        let json = try JSONEncoder().encode(scorer.stored.header)
        let header = try JSONDecoder().decode(AAClip.Header.self, from: json)
        let loaded = try StoredScorer(header: header, tensors: scorer.stored.tensors).scorer()
        let mask = PatchMask(all: AAClipFixture.grid)
        #expect(loaded.featureWidth == 32)
        #expect(
            loaded.score(try features(1), counting: mask, .serial)
                == scorer.score(try features(1), counting: mask, .serial))
    }

    @Test func aDamagedScorerIsRefused() throws {
        let stored = AAClip(anchors: try fixture.anchors(1), featureWidth: 32).stored
        #expect(throws: DamagedSection.self) { try StoredScorer(header: stored.header, tensors: [:]).scorer() }
        let other = ["anchors": Tensor(shape: [1, 16])]
        #expect(throws: DamagedSection.self) { try StoredScorer(header: stored.header, tensors: other).scorer() }
    }
}
