package import Core
package import Logging
package import Platform
import Synchronization

/// A recipe: its normal shots, its generations and its limit, on disk and in memory.
///
/// Disk first, memory then, the line last: what a reader or the line has seen is there after a crash. Two locks:
/// `change` makes changes one after the other and is held while the disk works; `state` is held for a moment, so that
/// reading does not wait.
///
/// Reading ``view`` never waits for the disk. The other calls do, one after the other: keep them off event loops and
/// the cooperative pool.
package final class Recipe: Sendable {
    /// A generation that can judge parts.
    package struct Active: Sendable {
        package let generation: Int
        /// Rejects at the limit in use.
        package let model: FittedModel
        /// As fitted: its limit is calibration's.
        package let summary: ModelSummary
        /// The limit set by hand or accepted after commissioning, when one holds for this model.
        package let manual: ManualLimit?
        /// Parts are scored and get no verdict that anybody may act on; nil = they are judged.
        package let commission: Commission?

        package var manualLimit: Float? { manual?.value }
        /// At which parts are rejected now.
        package var limit: Float { manualLimit ?? summary.limit }
        /// Scores around the limit that are uncertain: with a manual limit those that were accepted with it, else as
        /// many in proportion.
        package var band: UncertainBand { manual?.proposal?.band ?? summary.band.scaled(by: limit / summary.limit) }
    }

    /// A consistent look at the recipe.
    package struct View: Sendable {
        /// Sorted by SHA-256: a fit depends on the order, and this one does not depend on who added what when.
        package fileprivate(set) var normals: [StoredNormal]
        package fileprivate(set) var active: Active?
        /// What was there when an operator went back to an older generation; nil = nobody did.
        fileprivate var shotsAtRollback: ShotList?
        /// Of what the configuration asks for; differs from the model's until the fit that is due.
        fileprivate(set) var kind: ModelKind

        /// There are shots, and the model in use was fitted from others or with other settings than those configured,
        /// and no operator wanted it so.
        package var isFitDue: Bool { fitReason != nil }

        /// Why a fit is due; nil = none is.
        var fitReason: String? {
            // Without shots there is nothing to fit; after a roll-back the operator's word stands until there are
            // others.
            guard !normals.isEmpty, shotsAtRollback != ShotList(normals) else { return nil }
            guard let active else { return "no generation can be used" }
            if let difference = kind.difference(from: active.summary.kind) { return "fitted with \(difference)" }
            return Set(normals.map(\.sha256)) == Set(active.summary.shots) ? nil : "fitted from other shots"
        }
    }

    package let name: String
    /// For the thread that fits.
    let fitMark: FitMark
    private let store: RecipeStore
    private let logger: Logger
    /// Replaced by a reload, which gives the line's new slot.
    private let activate: Mutex<@Sendable (Active) -> Void>
    /// Held over the disk. Nobody who has `state` asks for it.
    private let change = Mutex(())
    private let state: Mutex<View>

    /// Opens the recipe, tidies what a crash left, and activates the newest generation that can be read.
    ///
    /// - Parameters:
    ///   - kind: of the models that the configuration asks for. Generations of another backbone are not used.
    ///   - activate: hands a generation to the line; called at every change, also with a new limit.
    /// - Throws: `StoreError.invalidRecipeName`; ``DiskError`` when the folders cannot be made or read. Unusable generations do not throw: the one
    ///   before is used, and the log says so.
    package init(
        stateDirectory: String, name: String, kind: ModelKind, disk: Disk = Disk(), logger: Logger,
        activate: @escaping @Sendable (Active) -> Void
    ) throws {
        self.name = name
        self.logger = logger
        self.activate = Mutex(activate)
        guard PlainName.isValid(name) else { throw StoreError.invalidRecipeName(name) }
        store = try RecipeStore(stateDirectory: stateDirectory, recipe: name, disk: disk)
        fitMark = FitMark(store, recipe: name, logger: logger)
        state = Mutex(View(normals: try store.normals(), kind: kind))
        restore(try store.generations())
    }

    package var view: View { state.withLock { $0 } }

    /// What ``reconfigure(_:_:activate:)`` needs to know of the disk.
    func generationsOnDisk() throws(DiskError) -> [Int] {
        try change.withLock { _ throws(DiskError) in try store.generations() }
    }

    /// Goes on with other settings: `activate` gets the newest generation that can be used with them, if there is one.
    ///
    /// - Parameter generations: those that were on disk a moment ago.
    func reconfigure(_ kind: ModelKind, _ generations: [Int], activate new: @escaping @Sendable (Active) -> Void) {
        // Nothing in here can fail: it comes after everything that can.
        change.withLock { _ in
            activate.withLock { $0 = new }
            let active = state.withLock { state in
                defer {
                    state.kind = kind
                    state.active = nil
                    // What `current` on the disk says is read again below.
                    state.shotsAtRollback = nil
                }
                return state.active
            }
            // A fit may have ended since.
            let onDisk = Set(generations).union(active.map { [$0.generation] } ?? [])
            restore(onDisk.sorted(by: >))
        }
    }

    /// Copies all of it into a recipe that does not exist yet.
    func copy(to name: String, settingsFrom table: String) throws(DiskError) {
        try change.withLock { _ throws(DiskError) in try store.copy(to: name, settingsFrom: table) }
    }

    /// - Parameter onDisk: generations, the newest first.
    private func restore(_ onDisk: [Int]) {
        var current = store.current()
        // Written by a version that did not note them: those of now.
        if current?.shotsAtRollback == .unknown { current?.shotsAtRollback = ShotList(view.normals) }
        // Without a roll-back a generation newer than `current` is a finished fit whose last step was cut off.
        let candidates = onDisk.filter { current?.shotsAtRollback == nil || $0 <= current?.generation ?? 0 }
        for generation in candidates {
            do {
                let model = try usable(generation)
                // So that the next start needs no luck: it would try the unreadable one first.
                if generation != current?.generation { select(generation, insteadOf: current) }
                use(model, generation: generation, shotsAtRollback: current?.shotsAtRollback)
                return
            } catch {
                logger.error(
                    "generation cannot be used, trying the one before", metadata: ["error": "\(error)"])
            }
        }
    }

    private func select(_ generation: Int, insteadOf current: CurrentGeneration?) {
        logger.warning(
            "using another generation than the one named as current",
            metadata: ["generation": "\(generation)", "current": "\(current?.generation ?? 0)"])
        do {
            try store.select(
                CurrentGeneration(generation: generation, shotsAtRollback: current?.shotsAtRollback))
        } catch {
            // The next start comes to the same.
            logger.error("the generation in use cannot be written down", metadata: ["error": "\(error)"])
        }
    }

    /// Applies the manual limit, shows the generation to readers and hands it to the line.
    @discardableResult
    private func use(_ model: FittedModel, generation: Int, shotsAtRollback: ShotList?) -> Active {
        let summary = model.summary
        let manual = manualLimit(for: summary)
        let active = Active(
            generation: generation,
            model: manual.map { model.withLimit($0.value, band: $0.proposal?.band) } ?? model, summary: summary,
            manual: manual, commission: commission())
        state.withLock {
            $0.active = active
            $0.shotsAtRollback = shotsAtRollback
        }
        // After the state: whoever hears of the generation from the line finds it here.
        activate.withLock { $0 }(active)
        return active
    }

    private func commission() -> Commission? {
        do {
            return try store.commission()
        } catch {
            // Something was going on: no part may be judged as if not.
            logger.error(
                "commissioning cannot be read: parts stay INVALID until `fsacctl commission --cancel`",
                metadata: ["recipe": "\(name)", "error": "\(error)"])
            return Commission(parts: 1, firstSequence: .max)
        }
    }

    private func manualLimit(for summary: ModelSummary) -> ManualLimit? {
        do {
            guard let manual = try store.manualLimit() else { return nil }
            guard manual.holds(for: summary.kind) else {
                logger.warning(
                    "limit set by hand is for another backbone, method or unit of scores, using the calibrated one",
                    metadata: [
                        "recipe": "\(name)", "set_for": "\(manual.scaleWords)", "model": "\(summary.kind)",
                    ])
                return nil
            }
            return manual
        } catch {
            logger.error("limit set by hand cannot be read, using the calibrated one", metadata: ["error": "\(error)"])
            return nil
        }
    }
}

