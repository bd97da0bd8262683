/// What people are told about a fitted model.
public struct ModelSummary: Sendable, Equatable {
    public var backbone: String
    /// The method and its settings, in words.
    public var method: String
    /// SHA-256 of the shots it was fitted from.
    public var shots: [String]
    /// The limit that calibration found.
    public var limit: Float
    /// What that limit rests on, in words.
    public var evidence: String

    public init(backbone: String, method: String, shots: [String], limit: Float, evidence: String) {
        self.backbone = backbone
        self.method = method
        self.shots = shots
        self.limit = limit
        self.evidence = evidence
    }
}

/// What the model store needs of a fitted model: `FittedModel` on the line, something tiny in tests.
public protocol StoredModel: Sendable {
    var summary: ModelSummary { get }
    /// The same model that rejects at another score.
    func withLimit(_ limit: Float) -> Self
    /// Writes plain files, no folders, into an empty folder.
    func save(to directory: String) throws
    /// Reads back what `save` wrote; throws on anything missing, cut or changed.
    static func load(from directory: String) throws -> Self
}
