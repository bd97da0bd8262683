package import Core
import Platform
package import Settings

extension ConfiguredMethod {
    /// Of the models that ``fitter`` makes.
    package var kind: ModelKind {
        ModelKind(
            backbone: backbone.name, sha256: backbone.sha256, precision: backbone.reducedPrecision, requested: settings)
    }

    /// Fits beside inspection: with half of the threads, so that a part on the line does not wait for it.
    ///
    /// - Parameter memoryBytes: that a fit may take.
    package func fitter(memoryBytes: Int) -> RecipeMethod.Fitter {
        let parallelism = Parallelism(threads: max(1, computeThreads / 2))
        let extractors = ExtractorSource(backbone, parallelism: parallelism, textCache: textCache)
        let stopwatch = InspectionStopwatch(
            threads: parallelism.threads, line: computeThreads, milliseconds: ThreadTime.milliseconds)
        return { [settings] shots, progress, isCancelled in
            try FittedModel.fit(
                shots: shots, extractors: extractors, settings: settings, memoryBytes: memoryBytes,
                stopwatch: stopwatch, parallelism: parallelism, progress: progress, isCancelled: isCancelled
            ).withGolden(by: extractors, parallelism: parallelism)
        }
    }
}

extension ConfiguredMethod {
    /// Teaches beside inspection, as ``fitter(memoryBytes:)`` fits.
    package var teacher: RecipeMethod.Teacher {
        let parallelism = Parallelism(threads: max(1, computeThreads / 2))
        let extractors = ExtractorSource(backbone, parallelism: parallelism)
        return { model, parts, progress, isCancelled in
            try model.taught(by: parts, parallelism: parallelism, progress: progress, isCancelled: isCancelled)
                .withGolden(by: extractors, parallelism: parallelism)
        }
    }
}

extension RecipeMethod {
    /// - Parameter fitMemoryBytes: that a fit may take on top of what the process has.
    package init(_ method: ConfiguredMethod, fitMemoryBytes: Int) {
        let area = method.settings.area
        let parallelism = Parallelism(threads: method.computeThreads)
        // No cache of texts: a model has the embeddings that it was fitted with.
        let extractors = ExtractorSource(method.backbone, parallelism: parallelism)
        self.init(
            kind: method.kind,
            shot: { sha256, read throws(ImageError) in
                try Shot(sha256: sha256, area: area) { () throws(ImageError) in Picture(.file, bytes: try read()) }
            }, fit: method.fitter(memoryBytes: fitMemoryBytes), teach: method.teacher,
            check: { model in
                guard extractors.serves(model) else {
                    return Invalidity(
                        .modelMismatch,
                        "fitted with \(model.backbone), the line computes \(method.kind.backbone): fit again")
                }
                let extractor = extractors.extractor(inputSize: model.backbone.inputSize)
                return model.difference(from: extractor, parallelism: parallelism).map { difference in
                    Invalidity(
                        .modelMismatch,
                        "golden picture: \(difference): the line computes other numbers than it was fitted with: check "
                            + "the weights with `fsacctl model verify` and the processor, then start the daemon again, "
                            + "or fit anew with `fsacctl refit`")
                }
            },
            activeModel: { active in
                var model = ActiveModel(
                    generation: active.generation, model: active.model, extractors: extractors, parallelism: parallelism
                )
                // Decided with the generation, and so between two frames.
                model?.isMuted = active.commission != nil
                model?.commissionParts = active.commission?.parts ?? 0
                return model
            })
    }

    /// For weights that cannot be used: the daemon runs, every part is INVALID, and everybody is told why.
    init(unusable error: MethodError) {
        self.init(
            kind: ModelKind(backbone: "none", sha256: "", requested: MethodSettings()), absence: error.description,
            shot: { sha256, read throws(ImageError) in
                try Shot(sha256: sha256, picture: Picture(.file, bytes: try read()))
            },
            fit: { _, _, _ in throw error },
            activeModel: { _ in nil })
    }
}
