import ControlProtocol
public import Logging
import Synchronization

/// Every recipe there is: the tables of the configuration, and copies that operators made.
///
/// Reading never waits for the disk. Changes do, one after the other.
public final class RecipeBook<Model: StoredModel>: Sendable {
    public typealias MakeMethod = @Sendable (Configuration.Recipe) throws -> RecipeMethod<Model>

    public struct Entry: Sendable {
        public let recipe: Recipe<Model>
        /// The table whose settings it uses: its own, or for a copy that of the original.
        public let settings: Configuration.Recipe
        public let method: RecipeMethod<Model>
        /// What the inspection thread needs of it.
        public let line: LineRecipe

        public var name: String { recipe.name }
    }

    private struct State {
        /// Tables in the order of the file, then copies by name.
        var entries: [Entry] = []
        /// Recipe by camera.
        var inUse: [String: String] = [:]
    }

    private let stateDirectory: String
    private let disk: Disk
    private let logger: Logger
    private let makeMethod: MakeMethod
    private let change = Mutex(())
    private let state = Mutex(State())
    private var folder: String { "\(stateDirectory)/recipes" }
    private var inUsePath: String { "\(stateDirectory)/recipes-in-use.json" }

    /// Opens all recipes and tidies what a crash left.
    ///
    /// - Parameters:
    ///   - tables: never empty.
    ///   - method: called once a table.
    /// - Throws: what `method` throws; ``StoreError``, ``DiskError``.
    public init(
        stateDirectory: String, tables: [Configuration.Recipe], disk: Disk = Disk(), logger: Logger,
        method: @escaping MakeMethod
    ) throws {
        precondition(!tables.isEmpty, "a configuration without recipes")
        self.stateDirectory = stateDirectory
        self.disk = disk
        self.logger = logger
        makeMethod = method
        try disk.createFolder(folder)
        try disk.discardTree("\(folder)/\(RecipeStore.copyInProgress)")
        let inUse = readInUse()
        state.withLock { $0.inUse = inUse }
        _ = try reload(tables)
    }

    public var entries: [Entry] { state.withLock { $0.entries } }

    public func entry(_ name: String) throws(StoreError) -> Entry {
        let entries = entries
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw .noSuchRecipe(name, known: entries.map(\.name))
        }
        return entry
    }
}

// MARK: Which camera uses which

extension RecipeBook {
    /// What an operator chose last, else what the configuration says, else the first of the file.
    public func entry(for camera: Configuration.Camera) -> Entry {
        let (entries, chosen) = state.withLock { ($0.entries, $0.inUse[camera.name]) }
        return entries.first { $0.name == chosen } ?? entries.first { $0.name == camera.recipe } ?? entries[0]
    }

    /// Remembers an operator's choice over restarts.
    public func remember(_ name: String, for camera: String) throws {
        _ = try entry(name)
        try change.withLock { _ in
            var inUse = state.withLock { $0.inUse }
            inUse[camera] = name
            try disk.replace(inUsePath, with: [UInt8](ControlCoding.encode(inUse)))
            state.withLock { [inUse] in $0.inUse = inUse }
        }
    }

    private func readInUse() -> [String: String] {
        do {
            guard try disk.names(in: stateDirectory).contains("recipes-in-use.json") else { return [:] }
            return try ControlCoding.decode([String: String].self, from: disk.read(inUsePath))
        } catch {
            logger.error(
                "the recipes in use cannot be read, using those of the configuration", metadata: ["error": "\(error)"])
            return [:]
        }
    }
}

// MARK: Changes

