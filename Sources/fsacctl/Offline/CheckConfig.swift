import ArgumentParser
import Settings

/// `fsacctl check-config`, for a person before a reload; `fsacd --check` looks at the same and has the daemon's exit
/// codes.
///
/// More than a start asks for: damaged weights do not keep the daemon from starting, but no part would be judged. What
/// only the line's own user or computer can tell (folders, cameras, the socket) is not looked at.
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
            // With defaults: what is in use is seen, not what was written.
            if json { try printJSON(configuration) } else { Terminal.write("\(file): valid\n") }
        } catch let error as ConfigurationError {
            throw ClientError.configuration(error)
        } catch let error as MethodError {
            throw ClientError.method(error)
        }
    }
}
