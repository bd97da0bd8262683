import ControlProtocol
import Core
import Platform
import RecipeFile
import Settings

/// What is done with a recipe of another station once its file is there: everything that could keep it from judging here as it did
/// there is found out before anything changes. On the fits' thread.
struct ImportWork {
    /// Of a limit that the same shots give here and there, as a share.
    private static let limitTolerance: Float = 1e-2

    /// What it came to: a model that was fitted here, and what a person is to know.
    struct Result {
        let settings: Configuration.RecipeSettings
        let method: RecipeMethod
        let model: FittedModel
        let findings: [String]
        let warnings: [String]
    }

    let book: RecipeBook
    /// Of this station.
    let cameras: [CameraReply]

    /// - Throws: ``ImportRefusal`` in words for a person; what the fit throws.
    func carryOut(
        _ staged: StagedRecipe, progress: @escaping (Double) -> Void, isCancelled: @escaping () -> Bool
    ) throws -> Result {
        guard let manifest = staged.manifest, let settings = staged.settings, let golden = staged.golden else {
            throw ImportRefusal("the file holds no settings or no golden picture")
        }
        let method = try method(settings, manifest)
        let camera = try cameraWords(manifest)
        let shots = try staged.store.normals().map { normal in
            var shot = try method.shot(normal.sha256) { [store = staged.store] () throws(ImageError) in
                do throws(StoreError) {
                    return try store.bytes(of: normal)
                } catch {
                    throw .unreadable(path: normal.fileName, reason: "\(error)")
                }
            }
            shot.isDoubted = normal.isDoubted
            return shot
        }
        let model = try method.fit(shots, progress, isCancelled)
        if let limit = staged.limit, !limit.holds(for: model.summary.kind) {
            throw ImportRefusal("its limit was set for \(limit.scaleWords), which its settings do not ask for")
        }
        let same = try compare(model, golden, manifest)
        return Result(
            settings: settings, method: method, model: model,
            findings: [
                "\(shots.count) shots" + (camera.size.map { " of \($0)" } ?? ""),
                "backbone \(manifest.backbone.name), the same weights as there",
                same, Self.limitWords(staged, model),
            ],
            warnings: [camera.warning, Self.limitWarning(staged)].compactMap(\.self)
                + manifest.notCarried.map { "not in the file: \($0)" } + Self.lessonWarnings(manifest))
    }

    private func method(_ settings: Configuration.RecipeSettings, _ manifest: RecipeManifest) throws -> RecipeMethod {
        let method: RecipeMethod
        do {
            method = try book.makeMethod(settings)
        } catch {
            throw ImportRefusal("\(error)")
        }
        if let absence = method.absence { throw ImportRefusal(absence) }
        let (here, there) = (method.kind.backbone, manifest.backbone)
        guard here.sha256 == there.sha256 else {
            throw ImportRefusal(
                "backbone \(there.name): expected weights with sha-256 \(there.sha256), got \(here.sha256) of "
                    + "\(here.name): bring the weights of that station, see `fsacctl model list`")
        }
        guard here.precision?.rawValue == there.precision else {
            let words = { (precision: String?) in precision ?? "single precision" }
            throw ImportRefusal(
                "backbone \(there.name): computed in \(words(there.precision)) there, in "
                    + "\(words(here.precision?.rawValue)) here: set precision in the configuration as it is there")
        }
        return method
    }

    /// Which frames come here, and which the shots are.
    private func cameraWords(_ manifest: RecipeManifest) throws -> (size: String?, warning: String?) {
        guard let height = manifest.pictureHeight, let width = manifest.pictureWidth else { return (nil, nil) }
        let size = "\(height) x \(width) (height x width)"
        let known = cameras.filter { $0.frameHeight != nil }
        guard !known.contains(where: { ($0.frameHeight, $0.frameWidth) == (height, width) }) else { return (size, nil) }
        let frames = known.map { "\($0.name) \($0.frameHeight ?? 0) x \($0.frameWidth ?? 0)" }.joined(separator: ", ")
        guard known.count == cameras.count, !known.isEmpty else {
            let words = frames.isEmpty ? "" : " (known: \(frames))"
            return (size, "no camera here has shown a frame of \(size) yet\(words)")
        }
        guard manifest.model.needsPictureSize else {
            return (size, "the shots are \(size), the cameras here: \(frames): other frames may look otherwise")
        }
        throw ImportRefusal(
            "camera: the recipe is for frames of \(size), the cameras here: \(frames): set the camera's height and "
                + "width")
    }

    /// - Returns: how near it is, in words.
    private func compare(_ model: FittedModel, _ golden: Golden, _ manifest: RecipeManifest) throws -> String {
        guard let own = model.golden else { throw ImportRefusal("the fit here made no golden picture") }
        let isSame = manifest.model.taughtBy == nil
        let versions = "made by fsac \(manifest.origin.version), this is \(FsacVersion.text)"
        let difference: (features: Float, score: Float)
        do throws(GoldenDifference) {
            difference = try golden.comparison(toFitHere: own, isScoreExpected: isSame)
        } catch {
            throw ImportRefusal(
                "the golden picture does not reproduce: \(error.words): this station would judge otherwise "
                    + "(\(versions)): there the fit chose \(Self.list(manifest.model.choice)); here \(Self.list(model.findings))"
            )
        }
        let (here, there) = (model.summary.limit, manifest.model.fittedLimit)
        guard !isSame || abs(here - there) <= Self.limitTolerance * there else {
            throw ImportRefusal(
                "the same shots give the limit \(here) here, and \(there) there, expected within "
                    + "\(100 * Self.limitTolerance) %: this station would judge otherwise (\(versions))")
        }
        let score =
            isSame ? ", its score by \(100 * difference.score) % (\(100 * Golden.refitTolerance) % allowed)" : ""
        return "the golden picture reproduces: its features differ by \(100 * difference.features) % "
            + "(\(100 * Golden.tolerance) % allowed)" + score
    }

    private static func list(_ lines: [String]) -> String {
        lines.isEmpty ? "nothing" : lines.joined(separator: "; ")
    }

    private static func limitWords(_ staged: StagedRecipe, _ model: FittedModel) -> String {
        switch (staged.limit, staged.limit?.proposal) {
        case (nil, _): "limit \(model.summary.limit), \(model.summary.evidence)"
        case (let limit?, nil): "limit \(limit.value), set by hand there; the shots give \(model.summary.limit)"
        case (let limit?, let proposal?):
            "limit \(limit.value), accepted there after commissioning with \(proposal.parts) parts, of which it rejects "
                + "\(proposal.rejects); the shots give \(model.summary.limit)"
        }
    }

    private static func limitWarning(_ staged: StagedRecipe) -> String? {
        staged.limit.map { _ in
            "the limit is that of the other station's parts and light: look at scores here (`fsacctl tail`), or commission "
                + "here with `fsacctl commission`"
        }
    }

    private static func lessonWarnings(_ manifest: RecipeManifest) -> [String] {
        guard manifest.model.taughtBy != nil else { return [] }
        return ["the model here knows the shots alone, and scores otherwise than there: teach it with `fsacctl teach`"]
    }
}

extension StagedRecipe {
    /// The generation, the limit and all that belongs to a recipe, in its folder.
    func complete(_ model: FittedModel) throws {
        _ = try store.install(after: nil) { folder in try model.save(to: folder) }
        try store.setManualLimit(limit)
    }
}
