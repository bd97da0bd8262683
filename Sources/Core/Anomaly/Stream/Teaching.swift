// N patches of a view, P parts.

/// What parts of the line say of a model and of one another, and the model that they make.
///
/// Most parts are good, and nobody says which. The model's own scores put them in an order, the lowest join the shots, all are
/// scored again by that, each without itself, and the lowest of those make the memory that is kept. Only whole parts join: the
/// patches around a defect are as good as the rest, and the patches of it are not to be told from rare good ones.
///
/// A bad part that joins would hide its kin: one crack is known from another. So a second score asks of every patch that the shots
/// have it, or more parts than one kind of defect may be in. Parts that are odd by it never join; and of those that do, no patch is
/// remembered for which alone a part would be rejected by what its view says.
struct Teaching {
    /// Parts that join for the second look, and those that are remembered in the end.
    private static let firstShare = 0.7
    static let lastShare = 0.8
    /// Two pictures of one standing part are closer than this share of what parts are from one another; parts that lie alike are
    /// not. Chosen here: shots are compared more strictly (``RepeatedParts``), and screws that lie alike would be one.
    private static let sameShare: Float = 0.5
    /// Above the middle, from which on a part may be apart. Chosen here.
    private static let farDeviations = 4.0
    /// What more than this share of the parts have is common: no kind of defect is in so many.
    private static let supportShare = 0.3
    /// The share of the parts that may be apart, and of another kind; of more the stream is refused.
    static let defectShare = 0.2

    /// With one look at each view.
    private let scorer: CombinedScorer
    private let distances: PartDistances
    /// Of the square input.
    private let mask: PatchMask
    /// For each part where its fine views lie.
    private let places: [[FinePatches]]
    /// For each part what its picture as a whole makes of its score.
    private let wholes: [PictureEvidence]

    init(
        _ scorer: CombinedScorer, _ distances: PartDistances, _ wholes: [PictureEvidence], counting mask: PatchMask,
        places: [[FinePatches]]
    ) {
        self.scorer = scorer
        self.distances = distances
        self.wholes = wholes
        self.mask = mask
        self.places = places
    }

    /// A choice of parts, and what it makes of all.
    struct Round {
        /// In ascending order.
        let members: [Int]
        /// For each view and layer a good part's score that its memory has not seen.
        let units: [[Float]]
        /// Nil when there is only the coarse view.
        let fusion: ViewFusion?
        /// For each part its raw score by a memory without it.
        let scores: [Float]
    }

    /// - Parameters:
    ///   - parts: that are different ones.
    ///   - before: for each part its raw score by the model as it is.
    ///   - odd: parts that may not join.
    func rounds(_ parts: [Int], before: [Float], odd: Set<Int>) -> Round {
        let first = round(members: lowest(Self.firstShare, of: parts, by: before, but: odd))
        var last = round(members: lowest(Self.lastShare, of: parts, by: first.scores, but: odd))
        while true {
            let limit = StreamLimit(scores: parts.map { last.scores[$0] })
            let bound = limit.unit * limit.limit(.balanced)
            let accepted = last.members.filter { !last.scores[$0].isReject(at: bound) }
            // What the model would reject it does not learn, and the others have to do without it.
            guard accepted.count < last.members.count, !accepted.isEmpty else { return last }
            last = round(members: accepted)
        }
    }

    private func lowest(_ share: Double, of parts: [Int], by scores: [Float], but odd: Set<Int>) -> [Int] {
        let order = parts.sorted { (scores[$0], $0) < (scores[$1], $1) }
        return order.prefix(Int(share * Double(parts.count))).filter { !odd.contains($0) }.sorted()
    }

    private func round(members: [Int]) -> Round {
        let look = look(places.indices.map { distances.held($0, members: members) }, typical: members)
        return Round(members: members, units: look.units, fusion: look.fusion, scores: look.maps.map(\.imageScore))
    }

    /// What is to be made of parts by what more of them have than one kind of defect may be in.
    struct Support {
        /// Parts that are unlike the others.
        let odd: Set<Int>
        /// For each view and part, `[N]`: whether a patch may be remembered.
        let isCommon: [[[Bool]]]
    }

    func support(_ parts: [Int]) -> Support {
        let look = look(parts, knowing: Int(Self.supportShare * Double(parts.count)) + 1)
        return Support(
            odd: apart(look, parts),
            isCommon: look.squares.enumerated().map { view, squares in
                // Each view by its own scores: what is nothing unusual in it hides nothing there.
                let bound = StreamLimit(scores: parts.map { squares[$0].score(of: mask(of: view, $0)) }).unlikeness
                return squares.map { $0.values.map { $0 < bound * bound } }
            })
    }

