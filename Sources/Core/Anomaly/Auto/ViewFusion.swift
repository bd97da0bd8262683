internal import Glibc

// P patches of the coarse view, T tokens of a fine one.

/// One square of how unusual it is for each patch of a view: squares of the views add up.
package struct ViewSquares: Sendable, Equatable {
    let grid: PatchGrid
    package let values: [Float]

    /// Of the picture, by this view alone.
    func score(of mask: PatchMask) -> Float {
        CombinedScorer.top(mask.patches.map { values[$0].squareRoot() })
    }

    /// Bilinear, half-pixel centres; the border's value goes on beyond it.
    ///
    /// - Parameters:
    ///   - x: in shares of the view's width; `y` of its height.
    ///   - weights: 0 for patches that do not count; what counts nowhere around is 0.
    func value(x: Double, y: Double, weights: [Float]? = nil) -> Float {
        func place(_ share: Double, _ count: Int) -> (first: Int, next: Int, part: Float) {
            let position = min(max(share * Double(count) - 0.5, 0), Double(count - 1))
            let first = min(Int(position), count - 1)
            return (first, min(first + 1, count - 1), Float(position - Double(first)))
        }
        let (row, column) = (place(y, grid.rows), place(x, grid.columns))
        let corners = [
            (row.first, column.first, (1 - row.part) * (1 - column.part)),
            (row.first, column.next, (1 - row.part) * column.part),
            (row.next, column.first, row.part * (1 - column.part)), (row.next, column.next, row.part * column.part),
        ]
        var (sum, weight): (Float, Float) = (0, 0)
        for (row, column, share) in corners {
            let patch = row * grid.columns + column
            let share = share * (weights?[patch] ?? 1)
            sum += share * values[patch]
            weight += share
        }
        return weight > 1e-6 ? sum / weight : 0
    }
}

/// How the coarse view and the fine ones become one map and one score.
///
/// Each view's squares are divided by that of a typical good part's score, then added up with the views' shares: a place that one
/// view finds unusual and another does not is unusual. Where a fine view shows a part of the picture only, the coarse one watches
/// the rest, in a unit of its own.
package struct ViewFusion: Codable, Sendable, Equatable {
    struct Share: Codable, Sendable, Equatable {
        /// The picture's score of a typical good part by the view alone.
        let unit: Float
        /// Of the squares; the views' add up to 1.
        let weight: Float
        /// Of a fine view, its number among those of the model.
        var view = 0
    }

    let coarse: Share
    let fine: [Share]
    /// As a unit, of what the fine views do not show; nil when they show everything.
    let outside: Float?

    /// - Parameters:
    ///   - units: the typical scores, of the fine views as many as `choices`.
    ///   - outside: see ``outside``.
    init(units: (coarse: Float, fine: [Float]), _ choices: [FitChoice.Fine], outside: Float? = nil) {
        let weight = FineConstants.coarseWeight
        coarse = Share(unit: units.coarse, weight: weight)
        fine = zip(units.fine, choices).map { unit, choice in
            Share(unit: unit, weight: (1 - weight) * choice.share, view: choice.view)
        }
        self.outside = outside
    }

    private init(coarse: Share, fine: [Share], outside: Float?) {
        self.coarse = coarse
        self.fine = fine
        self.outside = outside
    }

    /// Some of the looks, with the weight of all fine ones among them.
    func keeping(_ looks: [Int]) -> ViewFusion {
        let kept = looks.map { fine[$0] }
        let scale = fine.reduce(0) { $0 + $1.weight } / kept.reduce(0) { $0 + $1.weight }
        return ViewFusion(
            coarse: coarse,
            fine: kept.map { Share(unit: $0.unit, weight: $0.weight * scale, view: $0.view) }, outside: outside)
    }

    /// Of so many components' lists.
    func isWellFormed(looks: Int) -> Bool {
        fine.count == looks && !fine.isEmpty && fine[0].view == 0 && fine.allSatisfy { (0..<64).contains($0.view) }
            && ([coarse] + fine).allSatisfy { $0.unit > 0 && $0.unit.isFinite && (0...1).contains($0.weight) }
            && outside.map { $0 > 0 && $0.isFinite } ?? true
    }

    /// - Parameters:
    ///   - coarse: of the whole picture; `mask`: its patches that count.
    ///   - fine: as ``fine``.
    ///   - view: the first fine one, whose grid the map has.
    ///   - whole: what the picture as a whole makes of its score.
    func fused(
        coarse squares: ViewSquares, counting mask: PatchMask, fine views: [ViewSquares], _ view: FinePatches,
        _ whole: PictureEvidence
    ) -> ScoreMap {
        let weights = mask.isAll ? nil : mask.weights
        let scales = zip(fine, views).map { share, _ in share.weight / (share.unit * share.unit) }
        let coarseScale = coarse.weight / (coarse.unit * coarse.unit)
        func inPicture(_ token: Int) -> (x: Double, y: Double) {
            let centre = view.grid.centre(of: token)
            return view.placement.inPicture(x: centre.x, y: centre.y)
        }
        var values = [Float](repeating: 0, count: view.grid.count)
        for token in view.mask.patches {
            let (centre, place) = (view.grid.centre(of: token), inPicture(token))
            var sum = coarseScale * squares.value(x: place.x, y: place.y, weights: weights)
            for (number, (other, scale)) in zip(views, scales).enumerated() {
                let isSame = fine[number].view == 0
                sum += scale * (isSame ? other.values[token] : other.value(x: centre.x, y: centre.y))
            }
            values[token] = sum.squareRoot()
        }
        let score = CombinedScorer.top(view.mask.patches.map { values[$0] })
        whole.show(in: &values, patches: view.mask.patches, middle: inPicture)
        guard let outside else { return ScoreMap(grid: view.grid, values: values, imageScore: whole.score(score)) }
        let inner = ViewSquares(grid: view.grid, values: values)
        let rest = Self.patches(outside: view.placement, of: mask)
        var everywhere = [Float](repeating: 0, count: squares.grid.count)
        for patch in mask.patches {
            let centre = squares.grid.centre(of: patch)
            let place = view.placement.inView(x: centre.x, y: centre.y)
            everywhere[patch] = inner.value(x: place.x, y: place.y)
        }
        for patch in rest { everywhere[patch] = squares.values[patch].squareRoot() / outside }
        let outer = CombinedScorer.top(rest.map { everywhere[$0] })
        whole.show(in: &everywhere, patches: rest, middle: squares.grid.centre)
        return ScoreMap(
            grid: squares.grid, values: everywhere, imageScore: whole.score(max(score, outer)),
            inner: PlacedMap(grid: view.grid, values: values, placement: view.placement))
    }

    /// The patches of the coarse view whose centre a fine view does not show.
    static func patches(outside placement: ViewPlacement, of mask: PatchMask) -> [Int] {
        mask.patches.filter { patch in
            let centre = mask.grid.centre(of: patch)
            return !placement.covers(x: centre.x, y: centre.y)
        }
    }
}
