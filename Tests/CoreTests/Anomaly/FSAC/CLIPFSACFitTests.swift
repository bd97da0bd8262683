import Core
import Foundation
import TestSupport
import Testing

@Suite struct CLIPFSACFitTests {
    private static let width = 24
    private static let grid = PatchGrid(rows: 2, columns: 3)

    /// An embedding around a common direction; anomalous ones are moved along one of two others, so that no line divides them.
    private static func embedding(anomalous: Bool, using random: inout SplitMix64) -> [Float] {
        var values = random.floats(width, in: -0.5...0.5)
        values[0] += 8
        if anomalous { values[Bool.random(using: &random) ? 1 : 2] += Float.random(in: 3...5, using: &random) }
        return values
    }

    private static func view(
        _ embedding: [Float], rows: Matrix? = nil, saliency: Matrix? = nil
    ) -> ShotFeatures.View {
        var random = SplitMix64(seed: 5)
        var patches = rows ?? Matrix(rows: grid.count, columns: 10, values: random.floats(grid.count * 10, in: -1...1))
        patches.normalizeRows()
        let whole = WholePicture(embedding: embedding, saliency: saliency)
        return .init(features: PatchFeatures(grid: grid, rows: patches, whole: whole), mask: PatchMask(all: grid))
    }

    private static func shots(_ count: Int, anomalies: Int = 25) -> [ShotFeatures] {
        var random = SplitMix64(seed: 1)
        return (0..<count).map { _ in
            ShotFeatures(
                own: view(embedding(anomalous: false, using: &random)), turned: [],
                variants: count == 1 ? (0..<5).map { _ in view(embedding(anomalous: false, using: &random)) } : [],
                anomalies: (0..<anomalies).map { _ in
                    .init(
                        view: view(embedding(anomalous: true, using: &random)),
                        labels: [Float](repeating: 0, count: grid.count))
                })
        }
    }

    /// Texts that say something, but not all.
    private static var anchors: TextAnchors {
        func unit(_ place: Int, _ value: Float) -> [Float] {
            var all = [Float](repeating: 0, count: width)
            (all[0], all[place]) = ((1 - value * value).squareRoot(), value)
            return all
        }
        return TextAnchors(normal: unit(3, 0.3), abnormal: unit(1, 0.3))
    }

    private static func fit(
        _ shots: [ShotFeatures], anchors: TextAnchors? = nil,
        _ settings: CLIPFSACSettings = CLIPFSACSettings(epochs: .fixed(200), map: .similarity)
    ) throws -> CLIPFSACFit {
        var fit = CLIPFSACFit(settings, anchors: anchors)
        for shot in shots { fit.add(shot) }
        try fit.finish(ShotSource(shots), .serial, progress: { _ in }, isCancelled: { false })
        return fit
    }

    private static func scorer(_ fit: CLIPFSACFit, leavingOut left: Set<Int> = []) throws -> CLIPFSACScorer {
        try #require(fit.scorer(leavingOut: left, .serial) as? CLIPFSACScorer)
    }

