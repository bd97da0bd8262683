import ControlProtocol
package import Logging
package import Platform
package import Settings
import Synchronization

/// Every recipe there is: the tables of the configuration, and copies that operators made.
///
/// Reading never waits for the disk. Changes do, one after the other.
/// The order of locks is `change` of the book, `change` of a recipe, `state`: nobody takes them the other way round.
package final class RecipeBook: Sendable {
    /// Loads weights and may take seconds. Throws for a wrong configuration; for weights that cannot be used it gives a
    /// method that says so (``RecipeMethod/absence``).
    package typealias MakeMethod = @Sendable (Configuration.RecipeSettings) throws -> RecipeMethod

    /// Where a recipe's settings come from.
    package enum SettingsOrigin: Sendable {
        /// Its own table of the configuration.
        case table
        /// The table of another one, of which it is a copy.
        case copy
        /// It brought them along from another station, and the configuration has no table for it.
        case imported
    }

    package struct Entry: Sendable {
        package let recipe: Recipe
        package let origin: SettingsOrigin
        /// The table whose settings it uses: its own, or for a copy that of the original.
        package let settings: Configuration.RecipeSettings
        /// 16 hexadecimal digits that are others when the settings are.
        let settingsDigest: String
        package let method: RecipeMethod
        /// What the inspection thread needs of it. Another one after each reload that changed the settings, so the
        /// identity of its slot tells whether a camera has the newest.
        package let line: LineRecipe

        package var name: String { recipe.name }

        init(
            recipe: Recipe, origin: SettingsOrigin, settings: Configuration.RecipeSettings, method: RecipeMethod,
            line: LineRecipe
        ) {
            guard let bytes = try? ControlCoding.encode(settings) else {
                preconditionFailure("settings with a number that is not finite")
            }
            settingsDigest = hexadecimal(SHA256.digest(of: bytes).prefix(8))
            self.recipe = recipe
            self.origin = origin
            self.settings = settings
            self.method = method
            self.line = line
        }
    }

    struct State {
        /// Tables in the order of the file, then copies by name.
        var entries: [Entry] = []
        var inUse = RecipesInUse()
        /// Why the choices cannot be read.
        var inUseError: DocumentError?
        /// Recipes whose settings cannot be read, by name.
        var unreadable: [String: DocumentError] = [:]
    }

    let stateDirectory: String
    let documents: StateDocuments
    var disk: Disk { documents.disk }
    let logger: Logger
    let makeMethod: MakeMethod
    let change = Mutex(())
    let state = Mutex(State())
    var folder: String { "\(stateDirectory)/recipes" }
    var inUsePath: String { "\(stateDirectory)/\(RecipesInUse.fileName)" }

    /// Opens all recipes and tidies what a crash left.
    ///
    /// - Parameters:
    ///   - tables: never empty.
    ///   - method: called once a table.
    /// - Throws: what `method` throws; ``StoreError``, ``DiskError``.
    package init(
        stateDirectory: String, tables: [Configuration.RecipeSettings], disk: Disk = Disk(), logger: Logger,
        method: @escaping MakeMethod
    ) throws {
        precondition(!tables.isEmpty, "a configuration without recipes")
        self.stateDirectory = stateDirectory
        self.logger = logger
        makeMethod = method
        documents = try StateDocuments.opened(in: stateDirectory, disk: disk, logger: logger)
        // A copy that a crash cut off: nobody has seen it.
        try disk.discardTree("\(folder)/\(RecipeStore.copyInProgress)")
        try disk.discardTree("\(folder)/\(RecipeStore.importInProgress)")
        readInUse()
        _ = try reload(tables)
    }

    package var entries: [Entry] { state.withLock { $0.entries } }

    package func entry(_ name: String) throws(StoreError) -> Entry {
        let entries = entries
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw .noSuchRecipe(name, known: entries.map(\.name))
        }
        return entry
    }
}

// MARK: Changes

extension RecipeBook {
    /// Copies shots, generations and limit; the copy uses the settings of the original's table until it has its own.
    package func copy(_ source: String, to target: String) throws -> Entry {
        guard PlainName.isValid(target) else { throw StoreError.invalidRecipeName(target) }
        return try change.withLock { _ in
            let original = try entry(source)
            // The folder counts, not the entry: one of a table that was removed still holds its shots.
            guard try !disk.names(in: folder).contains(target) else { throw StoreError.recipeExists(target) }
            let (isImported, settings) = (original.origin == .imported, original.settings)
            try original.recipe.copy(to: target, settingsFrom: isImported ? nil : settings.name)
            return try openNew(
                Plan(
                    name: target, origin: isImported ? .imported : .copy,
                    table: isImported ? settings.named(target) : settings, method: original.method))
        }
    }

