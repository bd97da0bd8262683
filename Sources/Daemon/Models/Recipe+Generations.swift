package import Core
import Logging
import Platform
import Synchronization

// MARK: At the start, and with other settings

extension Recipe {
    /// - Parameter onDisk: generations, the newest first.
    func restore(_ onDisk: [Int]) {
        let current: CurrentGeneration?
        do {
            current = try read(onDisk)
        } catch {
            // Another generation could be one that an operator went back from.
            let kept = onDisk.map { "\($0)" }.joined(separator: ", ")
            let advice =
                "say which generation to use with `fsacctl models rollback GENERATION` (kept: \(kept)), or fit "
                + "anew with `fsacctl refit`"
            return stand(.failure(Invalidity(.stateUnreadable, "\(error): \(advice)")), nil)
        }
        guard let current else { return stand(.failure(.nothingFitted), nil) }
        // Without a roll-back a generation newer than `current` is a finished fit whose last step was cut off.
        let finished = current.shotsAtRollback == nil ? onDisk.filter { $0 > current.generation } : []
        var reason: Invalidity?
        // Then those that were in use, and that nobody went back from: nothing else is known to be good.
        for generation in finished + [current.generation] + current.before.filter(onDisk.contains).reversed() {
            do {
                let model = try usable(generation)
                return use(model, generation, taken(generation, after: current), fault: fault(of: model))
            } catch {
                logger.error(
                    "generation cannot be used", metadata: ["recipe": "\(name)", "error": "\(error)"])
                if reason == nil || generation == current.generation { reason = Invalidity(error) }
            }
        }
        stand(.failure(reason ?? .nothingFitted), current)
    }

    private func read(_ onDisk: [Int]) throws(DocumentError) -> CurrentGeneration? {
        // One that is not written down is the first fit's, whose last step was cut off.
        var current = try store.current(of: onDisk) ?? onDisk.first.map { CurrentGeneration(generation: $0) }
        // Written by a version that did not note them: those of now.
        if current?.shotsAtRollback == .unknown { current?.shotsAtRollback = ShotList(view.normals) }
        return current
    }

    /// What is in use when one of the candidates is. What was to be used instead of one that is older is still written down:
    /// the newer ones beside it stay what they are.
    private func taken(_ generation: Int, after current: CurrentGeneration) -> CurrentGeneration {
        guard generation != current.generation else { return current }
        logger.warning(
            "using another generation than the one named as current",
            metadata: [
                "recipe": "\(name)", "generation": "\(generation)", "current": "\(current.generation)",
            ])
        guard generation > current.generation else { return current }
        // The last step of its fit.
        let new = current.next(generation)
        do {
            try store.select(new)
        } catch {
            // The next start comes to the same.
            logger.error("the generation in use cannot be written down", metadata: ["error": "\(error)"])
        }
        return new
    }

    private func usable(_ generation: Int) throws(StoreError) -> FittedModel {
        let model = try store.load(generation)
        let (found, configured) = (model.summary.kind.backbone, view.kind.backbone)
        // Only the backbone: features of another one are no features. Other options are a reason for a fit, not for
        // silence.
        guard found == configured else {
            throw .otherBackbone(generation: generation, found: "\(found)", configured: "\(configured)")
        }
        return model
    }

    /// The model with what is written down about limit and commissioning.
    func use(_ model: FittedModel, _ generation: Int, _ current: CurrentGeneration, fault: Invalidity?) {
        stand(.success(active(model, generation, fault: fault)), current)
    }
}

// MARK: Changes

extension Recipe {
    /// Makes `model` the newest generation and the one in use.
    ///
    /// - Parameter base: the generation that it was made of, which has to be in use still; nil = it was made of the shots.
    package func install(_ model: FittedModel, replacing base: Int? = nil) throws -> Active {
        try change.withLock { _ in
            if let base, view.active?.generation != base {
                throw StoreError.otherGeneration(made: base, inUse: view.active?.generation)
            }
            // The settings may have changed while it was fitted.
            let (found, configured) = (model.summary.kind.backbone, view.kind.backbone)
            guard found == configured else {
                throw StoreError.otherSettings(found: "\(found)", configured: "\(configured)")
            }
            if let fault = fault(of: model) { throw StoreError.unusable(fault.detail) }
            // What it looks at cannot change by a fit. Where it differed before the fit, this one is an operator's answer.
            if let active = view.active, active.fault == nil, let difference = active.model.difference(from: model) {
                throw StoreError.unusable(
                    "golden picture: \(difference) from generation \(active.generation): the weights in memory have "
                        + "changed: start the daemon again")
            }
            // Written under another name, synced, renamed; the line judges by it from the next part on.
            let current = try store.install(after: view.current) { folder in try model.save(to: folder) }
            use(model, current.generation, current, fault: nil)
            do {
                try store.prune(current)
            } catch {
                // The generation is in use: an old one that stays costs room, and goes with the next fit.
                logger.warning(
                    "old generations cannot be removed", metadata: ["recipe": "\(name)", "error": "\(error)"])
            }
            return try inUse()
        }
    }

