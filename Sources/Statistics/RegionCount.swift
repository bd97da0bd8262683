import ControlProtocol

/// Counts where NG are most unusual: a number for each field, however many there are.
struct RegionCount: Sendable {
    private struct Stand: Hashable {
        var camera: String
        var recipe: String
    }

    private let area: StatisticsCount.AreaOf
    /// Nil = nobody knows what is inspected there.
    private var stands: [Stand: RegionsReply?] = [:]

    /// - Parameter area: asked once for each camera and recipe.
    init(_ area: @escaping StatisticsCount.AreaOf) { self.area = area }

    mutating func count(_ facts: VerdictFacts) {
        guard let place = facts.place else { return }
        let stand = Stand(camera: facts.camera, recipe: facts.recipe)
        if stands[stand] == nil { stands[stand] = .some(nothing(at: stand)) }
        stands[stand]??.count(place)
    }

    private func nothing(at stand: Stand) -> RegionsReply? {
        guard let area = area(stand.camera, stand.recipe), area.width > 0, area.height > 0 else { return nil }
        return RegionsReply(
            camera: stand.camera, recipe: stand.recipe, area: area,
            counts: Array(repeating: Array(repeating: 0, count: RegionsReply.columns), count: RegionsReply.rows),
            outside: 0)
    }

    var replies: [RegionsReply] {
        stands.sorted { ($0.key.camera, $0.key.recipe) < ($1.key.camera, $1.key.recipe) }.compactMap(\.value)
    }
}

extension RegionsReply {
    fileprivate mutating func count(_ place: PixelPlace) {
        let (x, y) = (place.x - area.x, place.y - area.y)
        guard (0..<area.width).contains(x), (0..<area.height).contains(y) else {
            outside += 1
            return
        }
        counts[y * Self.rows / area.height][x * Self.columns / area.width] += 1
    }
}
