package import ControlProtocol
import Foundation

/// d2 of two: how wide two numbers of a normal distribution lie apart, in standard deviations, on the average (2 / sqrt(pi)).
private let meanRangeOfTwo = 1.128379167095513

extension RateChartReply {
    /// Of hours or shifts in their order; nil with fewer than two that have a judged part.
    package init?(_ groups: [GroupReply]) {
        let judged = groups.map { (name: $0.name, ng: $0.tally.ng, all: $0.tally.ok + $0.tally.ng) }.filter {
            $0.all > 0
        }
        guard judged.count > 1 else { return nil }
        let all = judged.reduce(0) { $0 + $1.all }
        let centre = Double(judged.reduce(0) { $0 + $1.ng }) / Double(all)
        let sigmas = judged.map { (centre * (1 - centre) / Double($0.all)).squareRoot() }
        // Where all are OK, or all NG, nothing scatters.
        let z = zip(judged, sigmas).map { $1 > 0 ? (Double($0.ng) / Double($0.all) - centre) / $1 : 0 }
        let ranges = zip(z, z.dropFirst()).map { abs($1 - $0) }
        let sigmaZ = ranges.reduce(0, +) / Double(ranges.count) / meanRangeOfTwo
        let width = 3 * max(1, sigmaZ)
        let points = zip(judged, sigmas).map { group, sigma in
            let rate = Double(group.ng) / Double(group.all)
            let (lower, upper) = (max(0, centre - width * sigma), min(1, centre + width * sigma))
            return Point(
                name: group.name, judged: group.all, rate: rate, lower: lower, upper: upper,
                isOut: rate < lower || rate > upper)
        }
        self.init(centre: centre, sigmaZ: sigmaZ, kind: sigmaZ > 1 ? "laney" : "p", points: points)
    }
}

extension ScoreChartReply {
    /// Weight of the newest score: about the last 50 count, as in `status`.
    package static let weight = 0.02
    /// Fewer scores say nothing of how they scatter.
    package static let fewestParts = 30
    private static let width = 3.0
    private static let mostPoints = 120

    /// - Parameter scores: of the OK parts of one generation, with their numbers, in their order; nil when there are too few.
    package init?(recipe: String, generation: Int, scores: [(seq: UInt64, score: Double)]) {
        let count = scores.count
        guard count >= Self.fewestParts else { return nil }
        let mean = scores.reduce(0) { $0 + $1.score } / Double(count)
        let ranges = zip(scores, scores.dropFirst()).reduce(0) { $0 + abs($1.1.score - $1.0.score) }
        let sigma = ranges / Double(count - 1) / meanRangeOfTwo
        let step = max(1, (count + Self.mostPoints - 1) / Self.mostPoints)
        var (value, out, points) = (mean, 0, [Point]())
        // Of (1 - weight)^(2 i): after some hundred parts the limits are at their widest.
        var rest = 1.0
        for (index, score) in scores.enumerated() {
            value += Self.weight * (score.score - value)
            rest *= (1 - Self.weight) * (1 - Self.weight)
            let half = Self.width * sigma * (Self.weight / (2 - Self.weight) * (1 - rest)).squareRoot()
            let point = Point(seq: score.seq, value: value, lower: mean - half, upper: mean + half)
            if value < point.lower || value > point.upper { out += 1 }
            if (count - 1 - index) % step == 0 { points.append(point) }
        }
        self.init(
            recipe: recipe, generation: generation, parts: count, mean: mean, sigma: sigma, out: out, points: points)
    }
}

extension GapChartReply {
    /// Of a normal distribution beyond three sigma, at one side.
    private static let chance = 0.00135
    private static let mostPoints = 100

    /// - Parameter gaps: OK parts between each NG and the one before, with the number of the NG.
    package init?(_ gaps: [(seq: UInt64, parts: Int)]) {
        guard !gaps.isEmpty else { return nil }
        let centre = Double(gaps.reduce(0) { $0 + $1.parts }) / Double(gaps.count)
        let (lower, upper) = (Self.quantile(Self.chance, centre), Self.quantile(1 - Self.chance, centre))
        self.init(
            centre: centre, lower: lower, upper: upper, gaps: gaps.count,
            out: gaps.count { $0.parts < lower || $0.parts > upper },
            points: gaps.suffix(Self.mostPoints).map { Point(seq: $0.seq, parts: $0.parts) })
    }

    /// The smallest number of OK parts before an NG that is not exceeded with a probability of `share`, where there are `mean` on
    /// the average: geometric.
    static func quantile(_ share: Double, _ mean: Double) -> Int {
        guard mean > 0 else { return 0 }
        // P(G <= k) = 1 - (mean / (mean + 1))^(k + 1)
        let exact = log1p(-share) / (-log1p(1 / mean)) - 1
        // What rounding makes of a whole number.
        return max(0, Int((exact - 1e-9 * max(1, abs(exact))).rounded(.up)))
    }
}