    private static func scores(_ scorer: CLIPFSACScorer, anomalous: Bool, seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<60).map { _ in
            let view = view(embedding(anomalous: anomalous, using: &random))
            return scorer.score(view.features, counting: view.mask, .serial).imageScore
        }
    }

    @Test(arguments: [1, 4], [true, false])
    func tellsAnomaliesThatItHasNotSeen(shots: Int, reads: Bool) throws {
        let fit = try Self.fit(Self.shots(shots), anchors: reads ? Self.anchors : nil)
        let scorer = try Self.scorer(fit)
        let normal = Self.scores(scorer, anomalous: false, seed: 2)
        let anomalous = Self.scores(scorer, anomalous: true, seed: 3)
        #expect((normal + anomalous).allSatisfy { $0.isFinite && $0 > 0 })
        #expect(RankingMetrics(normal: normal, anomalous: anomalous).auroc > 0.98)
        #expect(scorer.evidence.trained >= scorer.evidence.untrained)
        #expect(scorer.evidence.trained > 0.95)
        #expect(scorer.evidence.epochs == 200)
    }

    @Test func aShotsOwnHeadDoesNotKnowIt() throws {
        let shots = Self.shots(3)
        let first = try Self.scorer(Self.fit(shots), leavingOut: [1])
        var random = SplitMix64(seed: 77)
        var changed = shots
        let other = Self.shots(4)[3]
        changed[1] = ShotFeatures(
            own: Self.view(random.floats(Self.width, in: -9...9)), turned: [], anomalies: other.anomalies)
        let second = try Self.scorer(Self.fit(changed), leavingOut: [1])
        #expect(first.head.tensors == second.head.tensors)
        let together = try Self.scorer(Self.fit(shots))
        #expect(together.head.tensors != first.head.tensors)
    }

    @Test func aStoredScorerIsTheSameScorer() throws {
        for anchors in [nil, Self.anchors] {
            let scorer = try Self.scorer(Self.fit(Self.shots(2), anchors: anchors))
            let stored = scorer.stored
            let header = try JSONDecoder().decode(
                CLIPFSACScorer.Header.self, from: JSONEncoder().encode(stored.header))
            #expect(header == stored.header as? CLIPFSACScorer.Header)
            let again = try StoredScorer(header: header, tensors: stored.tensors).scorer()
            #expect(again.stored == stored)
            let view = Self.shots(1)[0].own
            #expect(
                again.score(view.features, counting: view.mask, .serial)
                    == scorer.score(view.features, counting: view.mask, .serial))
            for name in stored.tensors.keys {
                var damaged = stored.tensors
                damaged[name] = nil
                #expect(throws: (any Error).self) { try StoredScorer(header: header, tensors: damaged).scorer() }
            }
        }
    }

    @Test func theMapSaysWhereAndTheScoreHowMuch() throws {
        let shots = Self.shots(2)
        let embedding = try #require(shots[0].own.features.whole).embedding
        var settings = CLIPFSACSettings(epochs: .fixed(3), map: .saliency)
        var saliency = Matrix(rows: 4, columns: 6)
        saliency[3, 4] = 2
        saliency[2, 0] = 1
        let withSaliency = Self.view(embedding, saliency: saliency)
        let pixels = try Self.scorer(Self.fit(shots, anchors: nil, settings))
        var map = pixels.score(withSaliency.features, counting: withSaliency.mask, .serial)
        #expect(map.values == [0, 0, 0, map.imageScore / 2, 0, map.imageScore])
        #expect(pixels.scoreGradient != nil)

        settings.map = .similarity
        let memory = try Self.scorer(Self.fit(shots, anchors: nil, settings))
        #expect(memory.scoreGradient == nil)
        var rows = shots[0].own.features.rows
        for column in 0..<rows.columns { rows[4, column] *= -1 }
        let strange = Self.view(embedding, rows: rows)
        map = memory.score(strange.features, counting: strange.mask, .serial)
        #expect(map.values.firstIndex(of: map.imageScore) == 4)

        let withoutPatches = Self.view(embedding, rows: Matrix(rows: 6, columns: 0))
        map = memory.score(withoutPatches.features, counting: PatchMask([1, 2], of: Self.grid), .serial)
        #expect(map.values == [0, map.imageScore, map.imageScore, 0, 0, 0])
    }

    @Test func patchesInTheSpaceOfTheTextsAreComparedWithThem() throws {
        var random = SplitMix64(seed: 8)
        func patches(abnormal: Int?) -> Matrix {
            var rows = Matrix(rows: 6, columns: Self.width, values: random.floats(6 * Self.width, in: -0.1...0.1))
            for row in 0..<6 { rows[row, 0] += 1 }
            if let abnormal { rows[abnormal, 1] += 1 }
            return rows
        }
        let shots = Self.shots(2).map { shot in
            ShotFeatures(
                own: Self.view(shot.own.features.whole?.embedding ?? [], rows: patches(abnormal: nil)), turned: [],
                anomalies: shot.anomalies)
        }
        let scorer = try Self.scorer(Self.fit(shots, anchors: Self.anchors))
        #expect(scorer.featureWidth == Self.width)
        let view = Self.view(shots[0].own.features.whole?.embedding ?? [], rows: patches(abnormal: 2))
        let map = scorer.score(view.features, counting: view.mask, .serial)
        #expect(map.values.firstIndex(of: map.imageScore) == 2)
    }

    @Test func theScoresGradientIsItsSlope() throws {
        let scorer = try Self.scorer(
            Self.fit(Self.shots(2), anchors: nil, CLIPFSACSettings(epochs: .fixed(3), map: .saliency)))
        let gradient = try #require(scorer.scoreGradient)
        var random = SplitMix64(seed: 4)
        let embedding = Self.embedding(anomalous: true, using: &random)
        let got = gradient(embedding)
        for place in 0..<Self.width {
            func score(_ change: Float) -> Float {
                var moved = embedding
                moved[place] += change
                let view = Self.view(moved)
                return scorer.score(view.features, counting: view.mask, .serial).imageScore
            }
            let slope = (score(0.02) - score(-0.02)) / 0.04
            let isSlope = isClose(Double(got[place]), Double(slope), atol: 5e-3, rtol: 0.03)
            #expect(isSlope, "\(place): \(got[place]), not \(slope)")
        }
    }

    @Test func trainingCanEndWhereAnomaliesThatAreKeptOutSaySo() throws {
        let scorer = try Self.scorer(
            Self.fit(Self.shots(2), anchors: nil, CLIPFSACSettings(epochs: .auto, map: .similarity)))
        #expect((1...100).contains(scorer.evidence.epochs))
        #expect(scorer.evidence.trained > 0.95)
        #expect(CLIPFSACSettings(epochs: .auto).anomaliesPerShot == 125)
    }

    @Test func equalShotsGiveAnEqualHeadAndCancellingEndsIt() throws {
        let shots = Self.shots(2)
        #expect(try Self.scorer(Self.fit(shots)).stored == Self.scorer(Self.fit(shots)).stored)
        var fit = CLIPFSACFit(CLIPFSACSettings(epochs: .fixed(10)), anchors: nil)
        for shot in shots { fit.add(shot) }
        var shares: [Double] = []
        #expect(throws: FitError.cancelled) {
            try fit.finish(
                ShotSource(shots), .serial, progress: { shares.append($0) }, isCancelled: { shares.count == 12 })
        }
        #expect(shares.count == 12 && shares == shares.sorted())
        #expect(shares[10] >= 1.0 / 3 && shares.allSatisfy { $0 < 1 })
    }

    @Test func shotsWithoutAnomaliesCannotBeLearntFrom() {
        #expect(throws: FitError.self) { try Self.fit(Self.shots(2, anomalies: 3)) }
    }

    @Test func settingsReadAsTheyAreWritten() throws {
        for epochs in [CLIPFSACSettings.Epochs.auto, .fixed(7)] {
            let settings = CLIPFSACSettings(
                preset: .visa, descriptor: .released, epochs: epochs, batch: 1, map: .similarity)
            let json = try JSONEncoder().encode(settings)
            #expect(try JSONDecoder().decode(CLIPFSACSettings.self, from: json) == settings)
        }
        let text = #"{"preset":"mvtec","descriptor":"paper","epochs":"auto","batch":2,"map":"saliency"}"#
        #expect(try JSONDecoder().decode(CLIPFSACSettings.self, from: Data(text.utf8)).epochs == .auto)
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(
                CLIPFSACSettings.self, from: Data(text.replacing("\"auto\"", with: "\"long\"").utf8))
        }
        #expect(CLIPFSACSettings(epochs: .fixed(0)).problem != nil)
        #expect(CLIPFSACSettings(batch: 0).problem != nil)
        #expect(CLIPFSACSettings().problem == nil)
    }
}
