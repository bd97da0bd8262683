import ArgumentParser
import Core

/// `fsacctl model verify`: for scripts and after a copy. All are checked before the exit code says that one is bad.
struct ModelVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check digests, shapes and numbers of models.",
        discussion: "Exits with 1 when a model is damaged or missing.")

    @Argument(help: "Models to check (default: all).")
    var names: [String] = []

    @OptionGroup var options: ModelOptions

    func run() throws {
        let directory = options.directory
        let reports = (names.isEmpty ? directory.names : names).map { ModelReport(name: $0, in: directory) }
        if options.json {
            try printJSON(reports)
        } else {
            for report in reports { Terminal.line("\(report.name): \(report.problem ?? "verified")") }
            if reports.isEmpty { Terminal.line("no models in \(directory.path)") }
        }
        if reports.contains(where: { !$0.verified }) { throw ExitCode.failure }
    }
}
