package import ArgumentParser
import Settings

/// Which configuration a command is about: named alone or by --config.
package struct ConfigurationFile: ParsableArguments {
    @Argument(
        help: "The configuration file (default: \(Configuration.standardPath)).",
        completion: .file(extensions: ["toml"]))
    package var file: String?

    @Option(help: "The same, as an option.", completion: .file(extensions: ["toml"]))
    package var config: String?

    package init() {}

    package var path: String { config ?? file ?? Configuration.standardPath }

    package func validate() throws {
        if let file, let config {
            throw ValidationError("expected one configuration file, got \(file) and --config \(config)")
        }
    }
}
