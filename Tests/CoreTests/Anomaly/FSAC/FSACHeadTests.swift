import Core
import TestSupport
import Testing

@Suite struct FSACHeadTests {
    /// Unit rows around a common direction; anomalous ones are moved along one of two others, so that no line divides them.
    private func tokens(_ count: Int, anomalous: Bool, seed: UInt64, width: Int = 40) -> Matrix {
        var random = SplitMix64(seed: seed)
        var values: [Float] = []
        for row in 0..<count {
            var token = random.floats(width, in: -0.3...0.3)
            token[0] += 2
            let side = Float.random(in: 0.6...1, using: &random) * (row % 2 == 0 ? 1 : -1)
            if anomalous { token[1] += side } else { token[2] += side }
            values += token
        }
        var result = Matrix(rows: count, columns: width, values: values)
        result.normalizeRows()
        return result
    }

    private func train(
        seed: UInt64 = 1, settings: FSACSettings = .quick, threads: Int = 1
    ) throws(FitError) -> FSACHead {
        try FSACHead.train(
            normal: tokens(300, anomalous: false, seed: 1), anomalous: tokens(200, anomalous: true, seed: 2),
            labels: [Float](repeating: 1, count: 200), settings: settings, seed: seed,
            parallelism: Parallelism(threads: threads))
    }

    @Test func tellsAnomaliesItHasNotSeenFromNormalPatches() throws {
        let head = try train()
        let normal = head.probabilities(of: tokens(200, anomalous: false, seed: 3))
        let anomalous = head.probabilities(of: tokens(200, anomalous: true, seed: 4))
        #expect((normal + anomalous).allSatisfy { (0...1).contains($0) })
        #expect(RankingMetrics(normal: normal, anomalous: anomalous).auroc > 0.99)
    }

    @Test func aPatchsScoreDoesNotDependOnItsCompany() throws {
        let head = try train()
        let patches = tokens(37, anomalous: true, seed: 5)
        let together = head.probabilities(of: patches)
        for row in [0, 17, 36] {
            let alone = head.probabilities(of: Matrix(rows: 1, columns: 40, values: Array(patches.row(row))))
            #expect(abs(alone[0] - together[row]) < 1e-5)
        }
    }

    @Test func theSeedDecidesAndThreadsDoNot() throws {
        let patches = tokens(20, anomalous: true, seed: 6)
        let first = try train().probabilities(of: patches)
        #expect(try train().probabilities(of: patches) == first)
        #expect(try train(seed: 2).probabilities(of: patches) != first)
        let threaded = try train(threads: 2).probabilities(of: patches)
        #expect(zip(threaded, first).allSatisfy { abs($0 - $1) < 1e-3 })
    }

    @Test func aStoredHeadIsTheSameHead() throws {
        let head = try train()
        let patches = tokens(20, anomalous: true, seed: 7)
        let again = try FSACHead(settings: head.settings, tensors: head.tensors)
        #expect(again.probabilities(of: patches) == head.probabilities(of: patches))
        for name in head.tensors.keys {
            var damaged = head.tensors
            damaged[name] = nil
            #expect(throws: (any Error).self) { try FSACHead(settings: head.settings, tensors: damaged) }
            damaged[name] = Tensor(shape: [3], values: [1, 2, 3])
            #expect(throws: (any Error).self) { try FSACHead(settings: head.settings, tensors: damaged) }
        }
    }

    @Test func trainingEndsWhenItIsCancelledAndReportsItsProgress() throws {
        var steps: [Double] = []
        #expect(throws: FitError.cancelled) {
            try FSACHead.train(
                normal: tokens(9, anomalous: false, seed: 1), anomalous: tokens(3, anomalous: true, seed: 2),
                labels: [1, 0.4, 0], settings: .quick, seed: 1, progress: { steps.append($0) },
                isCancelled: { steps.count == 3 })
        }
        let expected = (1...3).map { Double($0) / 120 }
        #expect(steps == expected)
    }

    @Test func settingsThatMakeNoSenseAreNamed() {
        var settings = FSACSettings.quick
        settings.batchSize = 7
        #expect(throws: FitError.self) { try train(settings: settings) }
        settings = .quick
        settings.temperature = 0
        #expect(throws: FitError.self) { try train(settings: settings) }
    }
}

extension FSACSettings {
    fileprivate static var quick: FSACSettings {
        var settings = FSACSettings()
        settings.hiddenWidth = 32
        settings.steps = 120
        settings.batchSize = 64
        settings.imageLearningRate = 3e-3
        return settings
    }
}