// MARK: Normal shots

extension Recipe {
    /// Stores a checked picture as a normal shot; the same bytes again change nothing.
    package func addNormal(
        _ bytes: [UInt8], fileExtension: String
    ) throws(DiskError) -> (normal: StoredNormal, isNew: Bool) {
        try change.withLock { _ throws(DiskError) in
            // The name is the content: adding is idempotent, and a client that got no answer may ask again.
            let sha256 = RecipeStore.sha256(of: bytes)
            if let known = view.normals.first(where: { $0.sha256 == sha256 }) { return (known, false) }
            let normal = try store.addNormal(bytes, fileExtension: fileExtension)
            let normals = try store.normals()
            state.withLock { $0.normals = normals }
            return (normal, true)
        }
    }

    /// Removes a shot; the model keeps what it learnt from it until the next fit.
    ///
    /// - Parameter name: its SHA-256, or the first 6 digits or more.
    package func removeNormal(_ name: String) throws -> StoredNormal {
        try change.withLock { _ in
            let normal = try normal(named: name)
            // Without a shot no fit could ever follow, and the model would stand on nothing.
            guard view.normals.count > 1 else { throw StoreError.lastNormal(sha256: normal.sha256) }
            // Read from the disk afterwards: what is shown is what a restart would find.
            try store.removeNormal(normal)
            let normals = try store.normals()
            state.withLock { $0.normals = normals }
            return normal
        }
    }

