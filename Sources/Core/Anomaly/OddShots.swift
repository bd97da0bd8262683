/// Which shots are unlike all others: most likely bad parts, or pictures of something else.
///
/// One such shot among good ones would teach a memory that its defect is normal, and a limit that good parts differ much. So a
/// shot that the others would reject, and not by a little, is set aside until a second one like it says that there is such a
/// variant. One or two parts cannot say what is odd; nor can half of the parts be.
package enum OddShots {
    /// How rarely a good part is called odd, as a share: far more rarely than one is rejected. Chosen here (docs/accuracy.md).
    static let rate = 0.001

    /// Whether a held-out log score lies above what the others let expect: the same prediction bound that a limit is, at ``rate``.
    ///
    /// - Parameter spread: the standard deviation that is expected before any part is seen, worth
    ///   `LimitPrediction.priorParts` parts.
    package static func isOdd(_ log: Double, among others: [Double], spread: Double = LimitPrediction.priorSpread)
        -> Bool
    {
        log > LimitPrediction.bound(others, priorSpread: spread, rate: rate)
    }

    /// Those among log scores, one a part, that are odd among the lower ones. From the middle upwards each is judged by all below
    /// it, so that odd ones do not hide one another.
    ///
    /// - Returns: their indices; empty for fewer than three.
    package static func outliers(_ logs: [Double]) -> Set<Int> {
        guard logs.count > 2 else { return [] }
        let order = logs.indices.sorted { (logs[$0], $0) < (logs[$1], $1) }
        let fewest = logs.count - (logs.count - 1) / 2
        for count in fewest..<logs.count where isOdd(logs[order[count]], among: order.prefix(count).map { logs[$0] }) {
            return Set(order.dropFirst(count))
        }
        return []
    }

    /// - Parameters:
    ///   - heldOut: for each shot its log score by a model of the shots of all other parts.
    ///   - parts: for each shot the number of the part that it shows.
    ///   - pairScores: as ``RepeatedParts/parts(pairScores:)`` has them.
    /// - Returns: the odd shots' numbers.
    package static func odd(heldOut: [Double], parts: [Int], pairScores: [[Float]]) -> Set<Int> {
        let names = Set(parts).sorted()
        let members = names.map { name in parts.indices.filter { parts[$0] == name } }
        let logs = members.map { shots in shots.reduce(0) { $0 + heldOut[$1] } / Double(shots.count) }
        let outliers = outliers(logs)
        guard !outliers.isEmpty else { return [] }
        let candidates = Set(outliers.flatMap { members[$0] })
        let usual = usualDistance(pairScores, parts.indices.filter { !candidates.contains($0) })
        return candidates.filter { shot in
            !candidates.contains { other in
                other != shot
                    && LimitPrediction.logarithm(of: max(pairScores[shot][other], pairScores[other][shot])) <= usual
            }
        }
    }

    /// As far apart as shots that are like one another may be: the median of the pairs that are not odd, and what pairs spread.
    private static func usualDistance(_ pairScores: [[Float]], _ shots: [Int]) -> Double {
        let logs = shots.flatMap { shot in
            shots.filter { $0 != shot }.map { LimitPrediction.logarithm(of: pairScores[shot][$0]) }
        }
        return logs.sorted()[logs.count / 2] + RepeatedParts.closeness
    }
}