extension RecipeBook {
    /// Copies shots, generations and limit; the copy uses the settings of the original's table until it has its own.
    public func copy(_ source: String, to target: String) throws -> Entry {
        guard RecipeStore.isValidName(target) else { throw StoreError.invalidRecipeName(target) }
        return try change.withLock { _ in
            let original = try entry(source)
            guard try !disk.names(in: folder).contains(target) else { throw StoreError.recipeExists(target) }
            try original.recipe.copy(to: target, settingsFrom: original.settings.name)
            let copy = try open(target, original.settings, original.method)
            state.withLock { state in
                let tables = state.entries.prefix { $0.name == $0.settings.name }
                let copies = state.entries.dropFirst(tables.count) + [copy]
                state.entries = tables + copies.sorted { $0.name < $1.name }
            }
            return copy
        }
    }

    /// Takes over the tables of a configuration; nothing has changed when it throws.
    ///
    /// - Returns: what changed, a sentence each.
    public func reload(_ tables: [Configuration.Recipe]) throws -> [String] {
        try change.withLock { _ in
            let old = entries
            let methods = try tables.map { table in
                if let known = old.first(where: { $0.settings == table }) { return known.method }
                let method = try makeMethod(table)
                // The first start runs with it, to tell people why. Later it must not take the place of one that works.
                if let absence = method.absence, !old.isEmpty {
                    throw StoreError.recipeUnusable(table.name, reason: absence)
                }
                return method
            }
            var (entries, changes) = ([Entry](), [String]())
            for (table, method) in zip(tables, methods) {
                entries.append(try taken(table.name, table, method, old, &changes))
            }
            for (name, origin) in try copies() where !tables.contains(where: { $0.name == name }) {
                guard let index = tables.firstIndex(where: { $0.name == origin }) else {
                    logger.warning(
                        "recipe is left out: it uses the settings of a table that is gone",
                        metadata: ["recipe": "\(name)", "table": "\(origin)"])
                    continue
                }
                entries.append(try taken(name, tables[index], methods[index], old, &changes))
            }
            for gone in old where !entries.contains(where: { $0.name == gone.name }) {
                changes.append("recipe \(gone.name) removed; its folder stays")
            }
            state.withLock { [entries] in $0.entries = entries }
            return changes
        }
    }

    private func taken(
        _ name: String, _ table: Configuration.Recipe, _ method: RecipeMethod<Model>, _ old: [Entry],
        _ changes: inout [String]
    ) throws -> Entry {
        guard let known = old.first(where: { $0.name == name }) else {
            if !old.isEmpty { changes.append("recipe \(name) added") }
            return try open(name, table, method)
        }
        guard known.settings != table else { return known }
        changes.append("recipe \(name) with its new settings")
        let line = LineRecipe(table, name: name, models: method.slot)
        try known.recipe.reconfigure(method.kind) { activate($0, method, line) }
        return Entry(recipe: known.recipe, settings: table, method: method, line: line)
    }

    private func open(
        _ name: String, _ table: Configuration.Recipe, _ method: RecipeMethod<Model>
    ) throws -> Entry {
        let line = LineRecipe(table, name: name, models: method.slot)
        let recipe = try Recipe<Model>(
            stateDirectory: stateDirectory, name: name, kind: method.kind, disk: disk, logger: logger
        ) { activate($0, method, line) }
        return Entry(recipe: recipe, settings: table, method: method, line: line)
    }

    /// Copies on disk and the tables whose settings they use, by name.
    private func copies() throws(DiskError) -> [(name: String, origin: String)] {
        var copies: [(String, String)] = []
        for name in try disk.names(in: folder) where RecipeStore.isValidName(name) {
            guard let bytes = try? disk.read("\(folder)/\(name)/\(RecipeStore.settingsName)") else {
                // Every other folder: its settings are in the table of its name, or nowhere.
                continue
            }
            copies.append((name, String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)))
        }
        return copies
    }
}

/// Hands a generation to the line.
private func activate<Model>(_ active: Recipe<Model>.Active, _ method: RecipeMethod<Model>, _ line: LineRecipe) {
    if let model = method.activeModel(active) { line.models.activate(model) }
}

extension RecipeMethod {
    /// An empty one that says why it is.
    fileprivate var slot: ModelSlot { absence.map { ModelSlot(absence: $0) } ?? ModelSlot() }
}
