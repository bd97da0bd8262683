import Core
import Foundation
import Settings
import Testing

/// What `make weights` leaves, when it has been run.
private let models: String = {
    let made = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../models"
    return ProcessInfo.processInfo.environment["FSAC_MODELS"] ?? made
}()

@Suite struct BackboneShelfTests {
    @Test(
        .enabled(
            if: ModelsDirectory(path: models).names.contains("efficientnet-lite0"),
            "no models: run `make weights` or set FSAC_MODELS"))
    func weightsAreSharedByWhoUsesThemAndLetGoOfWhenNobodyDoes() throws {
        let shelf = BackboneShelf(modelsDirectory: models, stateDirectory: "/nowhere", precision: .float32)
        var table = Configuration.RecipeSettings()
        table.backbone = "efficientnet-lite0"
        func method() throws -> ConfiguredMethod { try ConfiguredMethod(table, computeThreads: 1, shelf: shelf) }
        weak var weights: BackboneModel?
        do {
            let (one, other) = (try method(), try method())
            #expect(one.backbone === other.backbone)
            weights = one.backbone
        }
        #expect(weights == nil)
        // And they are there again for who asks.
        #expect(try method().backbone.name == "efficientnet-lite0")
    }
}
