import ControlProtocol

/// Counts where NG are most unusual.
struct RegionCount: Sendable {
    private struct Stand: Hashable {
        var camera: String
        var recipe: String
    }

    private var places: [Stand: [PixelPlace]] = [:]

    mutating func count(_ facts: VerdictFacts) {
        guard let place = facts.place else { return }
        places[Stand(camera: facts.camera, recipe: facts.recipe), default: []].append(place)
    }

    /// - Parameter area: what is inspected by a camera with a recipe; nil when nobody knows.
    func replies(_ area: StatisticsCount.AreaOf) -> [RegionsReply] {
        places.sorted { ($0.key.camera, $0.key.recipe) < ($1.key.camera, $1.key.recipe) }.compactMap { stand, places in
            guard let area = area(stand.camera, stand.recipe), area.width > 0, area.height > 0 else { return nil }
            var reply = RegionsReply(
                camera: stand.camera, recipe: stand.recipe, area: area,
                counts: Array(repeating: Array(repeating: 0, count: RegionsReply.columns), count: RegionsReply.rows),
                outside: 0)
            for place in places {
                let (x, y) = (place.x - area.x, place.y - area.y)
                guard (0..<area.width).contains(x), (0..<area.height).contains(y) else {
                    reply.outside += 1
                    continue
                }
                reply.counts[y * RegionsReply.rows / area.height][x * RegionsReply.columns / area.width] += 1
            }
            return reply
        }
    }
}
