import Core
import Testing

@Suite struct MetricsTests {
    private struct Ranking: Decodable {
        let normal: [Float]
        let anomalous: [Float]
        let auroc: Double
        let averagePrecision: Double
        let f1Max: Double
        let limit: Float
        let balancedAccuracy: Double
        let bestBalancedAccuracy: Double

        enum CodingKeys: String, CodingKey {
            case normal, anomalous, auroc, limit
            case balancedAccuracy = "balanced_accuracy"
            case bestBalancedAccuracy = "best_balanced_accuracy"
            case averagePrecision = "average_precision"
            case f1Max = "f1_max"
        }
    }

    private struct Pixels: Decodable {
        struct Picture: Decodable {
            let height: Int
            let width: Int
            let map: [Float]
            let mask: [Int]
        }
        let pictures: [Picture]
        let auroc: Double
        let aupro30: Double
        let aupro5: Double

        enum CodingKeys: String, CodingKey {
            case pictures, auroc
            case aupro30 = "aupro_30"
            case aupro5 = "aupro_5"
        }
    }

    @Test func aucCountsTheSharesOfPairsInOrder() {
        // Pairs: 3 > 1, 3 > 2, 2 > 1 in order; 2 against 2 counts half.
        let metrics = RankingMetrics(normal: [1, 2], anomalous: [2, 3])
        #expect(metrics.auroc == 3.5 / 4)
        // Thresholds 3, 2, 1: precision 1, 2/3, 1/2; recall 1/2, 1, 1.
        #expect(abs(metrics.averagePrecision - (1 * 0.5 + 2.0 / 3 * 0.5)) < 1e-12)
        #expect(abs(metrics.f1Max - 0.8) < 1e-12)  // 2 * (2/3 * 1) / (2/3 + 1)
        #expect(metrics.bestBalancedAccuracy == 0.75)  // rejecting from 3 on: (1/2 + 1) / 2; from 2 on: (1 + 1/2) / 2
    }

    @Test func aScoreAtTheLimitIsAReject() {
        let metrics = LimitMetrics(normal: [1, 2], anomalous: [1, 2, 3, 3], limit: 2)
        #expect(metrics.falseRejectRate == 0.5 && metrics.escapeRate == 0.25)
        #expect(metrics.balancedAccuracy == 0.625)
    }

    @Test func noLimitIsWorseThanRejectingEverything() {
        let metrics = RankingMetrics(normal: [2, 3], anomalous: [1])
        #expect(metrics.bestBalancedAccuracy == 0.5)
    }

    @Test func perfectAndReversedOrder() {
        let perfect = RankingMetrics(normal: [0.1, 0.2], anomalous: [0.3])
        #expect(perfect.auroc == 1 && perfect.averagePrecision == 1 && perfect.f1Max == 1)
        #expect(RankingMetrics(normal: [2, 3], anomalous: [1]).auroc == 0)
        #expect(RankingMetrics(normal: [5, 5, 5], anomalous: [5]).auroc == 0.5)
    }

    @Test func figuresAreThoseOfScikitLearn() throws {
        for fixture in try anomalyFixture("ranking", as: [Ranking].self) {
            let metrics = RankingMetrics(normal: fixture.normal, anomalous: fixture.anomalous)
            #expect(abs(metrics.auroc - fixture.auroc) < 1e-9)
            #expect(abs(metrics.averagePrecision - fixture.averagePrecision) < 1e-9)
            #expect(abs(metrics.f1Max - fixture.f1Max) < 1e-9)
            #expect(abs(metrics.bestBalancedAccuracy - fixture.bestBalancedAccuracy) < 1e-9)
            let atLimit = LimitMetrics(normal: fixture.normal, anomalous: fixture.anomalous, limit: fixture.limit)
            #expect(abs(atLimit.balancedAccuracy - fixture.balancedAccuracy) < 1e-9)
        }
    }

    @Test func pixelFiguresAreThoseOfSciPy() throws {
        let fixture = try anomalyFixture("pixels", as: Pixels.self)
        var metrics = PixelMetrics()
        for picture in fixture.pictures {
            let map = Matrix(rows: picture.height, columns: picture.width, values: picture.map)
            if picture.mask.contains(1) {
                metrics.add(map, mask: picture.mask.map { $0 == 1 })
            } else {
                metrics.add(normal: map)
            }
        }
        // The bins are 1/4096 wide: that much of the order is lost.
        #expect(abs(try #require(metrics.auroc) - fixture.auroc) < 1e-4)
        #expect(abs(try #require(metrics.aupro()) - fixture.aupro30) < 1e-3)
        #expect(abs(try #require(metrics.aupro(limit: 0.05)) - fixture.aupro5) < 1e-3)
    }

    @Test func pixelFiguresDoNotDependOnTheUnitOfTheScores() throws {
        let map = Matrix(rows: 2, columns: 3, values: [0.9, 0.5, 0.2, 0.3, 0.25, 0.1])
        let figures = [1e-6, 1, 1000].map { (unit: Float) in
            var metrics = PixelMetrics()
            let scaled = Matrix(rows: 2, columns: 3, values: map.values.map { $0 * unit })
            metrics.add(scaled, mask: [true, false, true, false, false, false])
            return [metrics.auroc, metrics.aupro()]
        }
        #expect(figures[0][0] == 5.0 / 8 && figures.allSatisfy { $0 == figures[0] })
    }

    @Test func aSmallRegionCountsAsMuchAsALargeOne() throws {
        // 1 x 10: a region of 1 pixel is found first, one of 3 never; 6 normal pixels in between.
        let map = Matrix(rows: 1, columns: 10, values: [0.9, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1])
        var metrics = PixelMetrics()
        metrics.add(map, mask: [true] + [Bool](repeating: false, count: 6) + [true, true, true])
        // Overlap is 1/2 from the start to the end of the false positives.
        #expect(abs(try #require(metrics.aupro()) - 0.5) < 1e-9)
        #expect(abs(try #require(metrics.auroc) - 0.25) < 1e-9)
    }

    @Test func withoutMasksThereAreNoPixelFigures() {
        var metrics = PixelMetrics()
        metrics.add(normal: Matrix(rows: 1, columns: 2, values: [0.1, 0.2]))
        #expect(metrics.auroc == nil && metrics.aupro() == nil)
    }
}
