package import ControlProtocol
package import Core

/// What people are told about a fitted model.
package struct ModelSummary: Sendable, Equatable {
    package var kind: ModelKind
    /// SHA-256 of the shots it was fitted from.
    package var shots: [String]
    /// The limit that calibration found.
    package var limit: Float
    /// What that limit rests on, in words.
    package var evidence: String
    /// Scores around that limit that are uncertain.
    package var band: UncertainBand
    /// What other sensitivities would give, from lower to higher.
    package var options: [LimitOption]
    /// What the fit chose and why, a line each; nil where nothing was to be chosen.
    package var choice: [String]?

    package init(
        kind: ModelKind, shots: [String], limit: Float, evidence: String, band: UncertainBand? = nil,
        options: [LimitOption] = [], choice: [String]? = nil
    ) {
        self.kind = kind
        self.shots = shots
        self.limit = limit
        self.evidence = evidence
        self.band = band ?? UncertainBand(lower: limit, upper: limit)
        self.options = options
        self.choice = choice
    }
}

/// What the model store needs of a fitted model, whatever the method.
///
/// A conformer is an immutable value: it judges on the inspection thread while the store saves it on another. Reading
/// and writing block, and are called on threads that may, one at a time for each recipe.
package protocol StoredModel: Sendable {
    /// What was fitted, whatever limit is in use: ``withLimit(_:band:)`` does not change it. Costs nothing.
    var summary: ModelSummary { get }
    /// The same model that rejects at another score.
    ///
    /// - Parameter band: what is uncertain around it; nil = as much in proportion as around the limit that the shots gave.
    func withLimit(_ limit: Float, band: UncertainBand?) -> Self
    /// The same model that rejects at the limit that calibration found.
    func withAutomaticLimit() -> Self
    /// Writes plain files, no folders, into an empty folder.
    /// Needs neither to sync nor to rename: the store does, and removes what an error leaves.
    func save(to directory: String) throws
    /// Reads back what `save` wrote; throws on anything missing, cut or changed. The store then tries the
    /// generation before: what is believed here judges parts.
    static func load(from directory: String) throws -> Self
}
