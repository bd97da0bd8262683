package import ControlProtocol
package import Core
package import Logging
import Platform
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
    /// A generation that is loaded.
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
        /// Why its numbers are not those that it was fitted with; found when it was taken into use.
        package let fault: Invalidity?
        /// Why no part gets a verdict by it: its fault, or a decision about it that cannot be read. Nil = they do.
        package let withheld: Invalidity?

        /// An operator may have set one: nobody knows at which parts were rejected.
        package let isLimitLost: Bool

        package var manualLimit: Float? { manual?.value }
        /// Who set the limit; nil = calibration.
        package var limitBy: LimitOrigin? { manual.map { $0.proposal == nil ? .hand : .commission } }
        /// At which parts are rejected now.
        package var limit: Float { manualLimit ?? summary.limit }
        /// Scores around the limit that are uncertain: with a manual limit those that were accepted with it, else as
        /// many in proportion.
        package var band: UncertainBand { manual?.proposal?.band ?? summary.band.scaled(by: limit / summary.limit) }
    }

    /// A consistent look at the recipe.
    package struct View: Sendable {
        /// Sorted by SHA-256: a fit depends on the order, and this one does not depend on who added what when.
        package internal(set) var normals: [StoredNormal]
        /// Shots that a roll-back took out, which no fit learns from. Sorted by SHA-256.
        package internal(set) var setAside: [StoredNormal]
        /// What is in use, or why nothing is.
        var standing: Result<Active, Invalidity>
        /// As it is written down; nil before the first fit, and when it cannot be read.
        var current: CurrentGeneration?
        /// Of what the configuration asks for; differs from the model's until the fit that is due.
        var kind: ModelKind

        package var active: Active? { try? standing.get() }

        /// Why no part gets a verdict; nil = they do.
        package var hindrance: Invalidity? {
            switch standing {
            case .success(let active): active.withheld
            case .failure(let invalidity): invalidity
            }
        }

        /// There are shots, and the model in use was fitted from others or with other settings than those configured,
        /// and no operator wanted it so.
        package var isFitDue: Bool { fitReason != nil }

        /// Why a fit is due; nil = none is.
        var fitReason: String? {
            // Without shots there is nothing to fit; after a roll-back the operator's word stands until there are
            // others.
            guard !normals.isEmpty, current?.shotsAtRollback != ShotList(normals) else { return nil }
            switch standing {
            // What is lost is an operator's word: a fit that nobody asked for would stand above it.
            case .failure(let invalidity):
                return invalidity.cause == .stateUnreadable ? nil : "no generation can be used"
            case .success(let active):
                if let difference = kind.difference(from: active.summary.kind) { return "fitted with \(difference)" }
                return Set(normals.map(\.sha256)) == Set(active.summary.shots) ? nil : "fitted from other shots"
            }
        }
    }

    /// Told what is in use, or why nothing is, at every change.
    package typealias Activate = @Sendable (Result<Active, Invalidity>) -> Void
    /// Why a model's numbers are not those that it was fitted with; nil = they are. Computes.
    package typealias Check = @Sendable (FittedModel) -> Invalidity?

    package let name: String
    /// For the thread that fits.
    let fitMark: FitMark
    let store: RecipeStore
    let logger: Logger
    /// Held over the disk. Nobody who has `state` asks for it.
    let change = Mutex(())
    let state: Mutex<View>
    /// Replaced by a reload, which gives the line's new slot.
    private let line: Mutex<(check: Check, activate: Activate)>

    /// Opens the recipe, tidies what a crash left, and activates the generation that was in use.
    ///
    /// - Parameters:
    ///   - kind: of the models that the configuration asks for. Generations of another backbone are not used.
    ///   - check: asked about each generation that is taken into use.
    ///   - activate: hands a generation to the line; called at every change, also with a new limit.
    /// - Throws: `StoreError.invalidRecipeName`; ``DiskError`` when the folders cannot be made or read. Unusable generations and
    ///   documents do not throw: `activate` and the log are told.
    package init(
        stateDirectory: String, name: String, kind: ModelKind, documents: StateDocuments = StateDocuments(),
        logger: Logger, check: @escaping Check = { _ in nil }, activate: @escaping Activate
    ) throws {
        self.name = name
        self.logger = logger
        line = Mutex((check, activate))
        guard PlainName.isValid(name) else { throw StoreError.invalidRecipeName(name) }
        store = try RecipeStore(stateDirectory: stateDirectory, recipe: name, documents: documents)
        fitMark = FitMark(store, recipe: name, logger: logger)
        state = Mutex(
            View(
                normals: try store.normals(), setAside: try store.setAside(), standing: .failure(.nothingFitted),
                kind: kind))
        restore(try store.generations())
    }

    package var view: View { state.withLock { $0 } }

    /// What ``reconfigure(_:_:check:activate:)`` needs to know of the disk.
    func generationsOnDisk() throws(DiskError) -> [Int] {
        try change.withLock { _ throws(DiskError) in try store.generations() }
    }

    /// Goes on with other settings: `activate` gets the newest generation that can be used with them, if there is one.
    ///
    /// - Parameter generations: those that were on disk a moment ago.
    func reconfigure(
        _ kind: ModelKind, _ generations: [Int], check: @escaping Check, activate: @escaping Activate
    ) {
        // Nothing in here can fail: it comes after everything that can.
        change.withLock { _ in
            line.withLock { $0 = (check, activate) }
            state.withLock { $0.kind = kind }
            // A fit may have ended since.
            let onDisk = Set(generations).union(view.active.map { [$0.generation] } ?? [])
            restore(onDisk.sorted(by: >))
        }
    }

    /// Copies all of it into a recipe that does not exist yet.
    func copy(to name: String, settingsFrom table: String?) throws(DiskError) {
        try change.withLock { _ throws(DiskError) in try store.copy(to: name, settingsFrom: table) }
    }

    /// Takes back that it was opened: of a recipe that is new and not wanted after all.
    func discardIfEmpty() { store.discardIfEmpty() }

    /// Of the configuration in use.
    func fault(of model: FittedModel) -> Invalidity? { line.withLock(\.check)(model) }

    /// Shows to readers and hands to the line what is in use now.
    func stand(_ standing: Result<Active, Invalidity>, _ current: CurrentGeneration?) {
        let before = view.hindrance
        state.withLock {
            $0.standing = standing
            $0.current = current
        }
        let hindrance = view.hindrance
        if let hindrance, hindrance != before, hindrance != .nothingFitted {
            logger.error("no part can be judged", metadata: ["recipe": "\(name)", "error": "\(hindrance)"])
        }
        // After the state: whoever hears of the generation from the line finds it here.
        line.withLock(\.activate)(standing)
    }

    /// The generation in use.
    ///
    /// - Throws: `noModel` before the first fit, else ``StoreError/unusable(_:)``.
    func inUse() throws(StoreError) -> Active {
        switch view.standing {
        case .success(let active): return active
        case .failure(.nothingFitted): throw .noModel
        case .failure(let invalidity): throw .unusable(invalidity.detail)
        }
    }
}
