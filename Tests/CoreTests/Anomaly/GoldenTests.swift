import Core
import Foundation
import Platform
import Testing

/// A golden picture tells whether a line computes the numbers that its model was fitted with.
@Suite struct GoldenTests {
    private func fit(_ source: ExtractorSource = madeUpSource()) throws -> FittedModel {
        try FittedModel.fit(
            shots: (0..<2).map(MadeUpPart.shot), extractors: source, settings: .memory(layers: [1], rotations: 1)
        ).withGolden(by: source)
    }

    private typealias Factor = @Sendable (_ patch: Int, _ column: Int) -> Float

    /// Features as the made-up backbone's, each multiplied by a factor.
    private func extractor(times factor: @escaping Factor) -> FeatureExtractor {
        let base = madeUpExtractor()
        return FeatureExtractor(identity: base.identity, layerCount: 2) { image, request, _ in
            let features = base.features(of: image, request)
            return Features(
                layers: features.layers.mapValues { map in
                    var tokens = map.tokens
                    for row in 0..<tokens.rows {
                        for column in 0..<tokens.columns { tokens[row, column] *= factor(row, column) }
                    }
                    return FeatureMap(grid: map.grid, tokens: tokens)
                })
        }
    }

    private func source(_ extractor: @escaping @Sendable () -> FeatureExtractor) -> ExtractorSource {
        ExtractorSource(
            name: "made-up", sha256: "0123", layerCount: 2, defaultInputSize: 32, defaultLayers: [1],
            accepts: { _ in true }, make: { _ in extractor() })
    }

    @Test func theSameNumbersAreTheSame() throws {
        let model = try fit()
        #expect(model.difference(from: madeUpExtractor()) == nil)
        // Rounding of another processor's kernels.
        #expect(model.difference(from: extractor { patch, _ in patch % 2 == 0 ? 1.00002 : 0.99998 }) == nil)
    }

    @Test func otherNumbersAreToldWithTheirPlace() throws {
        let model = try fit()
        let difference = try #require(model.difference(from: extractor { _, column in column == 1 ? 1.1 : 1 }))
        #expect(difference.contains("layer 1"))
        #expect(model.difference(from: extractor { _, _ in 0 }) != nil)
        #expect(model.difference(from: extractor { _, _ in .nan }) != nil)
    }

    @Test func itIsKeptWithTheModel() throws {
        let (model, folder) = (try fit(), try ScratchFolder())
        try model.withLimit(3).save(to: folder.path)
        #expect(try folder.contents == ["golden.safetensors", "model.json", "model.safetensors"])
        let loaded = try FittedModel.load(from: folder.path)
        #expect(loaded.golden == model.golden && loaded.golden != nil)
        #expect(loaded.difference(from: madeUpExtractor()) == nil)
        #expect(loaded.difference(from: extractor { _, column in column == 1 ? 1.1 : 1 }) != nil)
        var bytes = try [UInt8](Data(contentsOf: URL(filePath: folder.path + "/golden.safetensors")))
        bytes[bytes.count - 1] ^= 1
        _ = try folder.file("golden.safetensors", bytes)
        #expect(throws: FitError.self) { try FittedModel.load(from: folder.path) }
    }

    @Test func afterAFitThePictureIsSeenAsBefore() throws {
        let model = try fit()
        #expect(try model.difference(from: fit()) == nil)
        #expect(try model.difference(from: fit(source { extractor { _, column in column == 1 ? 1.1 : 1 } })) != nil)
    }

    /// All of them with a digest that fits.
    @Test func aBackboneThatSaysTheSameOfEverythingIsNotFitted() throws {
        let zeros: Factor = { _, _ in 0 }
        let nothing: Factor = { _, _ in .nan }
        for (factor, word) in [(zeros, "every place"), (nothing, "not finite")] {
            #expect {
                try fit(source { extractor(times: factor) })
            } throws: { error in
                switch error as? FitError {
                case .deadFeatures, .notFinite: "\(error)".contains(word) || "\(error)".contains("finite")
                default: false
                }
            }
        }
    }

    /// Nothing to compare with is made for it: that would make wrong weights the right ones.
    @Test func aModelOfBeforeIsBelievedUnlessTheBackboneIsDead() throws {
        let folder = try ScratchFolder()
        try fit().save(to: folder.path)
        let saved = try JSONSerialization.jsonObject(with: Data(folder.document()))
        var document = try #require(saved as? [String: Any])
        document["golden.safetensors"] = nil
        try folder.seal([UInt8](JSONSerialization.data(withJSONObject: document)))
        let model = try FittedModel.load(from: folder.path)
        #expect(model.golden == nil)
        #expect(model.difference(from: madeUpExtractor()) == nil)
        #expect(model.difference(from: extractor { _, _ in 0 }) != nil)
        // Tells the places apart, and no picture from another.
        let blind = FeatureExtractor(identity: madeUpExtractor().identity, layerCount: 2) { _, request, _ in
            madeUpExtractor().features(of: .golden, request)
        }
        #expect(model.difference(from: blind) == "the backbone says the same of every picture (layer 1)")
        try model.save(to: folder.path)
        #expect(try FittedModel.load(from: folder.path).golden == nil)
    }

    @Test func thePictureIsTheSameForEver() {
        // Of a change of this picture old models do not know: each has its own.
        #expect(Image.golden.height == 64 && Image.golden.width == 64)
        let digest = hexadecimal(SHA256.digest(of: Image.golden.pixels))
        #expect(digest == "aee3d6debf3594c7fbcf9c97aa9697a507062628c49d8ff93631ad8d39263de4")
    }
}