    /// Parts of another kind, of which there may be enough to know one another: neither the shots nor most of the others have what they
    /// have.
    func unlikeMost(_ parts: [Int]) -> Set<Int> { apart(look(parts, knowing: parts.count / 2), parts) }

    /// What the parts look like where only that is known which the shots have, or so many of the others.
    private func look(_ parts: [Int], knowing support: Int) -> Look {
        look(places.indices.map { distances.supported($0, by: support, among: parts) }, typical: parts)
    }

    private func apart(_ look: Look, _ parts: [Int]) -> Set<Int> {
        Set(Self.apart(parts.map { LimitPrediction.logarithm(of: look.maps[$0].imageScore) }).map { parts[$0] })
    }

    /// Those of log scores that lie far above the middle, behind a gap that is wider than good parts differ from one another. Without
    /// a gap they are the rare ones of a kind that varies.
    private static func apart(_ logs: [Double]) -> [Int] {
        let order = logs.indices.sorted { (logs[$0], $0) < (logs[$1], $1) }
        let middle = logs[order[logs.count / 2]]
        let spread = max(
            StreamLimit.deviationPerMAD * logs.map { abs($0 - middle) }.sorted()[logs.count / 2],
            LimitPrediction.priorSpread)
        let first = (logs.count / 2 + 1..<logs.count).first { place in
            let log = logs[order[place]]
            return log - logs[order[place - 1]] > RepeatedParts.closeness && log - middle > farDeviations * spread
        }
        return first.map { Array(order[$0...]) } ?? []
    }

    /// The parts, each once: of those that come again, the first. In every view they have to be alike: to the square input two screws
    /// that lie alike are one, and to a closer look that does not follow the part two that are turned alike.
    func different() -> [Int] {
        let alike = (0...scorer.fine.count).map(alike(in:))
        var different: [Int] = []
        for part in places.indices {
            // Both ways: a picture in which something is added is close to the other one only from one side.
            let isThere = different.contains { other in alike.allSatisfy { $0[part][other] && $0[other][part] } }
            if !isThere { different.append(part) }
        }
        return different
    }

    /// For each two parts whether a view finds the first one in the second.
    private func alike(in view: Int) -> [[Bool]] {
        let units = (view == 0 ? scorer.components : scorer.fine[view - 1]).map(\.unit)
        let pairs = places.indices.map { part in
            places.indices.map { other -> Float in
                guard part != other else { return 0 }
                let squares = squares(of: distances.between(part, and: other, in: view), units, view, part)
                // What its composition adds is the same beside every other part.
                return wholes[part].factor * squares.score(of: mask(of: view, part))
            }
        }
        let typical = pairs.enumerated().flatMap { part, row in row.indices.filter { $0 != part }.map { row[$0] } }
            .sorted()
        let closest = Self.sameShare * typical[typical.count / 2]
        return pairs.map { row in row.map { $0 < closest } }
    }

    /// The scorer that knows a round's members, too.
    func taught(by round: Round) -> CombinedScorer {
        var choice = scorer.choice
        for (index, unit) in round.units[0].enumerated() { choice.components[index].unit = unit }
        for view in scorer.fine.indices {
            for (stage, unit) in round.units[view + 1].enumerated() { choice.fine?[view].components[stage].unit = unit }
        }
        let all = zip(zip([scorer.components] + scorer.fine, distances.banks(of: round.members)), round.units)
        let views = all.map { view, units in
            zip(zip(view.0, view.1), units).map { known, unit in
                let memory = PatchMemory(bank: known.1, aggregation: known.0.memories[0].aggregation, isFast: true)
                return CombinedScorer.Component(
                    stage: known.0.stage, columns: known.0.columns, memories: [memory], unit: unit)
            }
        }
        return CombinedScorer(
            components: views[0], exponent: scorer.exponent, fine: Array(views.dropFirst()), fusion: round.fusion,
            texture: scorer.texture, composition: scorer.composition,
            words: scorer.words, featureWidth: scorer.featureWidth, choice: choice)
    }
}

// MARK: Scores of distances

extension Teaching {
    /// What distances make of all parts.
    private struct Look {
        let units: [[Float]]
        let fusion: ViewFusion?
        /// For each view and part.
        let squares: [[ViewSquares]]
        let maps: [ScoreMap]
    }

