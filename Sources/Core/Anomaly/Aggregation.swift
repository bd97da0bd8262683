/// How the patches' distances become the picture's score.
package enum Aggregation: String, Codable, Sendable, CaseIterable {
    /// Mean of the largest 1 % of the distances, at least one patch.
    case topPercent = "top_percent"
    /// The largest distance.
    case maximum
    /// The largest distance, re-weighted by how dense the memory is where it was measured (PatchCore, eq. 7). Patches have
    /// Euclidean distances then, not cosine ones. Only for a patch memory.
    case patchCore = "patchcore"

    /// The score of a picture with these patch distances, at least one.
    func score(of distances: [Float]) -> Float {
        let count =
            switch self {
            case .topPercent: max(1, distances.count / 100)
            // What the memory says of the largest is not known here.
            case .maximum, .patchCore: 1
            }
        let largest = distances.sorted(by: >).prefix(count)
        return largest.reduce(0, +) / Float(largest.count)
    }
}
