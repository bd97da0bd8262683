package import Core
package import Settings

extension ConfiguredMethod {
    /// Of the models that ``fitter`` makes.
    package var kind: ModelKind { ModelKind(backbone: backbone.name, sha256: backbone.sha256, requested: settings) }

    /// Fits beside inspection: with half of the threads, so that a part on the line does not wait for it.
    package var fitter: RecipeMethod.Fitter {
        let parallelism = Parallelism(threads: max(1, computeThreads / 2))
        let extractors = ExtractorSource(backbone, parallelism: parallelism, textCache: textCache)
        return { [settings] shots, progress, isCancelled in
            try FittedModel.fit(
                shots: shots, extractors: extractors, settings: settings, parallelism: parallelism, progress: progress,
                isCancelled: isCancelled)
        }
    }
}

extension RecipeMethod {
    package init(_ method: ConfiguredMethod) {
        let area = method.settings.area
        let parallelism = Parallelism(threads: method.computeThreads)
        // No cache of texts: a model has the embeddings that it was fitted with.
        let extractors = ExtractorSource(method.backbone, parallelism: parallelism)
        self.init(
            kind: method.kind,
            shot: { sha256, bytes throws(ImageError) in
                try Shot(sha256: sha256, picture: Picture(.file, bytes: bytes), area: area)
            }, fit: method.fitter,
            activeModel: { active in
                var model = ActiveModel(
                    generation: active.generation, model: active.model, extractors: extractors, parallelism: parallelism
                )
                // Decided with the generation, and so between two frames.
                model?.isMuted = active.commission != nil
                return model
            })
    }

    /// For weights that cannot be used: the daemon runs, every part is INVALID, and everybody is told why.
    init(unusable error: MethodError) {
        self.init(
            kind: ModelKind(backbone: "none", sha256: "", requested: MethodSettings()), absence: error.description,
            shot: { sha256, bytes throws(ImageError) in try Shot(sha256: sha256, picture: Picture(.file, bytes: bytes))
            },
            fit: { _, _, _ in throw error },
            activeModel: { _ in nil })
    }
}
