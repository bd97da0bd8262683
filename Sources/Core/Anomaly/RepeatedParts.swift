internal import Glibc

/// Which shots show the same part again.
///
/// A part that was photographed twice knows itself: left out, it is found in its other picture, and its score says nothing of
/// how far the next part may be. Such shots are told by their scores against one another: good parts differ from one another
/// by about as much, and a pair that is much closer than that is the same part, turned or moved. Shots that are all of one part
/// cannot be told from parts that are all alike.
///
/// How much good parts differ is told by medians, which one shot of something else cannot move: measured by the farthest
/// shot, all good parts would be one.
package enum RepeatedParts {
    /// How much closer a pair has to be, as a difference of log scores: twice what good parts spread.
    package static let closeness = 2 * LimitPrediction.priorSpread

    /// - Parameter pairScores: `[k][k]`, the score of each shot against a model of each other one alone; the diagonal is not
    ///   looked at.
    /// - Returns: for each shot the number of its part, in `0 ..< parts` and in the order of the shots. Each shot is a part of its
    ///   own when all would be the same one.
    package static func parts(pairScores: [[Float]]) -> [Int] {
        let logs = pairScores.map { row in row.map { LimitPrediction.logarithm(of: $0) } }
        var part = Array(logs.indices)
        guard logs.count > 2 else { return part }
        let references = references(logs)
        for first in logs.indices {
            for second in logs.indices.dropFirst(first + 1) {
                // Both ways: a picture in which something is added is close to the other one only from one side.
                let isSame =
                    logs[first][second] < references[first] - closeness
                    && logs[second][first] < references[second] - closeness
                guard isSame, part[first] != part[second] else { continue }
                let (kept, merged) = (min(part[first], part[second]), max(part[first], part[second]))
                for shot in part.indices where part[shot] == merged { part[shot] = kept }
            }
        }
        let names = Set(part).sorted()
        guard names.count > 1 else { return Array(logs.indices) }
        return part.map { name in names.firstIndex(of: name) ?? 0 }
    }

    /// For each shot how far another good part is from it: the median of its scores against the others, and no more than most
    /// shots have. The median is the upper one, for a part that comes often has many near it; but never the farthest.
    private static func references(_ logs: [[Double]]) -> [Double] {
        let own = logs.indices.map { shot in
            let others = logs.indices.filter { $0 != shot }.map { logs[shot][$0] }.sorted()
            return others[min(others.count / 2, others.count - 2)]
        }
        let typical = own.sorted()[(own.count - 1) / 2]
        return own.map { min($0, typical) }
    }
}
