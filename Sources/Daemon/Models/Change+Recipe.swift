package import ControlProtocol
import Core
import Platform
import RecipeFile

/// What a change of a recipe means for its parts, for the event journal.
extension Change {
    /// Digits of a shot's name, and names in a row, at most.
    private static let (digits, mostNames) = (12, 1000)

    private static func limit(of active: Recipe.Active?) -> [String: EventValue] {
        guard let active else { return [:] }
        // Nobody knows at which parts were rejected.
        guard !active.isLimitLost else { return ["limit": .text("unreadable")] }
        return limit(active.limit, isManual: active.manual != nil)
    }

    private static func limit(_ value: Float, isManual: Bool) -> [String: EventValue] {
        ["limit": .number(value), "manual": .flag(isManual)]
    }

    /// - Parameters:
    ///   - value: nil = calibration's.
    ///   - objection: what stands against it, where somebody wants it all the same.
    static func limit(of recipe: Recipe, to value: Float?, against objection: String?) throws -> Change {
        let active = try recipe.inUse()
        var after = limit(value ?? active.summary.limit, isManual: value != nil)
        if let objection { after["forced"] = .text(objection) }
        return Change(.limit, recipe: recipe.name, before: limit(of: active), after: after)
    }

    static func commissionStart(of recipe: Recipe, _ commission: Commission) throws -> Change {
        let active = try recipe.inUse()
        guard active.commission == nil else { throw StoreError.commissioning(recipe.name) }
        return Change(
            .commissionStart, recipe: recipe.name, before: limit(of: active), after: ["parts": .count(commission.parts)]
        )
    }

    /// - Parameter limit: the one that is accepted; nil = none, it is cancelled.
    static func commissionEnd(of recipe: Recipe, accepting limit: Float?) throws -> Change {
        let active = try recipe.inUse()
        // One that cannot be read can be ended.
        guard (try? recipe.isCommissioning()) ?? true else { throw StoreError.notCommissioning(recipe.name) }
        var before = Self.limit(of: active)
        before["parts"] = active.commission.map { .count($0.parts) } ?? .text("unreadable")
        return Change(
            limit == nil ? .commissionCancel : .commissionApply, recipe: recipe.name, before: before,
            after: limit.map { Self.limit($0, isManual: true) } ?? Self.limit(of: active))
    }

    static func shotAdded(
        to recipe: Recipe, _ normal: StoredNormal, isForced: Bool, score: Float?, source: String
    ) -> Change {
        let view = recipe.view
        var after: [String: EventValue] = [
            "shots": .count(view.normals.count + 1), "sha256": .text(normal.sha256), "source": .text(source),
            "forced": .flag(isForced),
        ]
        if let score { after["score"] = .number(score) }
        return Change(
            .shotAdded, recipe: recipe.name, before: shots(view.normals.count, view.setAside.count), after: after)
    }

    static func shotRemoved(from recipe: Recipe, named name: String) throws -> Change {
        let (view, (normal, isSetAside)) = (recipe.view, try recipe.shot(named: name))
        let (count, aside) = (view.normals.count, view.setAside.count)
        return Change(
            .shotRemoved, recipe: recipe.name,
            before: shots(count, aside).merging(["sha256": .text(normal.sha256)]) { $1 },
            after: isSetAside ? shots(count, aside - 1) : shots(count - 1, aside))
    }

    static func shotRestored(in recipe: Recipe, named name: String) throws -> Change {
        let (view, (normal, isSetAside)) = (recipe.view, try recipe.shot(named: name))
        guard isSetAside else { throw StoreError.noSuchNormal(sha256: name) }
        let (count, aside) = (view.normals.count, view.setAside.count)
        return Change(
            .shotRestored, recipe: recipe.name, before: shots(count, aside),
            after: shots(count + 1, aside - 1).merging(["sha256": .text(normal.sha256)]) { $1 })
    }

    private static func shots(_ count: Int, _ aside: Int) -> [String: EventValue] {
        ["shots": .count(count)].merging(aside > 0 ? ["set_aside": .count(aside)] : [:]) { $1 }
    }

    static func refit(of recipe: Recipe) -> Change {
        let view = recipe.view
        return Change(
            .refit, recipe: recipe.name, before: generation(of: recipe), after: shots(view.normals.count, 0))
    }

    /// - Parameter generation: nil = the one before the current.
    static func rollback(of recipe: Recipe, to generation: Int?) throws -> Change {
        let (model, target, shots) = try recipe.rollbackPlan(to: generation)
        var after = limit(of: recipe.active(model, target, fault: nil))
        (after["generation"], after["shots"]) = (.count(target), .count(model.shots.count))
        if !shots.setAside.isEmpty { after["set_aside"] = names(of: shots.setAside) }
        if !shots.restored.isEmpty { after["restored"] = names(of: shots.restored) }
        return Change(.rollback, recipe: recipe.name, before: Self.generation(of: recipe), after: after)
    }

    private static func names(of shots: [StoredNormal]) -> EventValue {
        let names = shots.prefix(mostNames).map { String($0.sha256.prefix(digits)) }
        let further = shots.count - names.count
        return .text((names + (further > 0 ? ["and \(further) more"] : [])).joined(separator: " "))
    }

    /// The generation in use; nothing where there is none.
    private static func generation(of recipe: Recipe) -> [String: EventValue] {
        guard let active = recipe.view.active else { return [:] }
        return limit(of: active).merging(
            ["generation": .count(active.generation), "shots": .count(active.summary.shots.count)]
        ) { $1 }
    }

    /// A recipe of another station that becomes one of this.
    static func imported(_ staged: StagedRecipe, _ manifest: RecipeManifest, _ model: FittedModel) -> Change {
        var after = limit(staged.limit?.value ?? model.summary.limit, isManual: staged.limit != nil)
        after["shots"] = .count(model.shots.count)
        after["from"] = .text(PrintableText.line(manifest.origin.station, atMost: 100))
        after["recipe"] = .text(manifest.recipe)
        after["exported"] = .text(PrintableText.line(manifest.origin.time, atMost: 40))
        after["version"] = .text(PrintableText.line(manifest.origin.version, atMost: 40))
        if let user = manifest.origin.user { after["user"] = .text(PrintableText.line(user, atMost: 64)) }
        return Change(.recipeImport, recipe: staged.name, after: after)
    }

    /// A fit that becomes the generation in use.
    static func generation(of recipe: Recipe, _ model: FittedModel) throws -> Change {
        let generation = (try recipe.generationsOnDisk().max() ?? 0) + 1
        var after = limit(of: recipe.active(model, generation, fault: nil))
        (after["generation"], after["shots"]) = (.count(generation), .count(model.shots.count))
        if let lesson = model.lesson { after["parts"] = .count(lesson.learnt) }
        return Change(.generation, recipe: recipe.name, before: Self.generation(of: recipe), after: after)
    }

    /// What parts are judged by when the daemon starts.
    ///
    /// - Parameter configuration: its digest.
    package static func start(_ book: RecipeBook, _ cameras: [CameraReply], configuration: String) -> Change {
        var after: [String: EventValue] = ["version": .text(FsacVersion.text), "configuration": .text(configuration)]
        for camera in cameras { after["camera.\(camera.name)"] = .text(camera.recipe) }
        for entry in book.entries {
            let view = entry.recipe.view
            let place = "recipe.\(entry.name)"
            for (key, value) in generation(of: entry.recipe) { after["\(place).\(key)"] = value }
            if let hindrance = view.hindrance { after["\(place).withheld"] = .text(hindrance.cause.rawValue) }
        }
        return Change(.start, after: after)
    }
}
