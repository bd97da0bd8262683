import ControlProtocol
import Core
import Daemon
import FoundationEssentials
import Logging
import Platform
import Settings
import TestSupport

extension FittedModel {
    /// A real model of a made-up backbone with one patch, whose limit is what the test wants.
    static func tiny(
        shots: [String], limit: Float = 1, method: String = "padim", backbone: String = "tiny"
    ) throws -> FittedModel {
        let identity = BackboneIdentity(name: backbone, sha256: backbone, inputSize: 8)
        let extractor = FeatureExtractor(identity: identity, layerCount: 1) { image, _, _ in
            TestLine.features([1, Float(image.pixels[0]) / 255])
        }
        let shot = try Shot(sha256: "made up", picture: Picture(.file, bytes: TestPicture.png(1)))
        let requested = MethodSettings.tiny(method)
        var settings = requested
        settings.layers = [1]
        let fitted = try FittedModel.fit(shots: [shot], extractor: extractor, settings: settings)
        return FittedModel(
            backbone: identity, settings: fitted.settings, requested: requested, shots: shots, grid: fitted.grid,
            scorer: fitted.scorer, calibration: try calibration(limit), frame: nil)
    }

    /// Of flat pictures, by a backbone to which those of different shades are all equally unlike, but for dark ones, which are more
    /// so. Shades that leave the same remainder by 8 are somewhat alike, those of 112 and more with lower ones.
    static func ofShades(_ shots: [Shot]) throws -> FittedModel {
        var method = PatchMemoryMethod()
        method.rotations = 1
        return try fit(
            shots: shots, extractor: .ofShades, settings: MethodSettings(method: method, layers: [1]),
            requested: .tiny("patch-memory"))
    }

    private static func calibration(_ limit: Float) throws -> Calibration {
        let sensitivity = String(decoding: try ControlCoding.encode(Sensitivity.balanced), as: UTF8.self)
        let numbers = #""limit":\#(limit),"band":{"lower":\#(limit),"upper":\#(limit)}"#
        let evidence = """
            {"shot_count":1,"part_count":1,"scores":[1],"method":"","sensitivity":\(sensitivity),"options":[],"text":"",
            "supported_false_reject_rate":0.5,"anomalous_count":0,\(numbers)}
            """
        let text = #"{"unit":1,"origin":"shots",\#(numbers),"evidence":\#(evidence)}"#
        return try ControlCoding.decode(Calibration.self, from: Array(text.utf8))
    }
}

extension FeatureExtractor {
    /// See ``FittedModel/ofShades(_:)``.
    static var ofShades: FeatureExtractor {
        let identity = BackboneIdentity(name: "tiny", sha256: "tiny", inputSize: 32)
        return FeatureExtractor(identity: identity, layerCount: 1) { image, _, _ in
            let shade = Int(image.pixels[0])
            let own: Float = shade < 50 ? 4 : shade < 112 ? 0.2 : 0.437
            var row = (0..<9).map { $0 == shade % 8 ? own : $0 == 8 ? 1 : 0 }
            // Two dark ones are alike, and not the same.
            row.append(shade < 50 ? Float(shade) / 8 : 0)
            let rows = Matrix(rows: 6, columns: 10, values: Array(repeatElement(row, count: 6).joined()))
            return Features(layers: [1: FeatureMap(grid: PatchGrid(rows: 2, columns: 3), tokens: rows)])
        }
    }
}

extension MethodSettings {
    static func tiny(_ method: String) -> Self { Self(method: Methods.named(method) ?? AutoMethod()) }
}

extension ModelKind {
    static func tiny(backbone: String = "tiny", method: String = "padim") -> Self {
        Self(backbone: backbone, sha256: backbone, requested: .tiny(method))
    }
}

extension RecipeMethod {
    /// - Parameter fit: nil = a model of the shots with that limit.
    static func tiny(limit: Float = 1, method: String = "padim", fit: Fitter? = nil) -> Self {
        RecipeMethod(
            kind: .tiny(method: method),
            shot: { sha256, read throws(ImageError) in
                try Shot(sha256: sha256, picture: Picture(.file, bytes: try read()))
            },
            fit: fit ?? { shots, _, _ in
                try .tiny(shots: shots.map(\.sha256), limit: limit, method: method)
            },
            activeModel: { active in
                var model = TestLine.model(generation: active.generation, limit: active.limit)
                model.isMuted = active.commission != nil
                return model
            })
    }
}

extension RecipeBook {
    /// One table, `bottle`.
    static func bottle(_ folder: TemporaryFolder, _ method: RecipeMethod = .tiny()) throws -> Self {
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

    static func sha256(_ shade: UInt8) -> String { hexadecimal(SHA256.digest(of: png(shade))) }
}