    /// - Parameter name: its SHA-256, or the first 6 digits or more.
    package func normal(named name: String) throws(StoreError) -> StoredNormal {
        let matches = view.normals.filter { $0.sha256.hasPrefix(name.lowercased()) }
        // Two that begin alike are none: a wrong one must not be removed.
        guard name.utf8.count >= 6, let normal = matches.first, matches.count == 1 else {
            throw .noSuchNormal(sha256: name)
        }
        return normal
    }

    package func bytes(of normal: StoredNormal) throws(DiskError) -> [UInt8] {
        try store.bytes(of: normal)
    }

    /// Name a picture would have here, and whether it is there already.
    package func find(_ bytes: [UInt8]) -> (sha256: String, isKnown: Bool) {
        let sha256 = RecipeStore.sha256(of: bytes)
        return (sha256, view.normals.contains { $0.sha256 == sha256 })
    }
}

// MARK: Generations

extension Recipe {
    /// Makes `model` the newest generation and the one in use.
    package func install(_ model: FittedModel) throws -> Active {
        try change.withLock { _ in
            // The settings may have changed while it was fitted.
            let (found, configured) = (model.summary.kind.backbone, view.kind.backbone)
            guard found == configured else {
                throw StoreError.otherSettings(found: "\(found)", configured: "\(configured)")
            }
            // Written under another name, synced, renamed; the line judges by it from the next part on.
            let generation = try store.install { folder in try model.save(to: folder) }
            // Before pruning: an old generation that cannot be removed does not keep the new one from being used.
            let active = use(model, generation: generation, shotsAtRollback: nil)
            try store.prune(current: generation)
            return active
        }
    }

