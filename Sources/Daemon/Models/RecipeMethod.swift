public import Core

/// What the settings of a recipe come to: how its models are made and used.
public struct RecipeMethod<Model: StoredModel>: Sendable {
    public typealias Fitter =
        @Sendable (
            _ shots: [Shot], _ progress: @escaping (Double) -> Void, _ isCancelled: @escaping () -> Bool
        ) throws -> Model

    /// Of the models that ``fit`` makes.
    public var kind: ModelKind
    /// Why no part can be judged, whatever is fitted; nil = it can.
    public var absence: String?
    /// A shot as the line sees its frames.
    public var shot: @Sendable (_ sha256: String, _ bytes: [UInt8]) throws(ImageError) -> Shot
    public var fit: Fitter
    /// Nil = the line cannot use it.
    public var activeModel: @Sendable (Recipe<Model>.Active) -> ActiveModel?

    public init(
        kind: ModelKind, absence: String? = nil, shot: @escaping @Sendable (String, [UInt8]) throws(ImageError) -> Shot,
        fit: @escaping Fitter, activeModel: @escaping @Sendable (Recipe<Model>.Active) -> ActiveModel?
    ) {
        self.kind = kind
        self.absence = absence
        self.shot = shot
        self.fit = fit
        self.activeModel = activeModel
    }
}