    /// - Parameters:
    ///   - held: for each part, view and layer, `[N]`.
    ///   - typical: the parts that units and shares of views come from.
    private func look(_ held: [[[[Float]]]], typical: [Int]) -> Look {
        let views = [scorer.components] + scorer.fine
        let units = views.enumerated().map { view, components in
            components.indices.map { layer in
                geometricMean(typical.map { score(held[$0][view][layer], view, components[layer], $0) })
            }
        }
        let squares = views.indices.map { view in
            held.indices.map { part in
                self.squares(of: held[part][view], units[view], view, part)
            }
        }
        let fusion = scorer.fusion.map { viewFusion(like: $0, squares, typical: typical) }
        return Look(
            units: units, fusion: fusion, squares: squares,
            maps: held.indices.map { part in map(squares.map { $0[part] }, part, fusion) })
    }

    /// - Parameters:
    ///   - distances: for each layer of the view `[N]`; `units`: of each.
    private func squares(of distances: [[Float]], _ units: [Float], _ view: Int, _ part: Int) -> ViewSquares {
        view == 0
            ? scorer.coarseSquares(of: distances, units: units, grid: mask.grid)
            : CombinedScorer.fineSquares(of: distances, units: units, grid: place(of: view, part).grid)
    }

    /// As the fit scores a good part by one memory.
    private func score(
        _ distances: [Float], _ view: Int, _ component: CombinedScorer.Component, _ part: Int
    ) -> Float {
        let counted = mask(of: view, part).patches.map { distances[$0] }
        return view == 0
            ? component.memories[0].aggregation.score(of: counted) : CombinedScorer.top(counted)
    }

    /// What a typical part scores by each view.
    private func viewFusion(like known: ViewFusion, _ squares: [[ViewSquares]], typical: [Int]) -> ViewFusion {
        let choices = scorer.choice.fine ?? []
        let scores = squares.enumerated().map { view, squares in
            typical.map { squares[$0].score(of: mask(of: view, $0)) }
        }
        let coarse = geometricMean(scores[0])
        var outside: Float?
        if known.outside != nil {
            let rests = typical.compactMap { part -> Float? in
                let rest = ViewFusion.patches(outside: place(of: 1, part).placement, of: mask)
                return rest.isEmpty ? nil : squares[0][part].score(of: PatchMask(rest, of: mask.grid))
            }
            // As in a fit: around a part there is often hardly anything.
            outside = max(rests.isEmpty ? 0 : geometricMean(rests), coarse)
        }
        return ViewFusion(
            units: (coarse: coarse, fine: scores.dropFirst().map { geometricMean($0) }), choices, outside: outside)
    }

    private func map(_ squares: [ViewSquares], _ part: Int, _ fusion: ViewFusion?) -> ScoreMap {
        guard let fusion, let first = places[part].first else {
            return ScoreMap(
                grid: mask.grid, values: squares[0].values.map { $0.squareRoot() },
                imageScore: wholes[part].score(squares[0].score(of: mask)))
        }
        return fusion.fused(
            coarse: squares[0], counting: mask, fine: Array(squares.dropFirst()), first, wholes[part])
    }

    /// Of a fine view of a part, which has one look.
    private func place(of view: Int, _ part: Int) -> FinePatches {
        places[part][scorer.fusion?.fine[view - 1].view ?? 0]
    }

    private func mask(of view: Int, _ part: Int) -> PatchMask { view == 0 ? mask : place(of: view, part).mask }
}

extension CombinedScorer {
    /// With one look at each fine view, the one that counts more: how parts lie is told by the parts, and what turned copies bring
    /// is in the memory that has them.
    var withOneLookAView: CombinedScorer {
        guard let fusion, let chosen = choice.fine else { return self }
        let views = Set(chosen.map(\.view)).sorted()
        let kept = views.compactMap { view in
            chosen.indices.filter { chosen[$0].view == view }.max { chosen[$0].share < chosen[$1].share }
        }
        guard kept.count < chosen.count else { return self }
        var choice = choice
        choice.fine = kept.map { chosen[$0].with(share: 1 / Float(views.count)) }
        return CombinedScorer(
            components: components, exponent: exponent, fine: kept.map { fine[$0] }, fusion: fusion.keeping(kept),
            texture: texture, composition: composition,
            words: words, featureWidth: featureWidth, choice: choice)
    }
}
