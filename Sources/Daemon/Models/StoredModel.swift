/// What decides the scale of a model's scores. Models of one kind have comparable scores and limits.
public struct ModelKind: Codable, Sendable, Equatable {
    /// Name, weights and input size; a model can judge only features of its own backbone.
    public var backbone: String
    /// The method and those of its settings that change scores.
    public var method: String

    public init(backbone: String, method: String) {
        self.backbone = backbone
        self.method = method
    }
}

/// What people are told about a fitted model.
public struct ModelSummary: Sendable, Equatable {
    public var kind: ModelKind
    /// SHA-256 of the shots it was fitted from.
    public var shots: [String]
    /// The limit that calibration found.
    public var limit: Float
    /// What that limit rests on, in words.
    public var evidence: String

    public init(kind: ModelKind, shots: [String], limit: Float, evidence: String) {
        self.kind = kind
        self.shots = shots
        self.limit = limit
        self.evidence = evidence
    }
}

/// What the model store needs of a fitted model, whatever the method.
public protocol StoredModel: Sendable {
    var summary: ModelSummary { get }
    /// The same model that rejects at another score.
    func withLimit(_ limit: Float) -> Self
    /// Writes plain files, no folders, into an empty folder.
    func save(to directory: String) throws
    /// Reads back what `save` wrote; throws on anything missing, cut or changed.
    static func load(from directory: String) throws -> Self
}
