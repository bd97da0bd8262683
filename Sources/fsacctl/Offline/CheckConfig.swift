import ArgumentParser
import Settings

/// `fsacctl check-config`
struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration file without starting anything.",
        discussion: """
            Reads the weights of the backbones, too. Exits with 1 and says what is wrong when fsacd would refuse to \
            start with it, or could judge no part.
            """)

    @Argument(help: "The configuration file.", completion: .file(extensions: ["toml"]))
    var file: String

    @Flag(help: "Print the complete configuration, defaults included, as JSON.")
    var json = false

    func run() throws {
        do {
            let configuration = try Configuration.load(path: file)
            try configuration.check()
            if json { try printJSON(configuration) } else { Terminal.write("\(file): valid\n") }
        } catch let error as ConfigurationError {
            throw ClientError.configuration(error)
        } catch let error as MethodError {
            throw ClientError.method(error)
        }
    }
}
