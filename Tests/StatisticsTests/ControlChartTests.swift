import ControlProtocol
import Statistics
import TestSupport
import Testing

@Suite struct ControlChartTests {
    private struct Charts: Decodable {
        struct Rate: Decodable {
            var counts: [[Int]]
            var centre: Double
            var sigmaZ: Double
            var lower: [Double]
            var upper: [Double]
            var out: [Bool]
        }

        struct Score: Decodable {
            var scores: [Double]
            var mean: Double
            var sigma: Double
            var value: [Double]
            var lower: [Double]
            var upper: [Double]
            var out: Int
        }

        struct Gap: Decodable {
            var gaps: [Int]
            var centre: Double
            var lower: Int
            var upper: Int
            var out: Int
        }

        struct Wilson: Decodable {
            var count: Int
            var all: Int
            var lower: Double
            var upper: Double
        }

        var wilson: [Wilson]
        var rate: [Rate]
        var score: [Score]
        var gap: [Gap]
    }

    private func groups(_ counts: [[Int]]) -> [GroupReply] {
        counts.enumerated().map { index, counts in
            GroupReply(name: "\(index)", from: nil, tally: TallyReply(ok: counts[0], ng: counts[1]))
        }
    }

    @Test func aRateOfOneInTenHasLimitsAtThreeSigma() throws {
        // Mean 0.1, sigma sqrt(0.1 * 0.9 / 100) = 0.03; both are at the mean, so nothing scatters.
        let chart = try #require(RateChartReply(groups([[90, 10], [90, 10]])))
        #expect(chart.centre == 0.1 && chart.sigmaZ == 0 && chart.kind == "p")
        #expect(
            chart.points.allSatisfy {
                isClose($0.lower, 0.01, atol: 1e-12, rtol: 0) && isClose($0.upper, 0.19, atol: 1e-12, rtol: 0)
            })
    }

    @Test func anHourWithoutAJudgedPartIsNoPoint() {
        #expect(RateChartReply(groups([[90, 10], [0, 0]])) == nil)
        #expect(RateChartReply(groups([[90, 10], [0, 0], [80, 20]]))?.points.map(\.name) == ["0", "2"])
    }

    /// A p chart of large hours cries wolf: what the hours differ by anyway widens the limits.
    @Test func ratesThatScatterMoreThanChanceWidenTheLimits() throws {
        let hours = [[9900, 100], [9700, 300], [9950, 50], [9800, 200]]
        let chart = try #require(RateChartReply(groups(hours)))
        #expect(chart.kind == "laney" && chart.sigmaZ > 1 && chart.points.allSatisfy { !$0.isOut })
    }

    @Test func rateChartsAreThoseOfNumPy() throws {
        for expected in try Fixture.decode(Charts.self, "charts.json").rate {
            let chart = try #require(RateChartReply(groups(expected.counts)))
            #expect(isClose(chart.centre, expected.centre, atol: 1e-12, rtol: 1e-12))
            #expect(isClose(chart.sigmaZ, expected.sigmaZ, atol: 1e-9, rtol: 1e-9))
            for (point, (lower, upper)) in zip(chart.points, zip(expected.lower, expected.upper)) {
                #expect(
                    isClose(point.lower, lower, atol: 1e-9, rtol: 1e-9)
                        && isClose(point.upper, upper, atol: 1e-9, rtol: 1e-9))
            }
            #expect(chart.points.map(\.isOut) == expected.out)
        }
    }

    @Test func scoreChartsAreThoseOfNumPy() throws {
        for expected in try Fixture.decode(Charts.self, "charts.json").score {
            let scores = expected.scores.enumerated().map { (seq: UInt64($0 + 1), score: $1) }
            let chart = try #require(ScoreChartReply(recipe: "bottle", generation: 3, scores: scores))
            #expect(isClose(chart.mean, expected.mean, atol: 0, rtol: 1e-12))
            #expect(isClose(chart.sigma, expected.sigma, atol: 0, rtol: 1e-12))
            #expect(
                chart.out == expected.out && chart.points.last?.seq == UInt64(scores.count) && chart.points.count <= 120
            )
            for point in chart.points {
                let index = Int(point.seq) - 1
                #expect(isClose(point.value, expected.value[index], atol: 0, rtol: 1e-10))
                #expect(isClose(point.lower, expected.lower[index], atol: 0, rtol: 1e-10))
                #expect(isClose(point.upper, expected.upper[index], atol: 0, rtol: 1e-10))
            }
        }
    }

    @Test func boundsOfSharesAreThoseOfSciPy() throws {
        for expected in try Fixture.decode(Charts.self, "charts.json").wilson {
            let share = try #require(ShareReply(expected.count, of: expected.all))
            #expect(isClose(share.lower, expected.lower, atol: 1e-12, rtol: 1e-9), "\(expected)")
            #expect(isClose(share.upper, expected.upper, atol: 1e-12, rtol: 1e-9), "\(expected)")
        }
        #expect(ShareReply(0, of: 0) == nil)
    }

    @Test func aFewScoresMakeNoChart() {
        let scores = (1...29).map { (seq: UInt64($0), score: 1.0) }
        #expect(ScoreChartReply(recipe: "bottle", generation: 1, scores: scores) == nil)
    }

    @Test func gapChartsAreThoseOfSciPy() throws {
        for expected in try Fixture.decode(Charts.self, "charts.json").gap {
            let chart = try #require(GapChartReply(expected.gaps.enumerated().map { (seq: UInt64($0 + 1), parts: $1) }))
            #expect(isClose(chart.centre, expected.centre, atol: 0, rtol: 1e-12))
            #expect(
                chart.lower == expected.lower && chart.upper == expected.upper && chart.out == expected.out,
                "\(expected.gaps.prefix(5))")
        }
    }
}
