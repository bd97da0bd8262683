internal import Glibc

// M stored patches.

/// A place of a picture, and the good patch that is most like what the picture shows there.
package struct NearestPatch: Sendable, Equatable, Codable {
    /// Of a good part's picture.
    package struct Match: Sendable, Equatable, Codable {
        package let place: PatchPlace
        /// Cosine, 0...2.
        package let distance: Float

        package init(place: PatchPlace, distance: Float) {
            self.place = place
            self.distance = distance
        }
    }

    /// The middle of the part's patch, in shares of the inspected region's width and height.
    package let centre: SIMD2<Double>
    /// From it to the next patch on its right and below, in the same shares.
    package let right: SIMD2<Double>
    package let down: SIMD2<Double>
    /// Nil when the model does not know where what it remembers comes from.
    package let match: Match?

    /// - Parameter patch: of a view's grid.
    init(_ patch: Int, of grid: PatchGrid, at placement: ViewPlacement, _ match: Match?) {
        let place = PatchPlace(.shot(0), patch, of: grid, at: placement)
        self.init(
            centre: place.centre, right: place.step, down: placement.down / Double(grid.rows), match: match)
    }

    package init(centre: SIMD2<Double>, right: SIMD2<Double>, down: SIMD2<Double>, match: Match?) {
        self.centre = centre
        self.right = right
        self.down = down
        self.match = match
    }
}

extension PatchMemory {
    /// The most similar remembered patch to one of a picture; nil when it is not known where those come from.
    ///
    /// - Complexity: O(M D).
    func match(_ row: ArraySlice<Float>, _ parallelism: Parallelism) -> NearestPatch.Match? {
        guard let places = bank.places else { return nil }
        let products = Matrix(rows: 1, columns: row.count, values: Array(row))
            .multiplied(byTransposed: bank.rows, parallelism: parallelism).values
        let nearest = bank.blocks.joined().max { (products[$0], $1) < (products[$1], $0) }
        return nearest.map { .init(place: places[$0], distance: min(max(1 - products[$0], 0), 2)) }
    }

    package func nearest(
        to features: PatchFeatures, at place: SIMD2<Double>, counting mask: PatchMask, _ parallelism: Parallelism
    ) -> NearestPatch? {
        let patch = features.grid.patch(at: place)
        return NearestPatch(
            patch, of: features.grid, at: .whole, match(features.rows.row(patch), parallelism))
    }
}

extension CombinedScorer {
    /// Of the memory that finds the place most unusual: each says so in its unit, and as much as its view counts.
    package func nearest(
        to features: PatchFeatures, at place: SIMD2<Double>, counting mask: PatchMask, _ parallelism: Parallelism
    ) -> NearestPatch? {
        let patch = features.grid.patch(at: place)
        var candidates = coarseCandidates(features, patch, counting: mask, parallelism)
        for (components, share) in zip(fine, fusion?.fine ?? []) where share.view < features.fine.count {
            let view = features.fine[share.view]
            guard view.placement.covers(x: place.x, y: place.y) else { continue }
            let inView = view.placement.inView(x: place.x, y: place.y)
            let token = view.grid.patch(at: SIMD2(inView.x, inView.y))
            let scale = share.weight / (share.unit * share.unit) / Float(components.count)
            for (stage, component) in components.enumerated() {
                guard let match = component.memories[0].match(view.stages[stage].row(token), parallelism) else {
                    return nil
                }
                let distance = match.distance / component.unit
                candidates.append(
                    (scale * distance * distance, NearestPatch(token, of: view.grid, at: view.placement, match)))
            }
        }
        return candidates.max { $0.contribution < $1.contribution }?.patch
    }

    private func coarseCandidates(
        _ features: PatchFeatures, _ patch: Int, counting mask: PatchMask, _ parallelism: Parallelism
    ) -> [(contribution: Float, patch: NearestPatch)] {
        let views = views(of: features)
        let turns = components[0].memories.count > 1 ? turnsAsked(of: views, counting: mask, parallelism) : [0]
        let scale = (fusion.map { $0.coarse.weight / ($0.coarse.unit * $0.coarse.unit) } ?? 1) / Float(components.count)
        return zip(components, views).compactMap { component, view in
            let matches = turns.compactMap { component.memories[$0].match(view.rows.row(patch), parallelism) }
            guard let match = matches.min(by: { $0.distance < $1.distance }) else { return nil }
            let distance = match.distance / component.unit
            return (scale * distance * distance, NearestPatch(patch, of: features.grid, at: .whole, match))
        }
    }
}

extension PatchGrid {
    /// The patch that shows a place, which is given in shares of the width and height; of one outside the nearest.
    func patch(at place: SIMD2<Double>) -> Int {
        func index(_ share: Double, _ count: Int) -> Int { Int(min(max(share * Double(count), 0), Double(count - 1))) }
        return index(place.y, rows) * columns + index(place.x, columns)
    }
}

extension ScoreMap {
    /// The middle of the patch that is most unusual, in shares of the inspected region's width and height.
    package var peak: SIMD2<Double> {
        func highest(_ values: [Float]) -> Int { values.indices.max { values[$0] < values[$1] } ?? 0 }
        let outer = highest(values)
        if let inner {
            let token = highest(inner.values)
            if inner.values[token] >= values[outer] {
                let centre = inner.grid.centre(of: token)
                let place = inner.placement.inPicture(x: centre.x, y: centre.y)
                return SIMD2(place.x, place.y)
            }
        }
        let centre = grid.centre(of: outer)
        return SIMD2(centre.x, centre.y)
    }

    /// Its patches' size, in shares of the region's.
    var patch: SIMD2<Double> { SIMD2(1 / Double(grid.columns), 1 / Double(grid.rows)) }
}

extension FittedModel {
    /// Where a picture is most unusual, and the good patch that is most like what it shows there. Of a method that remembers no
    /// patches, and of a model that does not know where they come from, the place alone.
    ///
    /// - Precondition: `accepts(features)` and `showsPart(features)`.
    package func nearest(_ features: Features, parallelism: Parallelism = .serial) -> NearestPatch {
        let patches = patches(of: features)
        let map = score(patches, parallelism: parallelism)
        let peak = map.peak
        return scorer.nearest(to: patches, at: peak, counting: mask, parallelism)
            ?? NearestPatch(
                centre: peak, right: SIMD2(map.patch.x, 0), down: SIMD2(0, map.patch.y), match: nil)
    }

    /// Whether its method remembers patches, so that a fit by this version knows where they come from.
    package var remembersPatches: Bool { scorer is PatchMemory || scorer is CombinedScorer }
}
