import ArgumentParser
import Gateway
import Platform

/// `--status`: what the gateway that runs said last of its sinks.
enum SinkStatus {
    /// It says so each 5 s.
    private static let patienceSeconds = 15.0

    static func show(_ settings: GatewaySettings) throws {
        guard !settings.sinks.isEmpty else { return print("no [[sink]] is configured") }
        let report: SinksReport
        do {
            report = try SinkFiles(directory: settings.stateDirectory).report()
        } catch {
            print(
                "nothing is known of the sinks: does fsac-gateway run (systemctl status fsac-gateway), and may you read"
            )
            print("\(settings.stateDirectory)? \(PrintableText.line(ErrorWords.of(error)))")
            throw ExitCode.failure
        }
        let age =
            WallTime(rfc3339: report.time).map {
                Double(WallTime.now.microsecondsSince1970 - $0.microsecondsSince1970) / 1e6
            } ?? .infinity
        guard abs(age) < patienceSeconds, !report.sinks.isEmpty else {
            print("fsac-gateway does not run, or hangs: last heard of at \(report.time)")
            throw ExitCode.failure
        }
        for sink in report.sinks {
            let place = sink.delivered.map { "delivered to \($0.seq) of journal \($0.journal), \(sink.behind) behind" }
            print("\(sink.name)  \(sink.state.rawValue)  \(sink.receiver)  \(place ?? "nothing delivered yet")")
            if let count = sink.putAside {
                print("    \(count) messages refused and put aside: fsac-gateway --resend \(sink.name)")
            }
            if let reason = sink.reason { print("    \(PrintableText.line(reason))") }
        }
        if report.sinks.contains(where: { $0.state != .delivering }) { throw ExitCode.failure }
    }
}
