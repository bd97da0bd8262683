import Core
import Foundation
import Testing

/// One tiny CLIP in every layout, as `Tools/make_clip_weights_fixtures.py` wrote it.
enum CLIPLayouts {
    /// Layouts that are read, each a folder.
    static let folders = ["openclip", "huggingface", "checkpoint", "bfloat16"]
    static let openCLIP = "openclip"

    static func path(_ name: String) throws -> String {
        try #require(Bundle.module.path(forResource: "Fixtures/clip/weights/" + name, ofType: nil))
    }

    /// A copy that a test may damage.
    static func copy(_ folder: String, into scratch: ScratchFolder) throws -> String {
        let copy = scratch.path + "/" + folder
        try FileManager.default.copyItem(atPath: path(folder), toPath: copy)
        return copy
    }

    static func load(_ path: String, towers: CLIPTowers = .all) throws(WeightsError) -> ModelWeights {
        try ModelWeights.load(path, modelsDirectory: ModelsDirectory(path: "/nonexistent"), towers: towers)
    }

    static let configuration = CLIPConfiguration(
        embeddingWidth: 6, image: .init(size: 8, patchSize: 4, width: 8, depth: 2, heads: 2),
        text: .init(contextLength: 8, vocabularySize: 520, width: 8, depth: 2, heads: 2), activation: .quickGELU)

    /// Names and shapes of both towers' tensors.
    static let tensors = configuration.expectedTensors(.all)
}
