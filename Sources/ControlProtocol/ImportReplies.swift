/// Body of `POST /v1/recipes/imports`: a recipe file of another station is about to come, in pieces.
package struct ImportRecipeRequest: RequestFields, Equatable {
    /// Of the whole file.
    package var bytes: Int
    /// What the recipe is to be called here; absent = as there. No recipe is overwritten.
    package var name: String?
    /// All is checked and fitted, and nothing is made of it. Absent = false.
    package var dryRun: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case bytes, name
        case dryRun = "dry_run"
    }

    package init(bytes: Int, name: String? = nil, dryRun: Bool? = nil) {
        self.bytes = bytes
        self.name = name
        self.dryRun = dryRun
    }
}

/// Where it stands with a recipe of another station: answer of `POST /v1/recipes/imports`, of each piece, and of
/// `GET /v1/recipes/imports/<N>`.
package struct ImportReply: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        /// The file comes; what has come is checked.
        case receiving
        /// All of it is there; the backbone, the camera and the name are looked at, when the fits before it are done.
        case checking
        case fitting
        /// The recipe is there (with `dry_run`: could be). No camera uses it.
        case done
        /// Nothing has changed; ``ImportReply/error`` says why.
        case failed
    }

    /// Its number: counts up from 1 since the daemon's start.
    package var number: UInt64
    package var state: State
    /// How much of the state is done, in [0, 1].
    package var progress: Double
    package var dryRun: Bool
    /// Its name here, once that is known.
    package var recipe: String?
    /// What was found out, a sentence each.
    package var findings: [String]
    /// What somebody should know before the recipe is used.
    package var warnings: [String]
    package var error: ErrorReply.Body?

    package init(
        number: UInt64, state: State, progress: Double = 0, dryRun: Bool, recipe: String? = nil,
        findings: [String] = [], warnings: [String] = [], error: ErrorReply.Body? = nil
    ) {
        self.number = number
        self.state = state
        self.progress = progress
        self.dryRun = dryRun
        self.recipe = recipe
        self.findings = findings
        self.warnings = warnings
        self.error = error
    }

    private enum CodingKeys: String, CodingKey {
        case state, progress, recipe, findings, warnings, error
        case number = "import"
        case dryRun = "dry_run"
    }
}
