import ControlProtocol
import Logging
package import Settings
import Synchronization

// MARK: Which camera uses which

extension RecipeBook {
    /// What an operator chose last, else what the configuration says, else the first of the file.
    ///
    /// - Returns: nil when what was chosen is not there any more, or nobody knows what it was: no other recipe may judge instead.
    package func entry(for camera: Configuration.Camera) -> Entry? {
        let (entries, inUse) = state.withLock { ($0.entries, $0.inUse) }
        if let chosen = inUse.choices[camera.name] { return entries.first { $0.name == chosen } }
        if inUse.isLostForOthers { return nil }
        return entries.first { $0.name == camera.recipe } ?? entries[0]
    }

    /// ``entry(for:)`` as the line uses it; one without a model, which says why, when there is none.
    package func lineRecipe(for camera: Configuration.Camera) -> LineRecipe {
        if let entry = entry(for: camera) { return entry.line }
        let (name, absence) = absence(for: camera)
        logger.error(
            "no part can be judged",
            metadata: ["camera": "\(camera.name)", "recipe": "\(name)", "error": "\(absence)"])
        return LineRecipe(name: name, models: ModelSlot(absence))
    }

    package func lineRecipe(named name: String) -> LineRecipe {
        entries.first { $0.name == name }?.line ?? LineRecipe.gone(name)
    }

    private func absence(for camera: Configuration.Camera) -> (recipe: String, Invalidity) {
        let (inUse, error, unreadable) = state.withLock { ($0.inUse, $0.inUseError, $0.unreadable) }
        guard let name = inUse.choices[camera.name] else {
            let reason = error.map { "\($0)" } ?? "which recipe was in use is lost"
            return (
                camera.recipe.isEmpty ? "unknown" : camera.recipe,
                Invalidity(
                    .stateUnreadable, "\(reason): choose with `fsacctl recipe use RECIPE --camera \(camera.name)`")
            )
        }
        if let error = unreadable[name] {
            return (
                name,
                Invalidity(
                    .stateUnreadable,
                    "\(error): give recipe \(name) a table of its own in the configuration, or choose another one with "
                        + "`fsacctl recipe use`")
            )
        }
        return (
            name,
            Invalidity(
                .noModel,
                "recipe \(name), which was in use, is not there any more: put its table back, "
                    + "or choose another one with `fsacctl recipe use`")
        )
    }

    /// Remembers an operator's choice over restarts.
    package func remember(_ name: String, for camera: String) throws {
        try change.withLock { _ in
            _ = try entry(name)
            var inUse = state.withLock { $0.inUse }
            inUse.choices[camera] = name
            // Disk first: whoever is told that it is in use finds it so after a power cut.
            try documents.write(inUse, to: inUsePath)
            state.withLock { [inUse] in $0.inUse = inUse }
        }
    }

    /// What cannot be read is unknown until somebody chooses anew.
    func readInUse() {
        do throws(DocumentError) {
            let inUse = try documents.read(RecipesInUse.self, from: inUsePath) ?? RecipesInUse()
            state.withLock { $0.inUse = inUse }
        } catch {
            state.withLock {
                $0.inUse = .lost
                $0.inUseError = error
            }
        }
    }
}
