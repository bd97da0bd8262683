import Core
import Settings
import TOML
import Testing

/// A recipe's table by itself, as it goes to another station.
@Suite struct RecipeSettingsTOMLTests {
    private var unusual: Configuration.RecipeSettings {
        var settings = Configuration.RecipeSettings()
        settings.name = "cap-7"
        settings.backbone = "/srv/a \"b\"\\c\u{7F}\t.onnx"
        (settings.inputSize, settings.layers, settings.smoothing) = (320, [3, 7], 1e-5)
        (settings.roi, settings.ignore) = (
            [1, 2, 30, 40], [[[0, 0], [5, 0], [5, 5]], [[9, 9], [8, 9], [8, 8]]]
        )
        (settings.sceneShift, settings.frozenFrames, settings.teachParts) = (.invalid, 0, 50)
        (settings.object, settings.normalStates) = ("méta\u{1F529}l cap", ["{} without #scratch", "good \"{}\""])
        settings.abnormalStates = ["{} = [broken]"]
        return settings
    }

    @Test(arguments: Methods.names) func allSettingsComeBackAsTheyWere(method: String) throws {
        for var settings in [Configuration.RecipeSettings(), unusual] {
            settings.method = try #require(Methods.named(method))
            let text = settings.toml(comment: "of press-4")
            #expect(text.hasPrefix("# of press-4\n"))
            #expect(try Configuration.RecipeSettings(toml: text, file: "settings.toml") == settings, "\(text)")
        }
    }

    @Test(arguments: [
        "", "[recipe]\nnmae = \"x\"", "[recipe]\n[camera]", "[[recipe]]\nname = \"a\"\n[[recipe]]\nname = \"b\"",
        "[recipe]\nname = \"../x\"", "state_directory = \"/\"\n[recipe]", "[recipe]\nmin_brightness = 300.0",
        "[recipe]\nmethod = \"later\"",
    ]) func whatNoConfigurationMaySayIsRefused(text: String) {
        #expect(throws: ConfigurationError.self) { try Configuration.RecipeSettings(toml: text, file: "settings.toml") }
    }
}
