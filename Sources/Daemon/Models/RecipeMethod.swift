package import Core

/// What the settings of a recipe come to: how its models are made and used. Immutable and used on any thread; recipes
/// with the same table share one.
package struct RecipeMethod: Sendable {
    /// Blocks for as long as a fit takes, on a thread with the priority of who wants it. Told its progress (0...1) and
    /// asked whether to stop on that thread; a fit that is cancelled throws.
    package typealias Fitter =
        @Sendable (
            _ shots: [Shot], _ progress: @escaping (Double) -> Void, _ isCancelled: @escaping () -> Bool
        ) throws -> FittedModel

    /// Blocks as a fit does: the model that parts of the line make of one.
    package typealias Teacher =
        @Sendable (
            _ model: FittedModel, _ parts: [StreamPart], _ progress: (Double) -> Void, _ isCancelled: () -> Bool
        ) throws -> FittedModel

    /// Of the models that ``fit`` makes.
    package var kind: ModelKind
    /// Why no part can be judged, whatever is fitted; nil = it can.
    package var absence: String?
    /// A picture's bytes as they came, the same each time.
    package typealias Reader = @Sendable () throws(ImageError) -> [UInt8]
    /// A shot as the line sees its frames. It reads its picture whenever it is looked at.
    package var shot: @Sendable (_ sha256: String, _ read: @escaping Reader) throws(ImageError) -> Shot
    package var fit: Fitter
    package var teach: Teacher
    /// Computes what a model was fitted with once more, see ``Recipe/Check``.
    package var check: Recipe.Check
    /// Nil = the line cannot use it. Cheap: no weights are loaded.
    package var activeModel: @Sendable (Recipe.Active) -> ActiveModel?

    package init(
        kind: ModelKind, absence: String? = nil,
        shot: @escaping @Sendable (String, @escaping Reader) throws(ImageError) -> Shot,
        fit: @escaping Fitter, teach: @escaping Teacher = RecipeMethod.taught,
        check: @escaping Recipe.Check = { _ in nil },
        activeModel: @escaping @Sendable (Recipe.Active) -> ActiveModel?
    ) {
        self.kind = kind
        self.absence = absence
        self.shot = shot
        self.fit = fit
        self.teach = teach
        self.check = check
        self.activeModel = activeModel
    }

    /// Without a golden picture, for a model whose fit made none.
    package static let taught: Teacher = { model, parts, progress, isCancelled in
        try model.taught(by: parts, progress: progress, isCancelled: isCancelled)
    }
}
