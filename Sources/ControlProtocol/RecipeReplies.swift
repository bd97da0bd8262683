/// One recipe.
public struct RecipeReply: Codable, Sendable, Equatable {
    public var name: String
    /// The `[recipe]` table of the configuration whose settings it uses: its own, or for a copy that of the original.
    public var settingsFrom: String
    /// Normal shots that are stored; a re-fit may still be due for the newest.
    public var shots: Int
    /// The generation in use; absent without a model.
    public var model: GenerationReply?
    public var fit: FitReply
    /// Cameras that use it.
    public var cameras: [String]
    /// Of the parts that it judged; in the answer of `GET /v1/status`, once there are any.
    public var trend: TrendReply?
    /// Absent when the recipe is not being commissioned.
    public var commission: CommissionReply?

    public init(
        name: String, settingsFrom: String, shots: Int, model: GenerationReply?, fit: FitReply, cameras: [String],
        trend: TrendReply? = nil, commission: CommissionReply? = nil
    ) {
        self.name = name
        self.settingsFrom = settingsFrom
        self.shots = shots
        self.model = model
        self.fit = fit
        self.cameras = cameras
        self.trend = trend
        self.commission = commission
    }

    private enum CodingKeys: String, CodingKey {
        case name, shots, model, fit, cameras, trend, commission
        case settingsFrom = "settings_from"
    }
}

/// Answer of `GET /v1/recipes`.
public struct RecipesReply: Codable, Sendable, Equatable {
    public var recipes: [RecipeReply]

    public init(recipes: [RecipeReply]) {
        self.recipes = recipes
    }
}

/// Body of `POST /v1/recipes/copy`.
public struct CopyRecipeRequest: Codable, Sendable, Equatable {
    public var from: String
    public var to: String

    public init(from: String, to: String) {
        self.from = from
        self.to = to
    }
}

/// Body of `POST /v1/recipes/use`.
public struct UseRecipeRequest: Codable, Sendable, Equatable {
    public var recipe: String
    /// Absent = the only camera.
    public var camera: String?

    public init(recipe: String, camera: String? = nil) {
        self.recipe = recipe
        self.camera = camera
    }
}

/// Answer of `POST /v1/reload`.
public struct ReloadReply: Codable, Sendable, Equatable {
    /// What changed, a sentence each; empty when the file says what was in use already.
    public var applied: [String]
    /// Keys that changed and take effect when the daemon is started again: `control.socket`.
    public var needsRestart: [String]

    public init(applied: [String], needsRestart: [String]) {
        self.applied = applied
        self.needsRestart = needsRestart
    }

    private enum CodingKeys: String, CodingKey {
        case applied
        case needsRestart = "needs_restart"
    }
}
