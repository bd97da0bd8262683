import ControlProtocol
import Core
import Daemon
import FoundationEssentials
import Logging
import Settings
import TestSupport

/// A model that is nothing but its summary: one file `model.json`.
struct TinyModel: StoredModel, Codable, Equatable {
    static let kind = ModelKind.tiny()
    var backbone = "tiny"
    var method = "padim"
    var shots: [String]
    var calibrated: Float
    var limit: Float

    init(shots: [String], limit: Float = 1) {
        self.shots = shots
        calibrated = limit
        self.limit = limit
    }

    var summary: ModelSummary {
        ModelSummary(
            kind: .tiny(backbone: backbone, method: method), shots: shots, limit: calibrated,
            evidence: "n = \(shots.count)")
    }

    func withLimit(_ limit: Float, band: UncertainBand?) -> Self {
        var copy = self
        copy.limit = limit
        return copy
    }

    func withAutomaticLimit() -> Self { withLimit(calibrated, band: nil) }

    func save(to directory: String) throws {
        try ControlCoding.encode(self).write(to: URL(filePath: "\(directory)/model.json"))
    }

    static func load(from directory: String) throws -> Self {
        try ControlCoding.decode(Self.self, from: Data(contentsOf: URL(filePath: "\(directory)/model.json")))
    }
}

extension ModelKind {
    static func tiny(backbone: String = "tiny", method: String = "padim") -> Self {
        Self(
            backbone: backbone, sha256: backbone,
            requested: MethodSettings(method: Methods.named(method) ?? AutoMethod()))
    }
}

extension RecipeMethod<TinyModel> {
    /// - Parameter fit: nil = a model of the shots with that limit.
    static func tiny(limit: Float = 1, method: String = "padim", fit: Fitter? = nil) -> Self {
        RecipeMethod(
            kind: .tiny(method: method),
            shot: { sha256, bytes throws(ImageError) in try Shot(sha256: sha256, picture: Picture(.file, bytes: bytes))
            },
            fit: fit ?? { shots, _, _ in
                var model = TinyModel(shots: shots.map(\.sha256).sorted(), limit: limit)
                model.method = method
                return model
            },
            activeModel: { active in
                var model = TestLine.model(generation: active.generation, limit: active.limit)
                model.isMuted = active.commission != nil
                return model
            })
    }
}

extension RecipeBook<TinyModel> {
    /// One table, `bottle`.
    static func bottle(_ folder: TemporaryFolder, _ method: RecipeMethod<TinyModel> = .tiny()) throws -> Self {
        var table = Configuration.RecipeSettings()
        table.name = "bottle"
        return try Self(stateDirectory: folder.path, tables: [table], logger: .silent) { _ in method }
    }
}

extension Logger {
    /// Says nothing.
    static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

/// Pictures that can be shots, told apart by their shade.
enum TestPicture {
    static func png(_ shade: UInt8, height: Int = 40, width: Int = 50) -> [UInt8] {
        Image(height: height, width: width, pixels: Array(repeating: shade, count: height * width * 3)).pngBytes()
    }
}
