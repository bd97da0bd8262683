// N patches of a view, P parts, D feature width.

/// A memory that teaching enlarges, and where in a kept part it finds what it compares.
struct StreamLayer {
    /// 0 = the square input, then the fine views.
    let view: Int
    /// Of a fine view, the stage.
    let stage: Int
    let component: CombinedScorer.Component
    /// Of its memory, the shots' patches, and where they come from.
    let shots: Matrix
    let places: PatchPlaces?

    /// `[N, D]`, rows of norm 1.
    func rows(of part: StreamPart) -> Matrix {
        view == 0
            ? component.view(of: part.features.features(embedding: nil)).rows
            : part.fine[view - 1].features.rows(of: stage)
    }
}

/// Patches by view, part and place.
typealias PatchesByPart = [[[Int]]]

/// How far each patch of each part is from the shots and from every other part, for each memory of a model: all that teaching looks
/// at. It is computed once; what a memory of any choice of parts would say is then a matter of the smaller of numbers.
package struct PartDistances {
    /// Patches of a part that are remembered, at most.
    static let patchesOfPart = 640
    /// Patches of all parts in a memory, at most: a memory that has so many more takes so much longer to ask.
    static let budgets = (square: 8192, fine: 12288)

    /// The memories of each view.
    private let layers: [[StreamLayer]]
    /// For each view, layer, part and source (0 = all shots, then part 0, 1, ...), `[N]`; 0 where a patch does not count, and nothing of
    /// a part by itself.
    private var distances: [[[[[Float]]]]]
    /// For each view and layer, of each part what would be remembered.
    private var sources: [[[Matrix]]]
    /// For each view and part that, as places among the patches that count.
    private var remembered: PatchesByPart
    /// For each view and part where that is.
    private let places: [[PatchPlaces]]
    let count: Int

    /// - Parameters:
    ///   - layers: the memories of each view; at least one of each.
    ///   - masks: for each view and part the patches that count.
    ///   - remembered: for each view and part what would be remembered, as places among the patches that count; never nothing.
    ///   - known: of the same, with other patches remembered: what is the same is not computed again.
    ///   - progress: told the share that is done.
    init(
        _ parts: [StreamPart], _ layers: [[StreamLayer]], counting masks: [[PatchMask]], remembered: PatchesByPart,
        known: PartDistances? = nil, _ parallelism: Parallelism, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws(TeachingError) {
        self.layers = layers
        self.remembered = remembered
        count = parts.count
        places = zip(masks, remembered).enumerated().map { view, masked in
            zip(zip(parts, masked.0), masked.1).map { part, patches in
                let (part, mask) = part
                let counted = mask.patches
                var places = PatchPlaces()
                for patch in patches {
                    places.append(
                        PatchPlace(
                            .learnt(0), counted[patch], of: mask.grid,
                            at: view == 0 ? .whole : part.fine[layers[view][0].view - 1].placement))
                }
                return places
            }
        }
        distances = layers.map { $0.map { _ in [] } }
        sources = layers.map { $0.map { _ in [] } }
        let pieces = Double(layers.joined().count * parts.count)
        var done = 0
        for view in layers.indices {
            for (index, layer) in layers[view].enumerated() {
                // One layer at a time: those of all would be gigabytes.
                let rows = parts.indices.map { masks[view][$0].rows(of: layer.rows(of: parts[$0])) }
                let ofParts = zip(rows, remembered[view]).map { $0.rows($1) }
                sources[view][index] = ofParts
                for (part, rows) in rows.enumerated() {
                    guard !isCancelled() else { throw .cancelled }
                    let bySource = ([layer.shots] + ofParts).enumerated().map { source, stored -> [Float] in
                        // Of itself it knows everything; nobody asks.
                        guard source != part + 1 else { return [] }
                        if let known, source == 0 || known.remembered[view][source - 1] == remembered[view][source - 1]
                        {
                            return known.distances[view][index][part][source]
                        }
                        let products = largestProducts(of: rows, with: stored, in: [0..<stored.rows], parallelism)
                        return masks[view][part].scattered(products.map { min(max(1 - $0, 0), 2) })
                    }
                    distances[view][index].append(bySource)
                    done += 1
                    progress(Double(done) / pieces)
                }
            }
        }
    }

    /// Of each of so many parts the patches that may be remembered, of so many that count.
    ///
    /// - Parameters:
    ///   - share: of the parts that are remembered in the end; `budget`: patches of all of them.
    static func patches(ofParts parts: Int, share: Double, counted: Int, budget: Int) -> [Int] {
        thinned(counted, to: min(patchesOfPart, max(Int(Double(budget) / (share * Double(parts))), 1)))
    }

    /// Those of `count` patches with the lowest SplitMix64 of their index, the same on every machine, in their order.
    package static func thinned(_ count: Int, to kept: Int) -> [Int] {
        guard kept < count else { return Array(0..<count) }
        var random = SplitMix64(seed: 0)
        let lots = (0..<count).map { (lot: random.next(), patch: $0) }
        return lots.sorted { $0.lot < $1.lot }.prefix(kept).map(\.patch).sorted()
    }

    /// For each view and layer, `[N]`: the distances of a part's patches to the shots and to those of `members` that are not the part.
    func held(_ part: Int, members: [Int]) -> [[[Float]]] {
        distances.map { view in
            view.map { layer in
                members.reduce(layer[part][0]) { nearest, member in
                    member == part ? nearest : zip(nearest, layer[part][member + 1]).map(min)
                }
            }
        }
    }

    /// As ``held(_:members:)``, but what a part has is known only if the shots or so many of the other `parts` have it.
    ///
    /// - Precondition: there are as many others.
    func supported(_ part: Int, by support: Int, among parts: [Int]) -> [[[Float]]] {
        let others = parts.filter { $0 != part }
        return distances.map { view in
            view.map { layer in
                layer[part][0].indices.map { patch in
                    let ofParts = others.map { layer[part][$0 + 1][patch] }.sorted()
                    return min(layer[part][0][patch], ofParts[support - 1])
                }
            }
        }
    }

    /// For each layer of a view, `[N]`: the distances of a part's patches to another part alone.
    func between(_ part: Int, and other: Int, in view: Int) -> [[Float]] { distances[view].map { $0[part][other + 1] } }

    /// For each view and layer the memory of the shots and of these parts.
    func banks(of members: [Int]) -> [[MemoryBank]] {
        zip(zip(layers, sources), places).map { view, places in
            let ofMembers = members.enumerated().map { number, member in places[member].of(.learnt(number)) }
            return zip(view.0, view.1).map { layer, ofParts in
                MemoryBank(
                    blocks: [layer.shots] + members.map { ofParts[$0] },
                    places: layer.places.map { shots in ofMembers.reduce(into: shots) { $0 += $1 } })
            }
        }
    }
}

extension MemoryBank {
    /// The rows of the first blocks.
    func rows(ofBlocks count: Int) -> Matrix {
        // A memory of some shots only shares the rows of all.
        Matrix(joiningRows: blocks.prefix(count).map { rows.rows(Array($0)) })
    }

    /// Where they come from.
    func places(ofBlocks count: Int) -> PatchPlaces? { places?.rows(blocks.prefix(count).flatMap { Array($0) }) }
}
