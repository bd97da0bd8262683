import ControlClient
import ControlProtocol

/// Shows each line of a journal as it comes, also over a restart of the daemon.
struct Follower {
    let client: DaemonClient
    let path: String
    let printer: LinePrinter
    /// Which lines, beside the place.
    var query: [String: String] = [:]

    /// Has no end but that nobody reads any more.
    ///
    /// - Parameter place: where to begin: `last` or `since`.
    func follow(from place: [String: String]) async throws {
        var place = place
        while true {
            // A refusal (too many who follow, a place that the journal does not have) is final; a connection that
            // breaks is not.
            try await unlessUnreachable {
                try await client.lines(path, query: query.merging(place) { $1 }, printer.show)
            }
            // On standard error: a program that reads the lines sees no gap, because there is none.
            Terminal.complain("the daemon ended the connection, waiting for it to come back")
            try await waitForDaemon()
            place = ["since": "\(printer.next)"]
        }
    }

    private func waitForDaemon() async throws {
        var isBack = false
        while !isBack {
            // The unit starts it again after a second.
            try await Task.sleep(for: .milliseconds(500))
            try await unlessUnreachable {
                _ = try await client.get(ControlPath.status, as: StatusReply.self)
                isBack = true
            }
        }
    }

    private func unlessUnreachable(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch DaemonError.unreachable {
            return
        }
    }
}