    /// Of a folder that was made just now; nothing is left of one that cannot be opened.
    func openNew(_ plan: Plan) throws -> Entry {
        do {
            let entry = try open(plan)
            add(entry)
            return entry
        } catch {
            try? disk.discardTree("\(folder)/\(plan.name)")
            throw error
        }
    }

    /// The order is shown: tables as in the file, others behind them by name.
    private func add(_ entry: Entry) {
        state.withLock { state in
            let tables = state.entries.prefix { $0.origin == .table }
            let others = state.entries.dropFirst(tables.count) + [entry]
            state.entries = tables + others.sorted { $0.name < $1.name }
        }
    }

    /// Takes over the tables of a configuration; nothing has changed when it throws.
    ///
    /// - Parameters:
    ///   - old: the cameras so far.
    ///   - new: the cameras to come: the recipe that one of both uses cannot be removed.
    /// - Returns: what changed, a sentence each.
    package func reload(
        _ tables: [Configuration.RecipeSettings], from old: [Configuration.Camera] = [],
        to new: [Configuration.Camera] = []
    ) throws -> [String] {
        try change.withLock { _ in
            let before = entries
            let (plans, unreadable) = try self.plans(tables, before)
            try checkUse(by: new, before: old, plans.map(\.name))
            // Everything that can fail, for all of them, before anything changes for one of them.
            // Weights, folders, generations.
            let steps = try steps(plans, before)
            var entries: [Entry] = []
            var changes: [String] = []
            for step in steps {
                entries.append(step.take())
                if let change = step.change, !before.isEmpty { changes.append(change) }
            }
            for gone in before where !entries.contains(where: { $0.name == gone.name }) {
                // Shots are work: no configuration takes them away.
                changes.append("recipe \(gone.name) removed; its folder stays")
            }
            state.withLock { [entries] in
                $0.entries = entries
                $0.unreadable = unreadable
            }
            return changes
        }
    }

    private func method(_ table: Configuration.RecipeSettings, _ old: [Entry]) throws -> RecipeMethod {
        // What could not be used may have been repaired since.
        // A method that is as before keeps its weights: a reload of another key takes no time.
        if let known = old.first(where: { $0.settings == table && $0.method.absence == nil }) { return known.method }
        let method = try makeMethod(table)
        if let absence = method.absence {
            // The first start runs with it, to tell people why. Later it must not take the place of one that works.
            guard old.isEmpty || old.contains(where: { $0.name == table.name && $0.method.absence != nil }) else {
                throw StoreError.recipeUnusable(table.name, reason: absence)
            }
            logger.error("no part can be judged", metadata: ["recipe": "\(table.name)", "error": "\(absence)"])
        }
        return method
    }

    /// Removing the recipe of a camera must not leave its parts to another one, unless the configuration names that.
    private func checkUse(
        by cameras: [Configuration.Camera], before: [Configuration.Camera], _ names: [String]
    ) throws(StoreError) {
        for camera in cameras {
            // A camera that is new has no parts that could change hands.
            guard let known = before.first(where: { $0.name == camera.name }), let used = entry(for: known)?.name,
                !names.contains(used)
            else { continue }
            let isChosen = state.withLock { $0.inUse.choices[camera.name] } != nil
            guard !isChosen, !camera.recipe.isEmpty else { throw .recipeInUse(used, camera: camera.name) }
        }
    }

    /// What a recipe is to become.
    struct Plan {
        var name: String
        var origin: SettingsOrigin
        var table: Configuration.RecipeSettings
        var method: RecipeMethod
    }

    /// What is left to do for it once nothing can fail any more.
    private struct Step {
        /// Nil = none.
        var change: String?
        var take: () -> Entry
    }

    /// - Returns: also the recipes whose settings cannot be read, by name.
    private func plans(
        _ tables: [Configuration.RecipeSettings], _ before: [Entry]
    ) throws -> ([Plan], unreadable: [String: DocumentError]) {
        var plans = try tables.map { table in
            Plan(name: table.name, origin: .table, table: table, method: try method(table, before))
        }
        var unreadable: [String: DocumentError] = [:]
        for (name, settings) in try others() where !tables.contains(where: { $0.name == name }) {
            switch settings {
            case .success(.imported(let table)):
                let method = try importedMethod(table, before)
                plans.append(Plan(name: name, origin: .imported, table: table, method: method))
            case .success(.table(let origin)):
                guard let plan = plans.first(where: { $0.origin == .table && $0.name == origin }) else {
                    logger.warning(
                        "recipe is left out: it uses the settings of a table that is gone",
                        metadata: ["recipe": "\(name)", "table": "\(origin)"])
                    continue
                }
                plans.append(Plan(name: name, origin: .copy, table: plan.table, method: plan.method))
            case .failure(let error):
                logger.error(
                    "recipe is left out: its settings are lost",
                    metadata: ["recipe": "\(name)", "error": "\(error)"])
                unreadable[name] = error
            }
        }
        return (plans, unreadable)
    }