    /// Goes back to an older generation (or forward again), until the next fit.
    ///
    /// - Parameter generation: nil = the one before the current.
    package func rollback(to generation: Int?) throws -> Active {
        try change.withLock { _ in
            guard let current = view.active?.generation else { throw StoreError.noModel }
            let kept = try store.generations()
            guard let target = generation ?? kept.first(where: { $0 < current }) else {
                throw StoreError.noOlderGeneration(than: current)
            }
            guard kept.contains(target) else { throw StoreError.noSuchGeneration(target, kept: kept) }
            let model = try usable(target)
            // The newest needs no mark: it is what a start would use anyway.
            let shots = target == kept.first ? nil : ShotList(view.normals)
            try store.select(CurrentGeneration(generation: target, shotsAtRollback: shots))
            return use(model, generation: target, shotsAtRollback: shots)
        }
    }

    /// Sets the limit by hand (nil = calibration's again) and applies it to the next frame.
    package func setLimit(_ value: Float?) throws -> Active {
        try change.withLock { _ in
            guard let active = view.active else { throw StoreError.noModel }
            // On the disk before any part is judged by it.
            try store.setManualLimit(value.map { try ManualLimit(value: $0, for: active.summary.kind) })
            return reuse(active)
        }
    }

    /// The same generation, with what is written down about limit and commissioning now.
    private func reuse(_ active: Active) -> Active {
        use(
            active.model.withAutomaticLimit(), generation: active.generation, shotsAtRollback: view.shotsAtRollback)
    }

    /// Mutes the recipe's verdicts from the next frame on, over restarts.
    package func startCommission(_ commission: Commission) throws -> Active {
        try change.withLock { _ in
            guard let active = view.active else { throw StoreError.noModel }
            guard active.commission == nil else { throw StoreError.commissioning(name) }
            try store.setCommission(commission)
            return reuse(active)
        }
    }

    /// Parts are judged again from the next frame on.
    ///
    /// - Parameter proposal: the limit to judge them by; nil = as before.
    package func endCommission(accepting proposal: LimitProposal?) throws -> Active {
        try change.withLock { _ in
            guard let active = view.active else { throw StoreError.noModel }
            guard active.commission != nil else { throw StoreError.notCommissioning(name) }
            if let proposal {
                try store.setManualLimit(
                    ManualLimit(value: proposal.limit, for: active.summary.kind, proposal: proposal))
            }
            // After the limit: a crash in between leaves the recipe muted, and not judged by a limit nobody accepted.
            try store.setCommission(nil)
            return reuse(active)
        }
    }

    /// What the recipe would do with another model: its limits are those of the recipe. Nothing is stored, and the line
    /// hears nothing.
    func candidate(_ model: FittedModel) -> Active {
        let (summary, active) = (model.summary, view.active)
        let manual = active?.manual.flatMap { $0.holds(for: summary.kind) ? $0 : nil }
        return Active(
            generation: (active?.generation ?? 0) + 1,
            model: manual.map { model.withLimit($0.value, band: $0.proposal?.band) } ?? model, summary: summary,
            manual: manual, commission: nil)
    }

    /// Every generation on disk, newest first. A generation that cannot be read is left out and logged.
    package func generations() throws -> [(generation: Int, summary: ModelSummary)] {
        try change.withLock { _ in
            try store.generations().compactMap { generation in
                // In memory already; the others are read whole, which takes a moment for each.
                if let active = view.active, active.generation == generation { return (generation, active.summary) }
                do {
                    return (generation, try load(generation).summary)
                } catch {
                    logger.error("\(error)")
                    return nil
                }
            }
        }
    }

    private func usable(_ generation: Int) throws(StoreError) -> FittedModel {
        let model = try load(generation)
        let (found, configured) = (model.summary.kind.backbone, view.kind.backbone)
        // Only the backbone: features of another one are no features. Other options are a reason for a fit, not for
        // silence.
        guard found == configured else {
            throw .otherBackbone(generation: generation, found: "\(found)", configured: "\(configured)")
        }
        return model
    }

    private func load(_ generation: Int) throws(StoreError) -> FittedModel {
        do {
            return try FittedModel.load(from: store.folder(of: generation))
        } catch {
            throw .generationUnreadable(generation, reason: "\(error)")
        }
    }
}
