import Platform

/// Why the model store refuses what was asked; nothing has changed then. What the disk refuses is a ``DiskError``.
package enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    case invalidRecipeName(String)
    case noSuchRecipe(String, known: [String])
    case recipeExists(String)
    /// Its settings are right, but no part could be judged with them.
    case recipeUnusable(String, reason: String)
    /// A configuration without the recipe that a camera uses.
    case recipeInUse(String, camera: String)
    /// None was named, and cameras use different ones: guessing would change the wrong product.
    case severalRecipes([String])
    case noSuchNormal(sha256: String)
    /// Without it no fit could follow.
    case lastNormal(sha256: String)
    /// Found by a fit, or by who wants the picture back; it was whole when it was stored.
    case normalUnreadable(sha256: String, reason: String)
    case noSuchGeneration(Int, kept: [Int])
    case noOlderGeneration(than: Int)
    case noModel
    /// There is a model, and no part is judged by it.
    case unusable(String)
    /// Missing, cut or changed. A start goes on with the one before.
    case generationUnreadable(Int, reason: String)
    /// Its features are no numbers that this line computes.
    case otherBackbone(generation: Int, found: String, configured: String)
    /// A fit that ended after the settings changed.
    case otherSettings(found: String, configured: String)
    /// What was made of one generation, when another had come into use.
    case otherGeneration(made: Int, inUse: Int?)
    /// Nothing but a finite score above 0 can be compared with scores.
    case invalidLimit(Float)
    case notExportable(String, reason: String)
    case commissioning(String)
    case notCommissioning(String)
    /// Fewer parts than the commissioning was started for.
    case commissionIncomplete(scored: Int, parts: Int)

    package var description: String {
        switch self {
        case .invalidRecipeName(let name):
            "recipe: name '\(name)': expected \(PlainName.rule)"
        case .noSuchRecipe(let name, let known):
            "recipe: no recipe '\(name)': there are \(known.joined(separator: ", "))"
        case .recipeExists(let name):
            "recipe: '\(name)' is there already: choose another name"
        case .recipeUnusable(let name, let reason):
            "recipe: \(name): \(reason): the settings in use stay"
        case .recipeInUse(let name, let camera):
            "recipe: \(name) is removed, but camera \(camera) uses it: first put another one in use with "
                + "`fsacctl recipe use RECIPE --camera \(camera)`: the settings in use stay"
        case .severalRecipes(let names):
            "recipe: the cameras use different ones (\(names.joined(separator: ", "))): name one with --recipe"
        case .noSuchNormal(let sha256):
            "normals: no shot \(sha256): `fsacctl normals list` shows them"
        case .lastNormal(let sha256):
            "normals: \(sha256) is the only shot: add another before you remove it"
        case .normalUnreadable(let sha256, let reason):
            "normals: shot \(sha256) no longer reads: \(reason): remove it with `fsacctl normals remove`"
        case .noSuchGeneration(let generation, let kept):
            "models: no generation \(generation): kept are \(kept.map(String.init).joined(separator: ", "))"
        case .noOlderGeneration(let generation):
            "models: generation \(generation) is the oldest that is kept: nothing to roll back to"
        case .noModel:
            "models: nothing has been fitted yet: add normal shots with `fsacctl add-normal`"
        case .unusable(let reason):
            "models: \(reason)"
        case .generationUnreadable(let generation, let reason):
            "models: generation \(generation) cannot be read: \(reason)"
        case .otherBackbone(let generation, let found, let configured):
            "models: generation \(generation) was fitted with \(found), configured is \(configured): fit again"
        case .otherSettings(let found, let configured):
            "models: fitted with \(found), but the settings have changed to \(configured): fit again"
        case .otherGeneration(let made, let inUse):
            "models: made of generation \(made), but \(inUse.map { "\($0) is" } ?? "none is") in use now: repeat the command"
        case .invalidLimit(let limit):
            "limit: expected a finite score above 0, got \(limit)"
        case .notExportable(let name, let reason):
            "export: recipe \(name): \(reason)"
        case .commissioning(let name):
            "commission: recipe \(name) is being commissioned already: `fsacctl commission --status` shows how far it is"
        case .notCommissioning(let name):
            "commission: recipe \(name) is not being commissioned: `fsacctl commission` starts it"
        case .commissionIncomplete(let scored, let parts):
            "commission: expected \(parts) good parts, got \(scored): let the line run on, or end it with "
                + "`fsacctl commission --cancel`"
        }
    }
}
