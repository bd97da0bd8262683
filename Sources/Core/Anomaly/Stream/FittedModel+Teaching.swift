extension FittedModel {
    /// The model that parts of the line make of this one: their patches beside the shots', and the limit that they give. Equal parts
    /// make an equal model, in whatever order they are given.
    ///
    /// What an earlier teaching added is replaced: the parts are of now.
    ///
    /// - Parameters:
    ///   - parts: good ones for the most part; of each number one, at most ``StreamLimits/parts``.
    ///   - progress: told the share that is done.
    package func taught(
        by parts: [StreamPart], parallelism: Parallelism = .serial, progress: (Double) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws(TeachingError) -> FittedModel {
        guard let combined = scorer as? CombinedScorer else { throw .method(settings.method.name) }
        let parts = parts.sorted { $0.number < $1.number }
        if let other = parts.first(where: { !accepts($0, combined) }) { throw .otherFeatures(number: other.number) }
        guard parts.count >= StreamLimits.fewest else { throw .tooFew(parts: parts.count, different: parts.count) }
        var (before, wholes): ([Float], [PictureEvidence]) = ([], [])
        for part in parts {
            guard !isCancelled() else { throw .cancelled }
            let patches = patches(of: part)
            before.append(combined.score(patches, counting: mask, parallelism).imageScore)
            wholes.append(combined.evidence(of: patches, counting: mask))
        }
        guard before.allSatisfy(\.isFinite), wholes.allSatisfy(\.isFinite) else { throw .notFinite }
        let scorer = combined.withOneLookAView
        let places = parts.map(places(of:))
        let layers = streamLayers(of: scorer)
        let masks = layers.indices.map { view in
            parts.indices.map { view == 0 ? mask : places[$0][scorer.viewNumber(view)].mask }
        }
        let lots = masks.enumerated().map { view, masks in
            masks.map {
                PartDistances.patches(
                    ofParts: parts.count, share: Teaching.lastShare, counted: $0.patches.count,
                    budget: view == 0 ? PartDistances.budgets.square : PartDistances.budgets.fine)
            }
        }
        func teaching(_ distances: PartDistances) -> Teaching {
            Teaching(scorer, distances, wholes, counting: mask, places: places)
        }
        let all = try PartDistances(
            parts, layers, counting: masks, remembered: lots, parallelism, progress: { progress(0.6 * $0) },
            isCancelled: isCancelled)
        let different = teaching(all).different()
        guard different.count >= StreamLimits.fewest else {
            throw .tooFew(parts: parts.count, different: different.count)
        }
        let support = teaching(all).support(different)
        let odd = support.odd.union(teaching(all).unlikeMost(different))
        guard Double(odd.count) <= Teaching.defectShare * Double(different.count) else {
            throw .severalKinds(odd: odd.sorted().map { parts[$0].number }, of: different.count)
        }
        let common = lots.enumerated().map { view, lots in
            lots.enumerated().map { part, patches in
                let counted = masks[view][part].patches
                let common = patches.filter { support.isCommon[view][part][counted[$0]] }
                // A part without a single common patch is odd, and does not join; one row keeps its block from being empty.
                return common.isEmpty ? Array(patches.prefix(1)) : common
            }
        }
        let second = teaching(
            try PartDistances(
                parts, layers, counting: masks, remembered: common, known: all, parallelism,
                progress: { progress(0.6 + 0.4 * $0) }, isCancelled: isCancelled))
        let round = second.rounds(different, before: before, odd: odd)
        let limit = StreamLimit(scores: different.map { round.scores[$0] })
        let lesson = Lesson(
            parts: parts.indices.map { part in
                let fate: Lesson.Fate =
                    !different.contains(part)
                    ? .again : odd.contains(part) ? .odd : round.members.contains(part) ? .learnt : .leftOut
                return Lesson.Part(
                    number: parts[part].number, fate: fate, before: before[part] / calibration.unit,
                    after: fate == .again ? nil : round.scores[part] / limit.unit)
            })
        let taught = Calibration(
            unit: limit.unit, evidence: limit.evidence(settings.sensitivity, shots: shots.count))
        guard taught.isFinite else { throw .notFinite }
        return replacing(second.taught(by: round), taught, lesson)
    }

    /// For each view its memories, of which parts that an earlier teaching added are left out: they come after the shots.
    private func streamLayers(of scorer: CombinedScorer) -> [[StreamLayer]] {
        ([scorer.components] + scorer.fine).enumerated().map { view, components in
            components.enumerated().map { stage, component in
                let banks = component.memories.map(\.bank)
                let counts = banks.map { max($0.blocks.count - (lesson?.learnt ?? 0), 1) }
                let shots = zip(banks, counts).map { $0.rows(ofBlocks: $1) }
                let places = zip(banks, counts).map { $0.places(ofBlocks: $1) }
                return StreamLayer(
                    view: view == 0 ? 0 : 1 + scorer.viewNumber(view), stage: stage, component: component,
                    shots: Matrix(joiningRows: shots),
                    places: places.contains(nil)
                        ? nil : places.compactMap(\.self).reduce(into: PatchPlaces()) { $0 += $1 })
            }
        }
    }
}

extension CombinedScorer {
    /// Of a look, counted from 1, the fine view's number.
    fileprivate func viewNumber(_ look: Int) -> Int { fusion?.fine[look - 1].view ?? 0 }
}
