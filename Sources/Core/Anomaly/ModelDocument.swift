internal import Foundation
import Platform

/// `model.json`: what a person or another program wants to know of a generation, and what loading needs.
struct ModelDocument: Codable {
    struct File: Codable {
        let bytes: Int
        let sha256: String
    }

    static let fileName = "model.json"
    static let tensorsName = "model.safetensors"
    static let goldenName = "golden.safetensors"
    /// In 5 there may be fine views.
    static let currentVersion = 5
    private static let firstSealed = 4
    /// In 2 the settings are laid out in another way, which ``MethodSettings`` can read; all else is as it is now.
    private static let readableVersions = 2...currentVersion
    /// Far more than the scores of 1000 shots need.
    private static let maximumBytes = 4 << 20

    let version: Int
    let backbone: BackboneIdentity
    let settings: MethodSettings
    let requested: MethodSettings
    let shots: [String]
    let scorer: NamedHeader
    let grid: PatchGrid
    let calibration: Calibration
    /// Nil when there are none.
    let oddShots: [OddShot]?
    /// Of models that were fitted before anybody looked, nil.
    let scene: SceneStatistics?
    /// Nil when there are none.
    let fineViews: [FineView]?
    /// Nil when the fit had no budget to keep.
    let inspectionTime: InspectionTime?
    /// Of the shots, when the area is not the whole frame, or fine views show a part of it.
    let frame: PixelSize?
    /// Nil of a model that knows its shots alone.
    let lesson: Lesson?
    /// `model.safetensors`.
    let tensors: File
    /// `golden.safetensors`; nil of models that were fitted before there was one.
    let golden: File?

    enum CodingKeys: String, CodingKey {
        case version, backbone, settings, requested, shots, scorer, grid, calibration, scene, frame, lesson
        case fineViews = "fine_views"
        case inspectionTime = "inspection_time"
        case oddShots = "odd_shots"
        case tensors = "model.safetensors"
        case golden = "golden.safetensors"
    }

    init(_ model: FittedModel, _ scorer: any ScorerHeader, tensors: File, golden: File?) {
        version = Self.currentVersion
        backbone = model.backbone
        settings = model.settings
        requested = model.requested
        shots = model.shots
        self.scorer = NamedHeader(scorer)
        grid = model.grid
        calibration = model.calibration
        oddShots = model.oddShots.isEmpty ? nil : model.oddShots
        scene = model.scene
        fineViews = model.fineViews.isEmpty ? nil : model.fineViews
        inspectionTime = model.inspectionTime
        frame = model.frame ?? model.partFrame
        lesson = model.lesson
        self.tensors = tensors
        self.golden = golden
    }