    /// Goes back to an older generation (or forward again), until the next fit. Shots that it was not fitted from are set aside,
    /// so that the next fit does not learn them again; those that it was fitted from and that were set aside come back.
    ///
    /// - Parameter generation: nil = the one before the current.
    package func rollback(to generation: Int?) throws -> Rollback {
        try change.withLock { _ in
            let kept = try store.generations()
            let target = try target(generation, among: kept)
            let model = try usable(target)
            // Before the generation is selected: a power cut in between leaves a bad shot out, and not in.
            let shots = try sortShots(by: Set(model.shots))
            // The newest needs no mark: it is what a start would use anyway.
            let mark = target == kept.first ? nil : ShotList(view.normals)
            let current =
                view.current?.replaced(by: target, shots: mark)
                ?? CurrentGeneration(generation: target, shotsAtRollback: mark)
            do {
                try store.select(current)
            } catch {
                // It may be written down all the same: a sync can fail behind the rename.
                if (try? store.current(of: kept)) != current { undo(shots) }
                throw error
            }
            use(model, target, current, fault: fault(of: model))
            return Rollback(active: try inUse(), setAside: shots.setAside, restored: shots.restored)
        }
    }

    /// What going back to a generation would do, as ``rollback(to:)``; changes nothing.
    func rollbackPlan(to generation: Int?) throws -> (model: FittedModel, generation: Int, Misplaced) {
        try change.withLock { _ in
            let target = try target(generation, among: try store.generations())
            let model = try usable(target)
            return (model, target, misplaced(by: Set(model.shots)))
        }
    }

    private func target(_ generation: Int?, among kept: [Int]) throws(StoreError) -> Int {
        let target = if let generation { generation } else { try older(kept) }
        guard kept.contains(target) else { throw .noSuchGeneration(target, kept: kept) }
        return target
    }

    private func older(_ kept: [Int]) throws(StoreError) -> Int {
        let current = try inUse().generation
        guard let target = kept.first(where: { $0 < current }) else { throw .noOlderGeneration(than: current) }
        return target
    }

    /// What the recipe would do with another model: its limits are those of the recipe. Nothing is stored, and the line
    /// hears nothing.
    func candidate(_ model: FittedModel) -> Active {
        let (summary, active) = (model.summary, view.active)
        let manual = active?.manual.flatMap { $0.holds(for: summary.kind) ? $0 : nil }
        return Active(
            generation: (active?.generation ?? 0) + 1,
            model: manual.map { model.withLimit($0.value, band: $0.proposal?.band) } ?? model, summary: summary,
            manual: manual, commission: nil, fault: nil, withheld: nil, isLimitLost: active?.isLimitLost ?? false)
    }

    /// A generation as it would be in use: in memory if it is, else read from the disk.
    ///
    /// - Throws: when it is not there any more, cannot be read, or was fitted with another backbone.
    func stored(_ generation: Int) throws -> Active {
        if let active = view.active, active.generation == generation { return active }
        return active(try change.withLock { _ in try usable(generation) }, generation, fault: nil)
    }

    /// Every generation on disk, newest first, and the one in use. A generation that cannot be read is left out and logged.
    package func generations() throws -> (all: [(generation: Int, summary: ModelSummary)], active: Active?) {
        try change.withLock { _ in
            // Of one moment: no fit ends meanwhile.
            let active = view.active
            let all = try store.generations().compactMap { generation in
                // In memory already; the others are read whole, which takes a moment for each.
                if let active, active.generation == generation { return (generation, active.summary) }
                do {
                    return (generation, try store.load(generation).summary)
                } catch {
                    logger.error("\(error)")
                    return nil
                }
            }
            return (all, active)
        }
    }
}

/// What going back to a generation did.
package struct Rollback: Sendable {
    package let active: Recipe.Active
    /// Shots that the generation was not fitted from: no fit learns them until they are restored.
    package let setAside: [StoredNormal]
    /// Shots that it was fitted from, and that had been set aside.
    package let restored: [StoredNormal]
}
