import Core
import Testing

/// Against open_clip's blocks with adapters written in PyTorch: 1e-4 of the largest number.
@Suite struct AAClipTowerTests {
    @Test func levelsAndDetectionAreThoseOfPyTorch() throws {
        let fixture = try AAClipFixture()
        for (picture, threads) in [(0, 1), (1, 3)] {
            let tower = try fixture.imageTower(threads: threads)
            let features = tower.features(
                of: try fixture.picture(picture), FeatureRequest(layers: [5, 6, 4], finalTokens: true))
            #expect(features.layers.keys.sorted() == [4, 5, 6])
            for level in 0..<2 {
                let got = try #require(features.layers[5 + level])
                #expect(got.grid == AAClipFixture.grid)
                #expect(relativeDifference(got.tokens.values, try fixture.slice("levels", picture, level)) < 1e-4)
            }
            let detection = try #require(features.classToken)
            #expect(relativeDifference(detection, try fixture.slice("detection", picture)) < 1e-4)
            let patches = try #require(features.patchTokens).tokens
            #expect(relativeDifference(patches.values, try fixture.slice("tokens", picture, 1)) < 1e-4)
        }
    }

    @Test func aLevelAloneIsTheSame() throws {
        let fixture = try AAClipFixture()
        let tower = try fixture.imageTower()
        let features = tower.features(of: try fixture.picture(0), FeatureRequest(layers: [5]))
        #expect(features.classToken == nil)
        let got = try #require(features.layers[5]).tokens.values
        #expect(relativeDifference(got, try fixture.slice("levels", 0, 0)) < 1e-4)
    }

    @Test func textsAreThoseOfPyTorch() throws {
        let fixture = try AAClipFixture()
        let expected = try fixture.tensor("text").values
        let got = try fixture.textTower().embeddings(of: try fixture.prompts(0) + fixture.prompts(1))
        #expect(relativeDifference(got.values, expected) < 1e-4)
        let recorded = try fixture.textTower().embeddings(recording: try fixture.prompts(0) + fixture.prompts(1))
        #expect(relativeDifference(recorded.embeddings.values, got.values) < 1e-5)
    }

    @Test func adaptersOfAnotherModelAreTold() throws {
        let adapters = try AAClipFixture().adapters
        #expect(adapters.problem(in: AAClipFixture.configuration) == nil)
        var other = AAClipFixture.configuration
        other.image.width = 64
        #expect(try #require(adapters.problem(in: other)) == ("an image tower of width 32", "64"))
        other = AAClipFixture.configuration
        other.text.width = 32
        #expect(try #require(adapters.problem(in: other)) == ("a text tower of width 24", "32"))
        other = AAClipFixture.configuration
        other.image.depth = 2
        #expect(try #require(adapters.problem(in: other)) == ("an image tower of 3 blocks or more", "2"))
    }
}
