import ArgumentParser
import Arguments
import Settings
import TOML

/// `fsacctl check-config`, for a person before a reload; `fsacd --check` looks at the same and has the daemon's exit
/// codes.
///
/// More than a start asks for: damaged weights do not keep the daemon from starting, but no part would be judged. What
/// only the line's own user can tell (cameras, the socket) is not looked at; what only its computer can tell (folders, cores,
/// limits that were set) is a warning.
struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration file without starting anything.",
        discussion: """
            Reads the weights of the backbones, too. Exits with 1 and says what is wrong when fsacd would refuse to \
            start with it, or could judge no part. What may be written and is most likely not meant is a warning.
            """)

    @OptionGroup var file: ConfigurationFile

    @Flag(help: "Print the complete configuration, defaults included, as JSON.")
    var json = false

    func run() throws {
        do {
            let configuration = try Configuration.load(path: file.path)
            try configuration.check()
            for warning in configuration.warnings()
                + StoredLimits.warnings(stateDirectory: configuration.stateDirectory)
            {
                Terminal.complain("warning: \(warning)")
            }
            // With defaults: what is in use is seen, not what was written.
            if json { try printJSON(configuration) } else { Terminal.write("\(file.path): valid\n") }
        } catch let error as ConfigurationError {
            throw ClientError.configuration(error)
        } catch let error as MethodError {
            throw ClientError.method(error)
        }
    }
}