    /// As ``method(_:_:)``. No configuration is wrong where a recipe's own settings do not fit this station any more: only that
    /// recipe cannot be used.
    private func importedMethod(_ table: Configuration.RecipeSettings, _ before: [Entry]) throws -> RecipeMethod {
        do {
            return try method(table, before)
        } catch let error as MethodError {
            logger.error("no part can be judged", metadata: ["recipe": "\(table.name)", "error": "\(error)"])
            return RecipeMethod(unusable: error)
        }
    }

    /// When one of them throws, nothing is left of the others.
    private func steps(_ plans: [Plan], _ old: [Entry]) throws -> [Step] {
        var opened: [Recipe] = []
        do {
            return try plans.map { try step($0, old, &opened) }
        } catch {
            for recipe in opened { recipe.discardIfEmpty() }
            throw error
        }
    }

    private func step(_ plan: Plan, _ old: [Entry], _ opened: inout [Recipe]) throws -> Step {
        let (table, method) = (plan.table, plan.method)
        guard let known = old.first(where: { $0.name == plan.name }) else {
            let new = try open(plan)
            opened.append(new.recipe)
            return Step(change: "recipe \(plan.name) added") { new }
        }
        // Repaired weights are a change, though the settings are the same.
        guard known.settings != table || known.method.absence != method.absence else {
            return Step {
                Entry(
                    recipe: known.recipe, origin: plan.origin, settings: table, method: known.method, line: known.line)
            }
        }
        // Asked for now, because the taking over must not fail.
        let generations = try known.recipe.generationsOnDisk()
        let what = known.settings != table ? "its new settings" : "its weights read again"
        return Step(change: "recipe \(plan.name) with \(what)") {
            let line = LineRecipe(table, name: plan.name, models: method.slot)
            known.recipe.reconfigure(method.kind, generations, check: method.check) { activate($0, method, line) }
            return Entry(recipe: known.recipe, origin: plan.origin, settings: table, method: method, line: line)
        }
    }

    private func open(_ plan: Plan) throws -> Entry {
        let method = plan.method
        let line = LineRecipe(plan.table, name: plan.name, models: method.slot)
        let recipe = try Recipe(
            stateDirectory: stateDirectory, name: plan.name, kind: method.kind, documents: documents, logger: logger,
            check: method.check
        ) { activate($0, method, line) }
        return Entry(recipe: recipe, origin: plan.origin, settings: plan.table, method: method, line: line)
    }

    /// Recipes on disk that are no table's, and where their settings are, by name.
    private func others() throws(DiskError) -> [(
        name: String, settings: Result<RecipeStore.SettingsPlace, DocumentError>
    )] {
        var others: [(String, Result<RecipeStore.SettingsPlace, DocumentError>)] = []
        for name in try disk.names(in: folder) where PlainName.isValid(name) {
            do throws(DocumentError) {
                // Nil for every other folder: its settings are in the table of its name, or nowhere.
                guard let place = try RecipeStore.settings(of: name, in: "\(folder)/\(name)", documents) else {
                    continue
                }
                others.append((name, .success(place)))
            } catch {
                others.append((name, .failure(error)))
            }
        }
        return others
    }
}

/// Hands to the line what is in use, or why nothing is.
private func activate(_ standing: Result<Recipe.Active, Invalidity>, _ method: RecipeMethod, _ line: LineRecipe) {
    if let absence = method.absence { return line.models.withdraw(Invalidity(.noModel, absence)) }
    switch standing {
    case .success(let active):
        guard var model = method.activeModel(active) else {
            return line.models.withdraw(
                Invalidity(
                    .modelMismatch, "generation \(active.generation) is not for what the line computes: fit again"))
        }
        model.withheld = active.withheld
        model.limitBy = active.limitBy
        line.models.activate(model)
    case .failure(let absence): line.models.withdraw(absence)
    }
}

extension Configuration.RecipeSettings {
    /// The same, for another recipe.
    func named(_ name: String) -> Self {
        var new = self
        new.name = name
        return new
    }
}

extension RecipeMethod {
    /// An empty one that says why it is.
    fileprivate var slot: ModelSlot { absence.map { ModelSlot(Invalidity(.noModel, $0)) } ?? ModelSlot() }
}