    /// With its seal. Equal documents give equal bytes.
    ///
    /// - Throws: `notFinite`, which JSON has no numbers for.
    func sealed() throws(FitError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return try Seal.sealed([UInt8](encoder.encode(self)))
        } catch {
            throw .notFinite("numbers of the model document")
        }
    }

    /// - Parameter isTrusted: whether a document without a seal, which older versions wrote, is believed; by its SHA-256.
    static func read(
        _ path: String, trustingUnsealed isTrusted: (_ sha256: String) -> Bool
    ) throws(FitError) -> ModelDocument {
        let (content, isSealed) = try content(path, isTrusted)
        let data = Data(content)
        let decoder = JSONDecoder()
        do {
            let version = try decoder.decode(Version.self, from: data).version
            guard readableVersions.contains(version) else {
                throw FitError.unsupportedVersion(path: path, found: version, supported: currentVersion)
            }
            guard isSealed == (version >= firstSealed) else { throw unsealed(path) }
            return try decoder.decode(ModelDocument.self, from: data)
        } catch let error as FitError {
            throw error
        } catch {
            throw .damaged(path: path, section: "contents", expected: "a model document", got: ErrorWords.of(error))
        }
    }

    private struct Version: Decodable {
        let version: Int
    }

    private static func content(
        _ path: String, _ isTrusted: (String) -> Bool
    ) throws(FitError) -> (content: [UInt8], isSealed: Bool) {
        let bytes = try bytes(path)
        switch Seal.open(bytes) {
        case .sound(let content): return (content, true)
        case .broken: throw .damaged(path: path, section: "checksum", expected: "that of the document", got: "another")
        case .missing(let sha256):
            guard isTrusted(sha256) else { throw unsealed(path) }
            return (bytes, false)
        }
    }

    private static func unsealed(_ path: String) -> FitError {
        .damaged(path: path, section: "checksum", expected: "one in the last line", got: "none")
    }

    private static func bytes(_ path: String) throws(FitError) -> [UInt8] {
        do throws(WeightsError) {
            var input = try WeightsInput(path: path)
            if input.size <= maximumBytes { return try input.bytes(input.size, section: "document") }
        } catch .unreadable(_, let reason) {
            throw .unreadable(path: path, reason: reason)
        } catch {
            throw .unreadable(path: path, reason: "\(error)")
        }
        throw .damaged(path: path, section: "size", expected: "at most \(maximumBytes) bytes", got: "more")
    }

    /// The model, when its sections make one.
    func model(_ tensors: [String: Tensor], path: String) throws(FitError) -> FittedModel {
        if let (section, problem) = problem() {
            throw .damaged(path: path, section: section, expected: "what a fit writes", got: problem)
        }
        do throws(DamagedSection) {
            let scorer = try scorer.header.scorer(tensors)
            if let fusion = (scorer as? CombinedScorer)?.fusion,
                let share = fusion.fine.first(where: { $0.view >= (fineViews ?? []).count })
            {
                throw DamagedSection(
                    section: "fine_views", expected: "at least \(share.view + 1)", got: "\((fineViews ?? []).count)")
            }
            var model = FittedModel(
                backbone: backbone, settings: settings, requested: requested, shots: shots, grid: grid,
                scorer: scorer, calibration: calibration,
                fineViews: fineViews ?? [], frame: frame)
            model.oddShots = oddShots ?? []
            model.scene = scene
            model.inspectionTime = inspectionTime
            model.lesson = lesson
            return model
        } catch {
            throw .damaged(path: path, section: error.section, expected: error.expected, got: error.got)
        }
    }

    private func frameProblem() -> String? {
        let showsPart = fineViews?.contains { !$0.region.isFull } ?? false
        guard settings.area != .wholeFrame || showsPart else { return nil }
        guard let frame else { return "none, with an area or a part of it" }
        // As for the grid: what an area is in must be a picture that could be.
        let sides = 1...(1 << 16)
        guard sides.contains(frame.height), sides.contains(frame.width),
            settings.area.rectangle(in: frame).lies(inHeight: frame.height, width: frame.width)
        else { return "\(frame.width) x \(frame.height) pixels, with a \(settings.area.text ?? "region")" }
        guard grid.count <= 1 << 20 else { return "\(grid)" }
        let isEmpty = PatchMask(settings.area, frame: frame, grid: grid).isEmpty
        return isEmpty ? "everything ignored" : nil
    }

    /// What no fit writes, and where; the numbers in a document are not believed.
    private func problem() -> (section: String, got: String)? {
        if let problem = settings.problem(layerCount: .max) { return ("settings", problem) }
        if let problem = requested.problem(layerCount: .max) { return ("requested", problem) }
        if settings.layers.isEmpty { return ("settings", "no layers") }
        if !scorer.header.isOf(settings.method) {
            return ("scorer", "one of another method than \(settings.method.name)")
        }
        // The bounds keep sums and products of these numbers far from overflow.
        let sides = 1...(1 << 20)
        if !sides.contains(grid.rows) || !sides.contains(grid.columns) { return ("grid", "\(grid)") }
        if shots.isEmpty || shots.count > 1 << 20 { return ("shots", "\(shots.count) shots") }
        if oddShots?.contains(where: { !$0.isWellFormed || !shots.contains($0.sha256) }) == true {
            return ("odd_shots", "one that is no shot, or has no score")
        }
        if let problem = frameProblem() { return ("frame", problem) }
        if let problem = fineViews?.lazy.compactMap(\.problem).first { return ("fine_views", problem) }
        if inspectionTime?.isWellFormed == false { return ("inspection_time", "a time or a budget that is none") }
        if backbone.inputSize < 1 || backbone.inputSize != settings.inputSize {
            return ("backbone", "input size \(backbone.inputSize)")
        }
        if let problem = lesson?.problem { return ("lesson", problem) }
        if scene?.isWellFormed == false { return ("scene", "lists or numbers that do not fit together") }
        if !(calibration.unit > 0 && calibration.unit.isFinite) { return ("calibration", "unit \(calibration.unit)") }
        return nil
    }
}
