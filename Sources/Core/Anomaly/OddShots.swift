internal import Glibc

/// Which shots are unlike all others: most likely bad parts, or pictures of something else.
///
/// One such shot among good ones would teach a memory that its defect is normal, and a limit that good parts differ much. So a
/// shot that the others would reject, and not by a little, is set aside until one of another part like it says that there is
/// such a variant. So is one that is doubted, a shot that the model in use rejected or was not certain of: what is near to good parts is told from
/// them by no score alone, and a person who errs once rarely errs twice in the same way. One or two parts cannot say what is odd; nor can half of
/// the parts be.
package enum OddShots {
    /// How rarely a good part is called odd, as a share: far more rarely than one is rejected. Chosen here (docs/accuracy.md).
    static let rate = 0.001
    /// Two shots nearer than half of what others are apart show the same part, or are copies, as a difference of log scores. Wider than
    /// ``RepeatedParts/closeness``: two parts of a variant that is nearly the same each time are two.
    private static let sameness = log(2.0)

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
    ///   - doubted: the numbers of shots that are odd unless one of another part is like them.
    /// - Returns: the odd shots' numbers.
    package static func odd(
        heldOut: [Double], parts: [Int], pairScores: [[Float]], doubted: Set<Int> = []
    ) -> Set<Int> {
        let names = Set(parts).sorted()
        let members = names.map { name in parts.indices.filter { parts[$0] == name } }
        let scores = members.map { shots in shots.reduce(0) { $0 + heldOut[$1] } / Double(shots.count) }
        let candidates = doubted.union(outliers(scores).flatMap { members[$0] })
        let others = parts.indices.filter { !candidates.contains($0) }
        guard !candidates.isEmpty, others.count > 1 else { return [] }
        let logs = pairScores.map { row in row.map { LimitPrediction.logarithm(of: $0) } }
        return candidates.filter { shot in
            !candidates.contains { $0 != shot && speakForOneAnother(shot, $0, among: others, logs) }
        }
    }

    /// Whether two shots are of different parts and as like one another as other shots are: no farther apart than the median of those, and
    /// what they spread; or each nearer to the other one than to any of those, as two of one variant are. Two that are nearer
    /// than ``sameness`` are one word, not two.
    private static func speakForOneAnother(_ one: Int, _ two: Int, among others: [Int], _ logs: [[Double]]) -> Bool {
        let pairs = others.flatMap { shot in others.filter { $0 != shot }.map { logs[shot][$0] } }
        let usual = pairs.sorted()[pairs.count / 2]
        let apart = max(logs[one][two], logs[two][one])
        guard apart > usual - sameness else { return false }
        return apart <= usual + RepeatedParts.closeness
            || others.allSatisfy { logs[one][two] < logs[one][$0] && logs[two][one] < logs[two][$0] }
    }
}
