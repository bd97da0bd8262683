/// One recipe, from `GET /v1/status` and `/v1/recipes`, and after a copy or a changeover.
package struct RecipeReply: Codable, Sendable, Equatable {
    package var name: String
    /// The `[recipe]` table of the configuration whose settings it uses: its own, or for a copy that of the original.
    package var settingsFrom: String
    /// Of those settings, 16 hexadecimal digits: others when a reload has changed anything; absent in answers of versions that did
    /// not say it.
    package var settingsDigest: String?
    /// True where the settings came with the recipe from another station, and the configuration has no table of its name.
    package var imported: Bool?
    /// Normal shots that are stored; a re-fit may still be due for the newest.
    package var shots: Int
    /// The generation in use; absent without a model.
    package var model: GenerationReply?
    /// Why no part that it judges gets a verdict, and what to do, in words; absent when they do.
    package var hindrance: String?
    package var fit: FitReply
    /// Cameras that use it now. A part of before a changeover may still be judged by it.
    package var cameras: [String]
    /// Of the parts that it judged; in the answer of `GET /v1/status`, once there are any.
    package var trend: TrendReply?
    /// Absent when the recipe is not being commissioned, and in the answers to a copy and a changeover.
    package var commission: CommissionReply?
    /// Parts that are kept to teach the model by, without a proposal; in the answer of `GET /v1/status`, where there are any or are to
    /// be.
    package var teach: TeachReply?
    /// Pictures in a watched folder that were complete before a changeover and get their verdicts by the recipe before; in its
    /// answer, where there are any.
    package var waiting: Int?

    package init(
        name: String, settingsFrom: String, shots: Int, model: GenerationReply?, hindrance: String? = nil,
        fit: FitReply,
        cameras: [String], trend: TrendReply? = nil, commission: CommissionReply? = nil, settingsDigest: String? = nil,
        imported: Bool? = nil
    ) {
        self.name = name
        self.settingsFrom = settingsFrom
        self.settingsDigest = settingsDigest
        self.imported = imported
        self.shots = shots
        self.model = model
        self.hindrance = hindrance
        self.fit = fit
        self.cameras = cameras
        self.trend = trend
        self.commission = commission
    }

    private enum CodingKeys: String, CodingKey {
        case name, shots, model, hindrance, fit, cameras, trend, commission, teach, waiting, imported
        case settingsFrom = "settings_from"
        case settingsDigest = "settings_digest"
    }
}

/// Answer of `GET /v1/recipes`.
package struct RecipesReply: Codable, Sendable, Equatable {
    package var recipes: [RecipeReply]

    package init(recipes: [RecipeReply]) {
        self.recipes = recipes
    }
}

/// Body of `POST /v1/recipes/copy`: shots, models and limit. `conflict` when there is such a recipe already: nothing is
/// overwritten.
package struct CopyRecipeRequest: RequestFields, Equatable {
    package var from: String
    package var to: String

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case from, to
    }

    package init(from: String, to: String) {
        self.from = from
        self.to = to
    }
}

/// Body of `POST /v1/recipes/use`. It is remembered on the disk before it is used, and holds against the
/// configuration's `recipe`.
package struct UseRecipeRequest: RequestFields, Equatable {
    package var recipe: String
    /// Absent = the only camera.
    package var camera: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case recipe, camera
    }

    package init(recipe: String, camera: String? = nil) {
        self.recipe = recipe
        self.camera = camera
    }
}

/// Answer of `POST /v1/reload`. A file that is refused is an ``ErrorReply`` and changes nothing.
package struct ReloadReply: Codable, Sendable, Equatable {
    /// What changed, a sentence each; empty when the file says what was in use already.
    package var applied: [String]
    /// Keys that changed and take effect when the daemon is started again: `control.socket`. Named at each reload until
    /// then.
    package var needsRestart: [String]

    package init(applied: [String], needsRestart: [String]) {
        self.applied = applied
        self.needsRestart = needsRestart
    }

    private enum CodingKeys: String, CodingKey {
        case applied
        case needsRestart = "needs_restart"
    }
}
