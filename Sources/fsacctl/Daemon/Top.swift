import ArgumentParser
import ControlClient
import ControlProtocol
import Foundation
import Glibc
import Platform

/// `fsacctl top`: the line at a glance in a terminal, as it is now.
struct Top: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch the line: each camera's newest verdict, its last parts, and what is wrong.",
        discussion: """
            Goes on until it is interrupted, also over a restart of the daemon. Where nothing was heard for 2.5 s nothing is \
            known, and no verdict of before is shown. Into a pipe it writes one screen after the other, whenever something is \
            different.
            """)

    /// Between two looks at whether something is different, and two tries to reach the daemon.
    private static let (look, retry): (UInt32, UInt32) = (200_000, 500_000)
    private static let clear = Array("\u{1B}[H\u{1B}[J".utf8)

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if daemon.json {
            throw ValidationError("--json: `fsacctl tail -f --json` has verdicts, `status --json` the rest")
        }
    }

    func run() async throws {
        let client = daemon.client
        // Says so and ends when there is no daemon to begin with; later ones are waited for.
        _ = try await client.get(ControlPath.status, as: StatusReply.self)
        Terminal.endWithReader()
        let view = Monitor(TopView())
        NamedThread.start("fsac-stream") {
            while true {
                do {
                    try client.events(["last": "200"]) { event in view.withLock { $0.take(event, at: .now) } }
                } catch DaemonError.unreachable {
                } catch {
                    return view.withLock { $0.refusal = "\(error)" }
                }
                usleep(Self.retry)
            }
        }
        try await onThread {
            var shown = ""
            while true {
                let (screen, refusal) = view.withLock { ($0.screen(at: .now), $0.refusal) }
                if let refusal {
                    Terminal.complain(refusal)
                    throw ExitCode.failure
                }
                if screen != shown {
                    if Terminal.outputIsTerminal { Terminal.write(Self.clear, to: STDOUT_FILENO) }
                    guard Terminal.write(screen + (Terminal.outputIsTerminal ? "" : "\n")) else { return }
                    shown = screen
                }
                usleep(Self.look)
            }
        }
    }
}

/// What is known of the line: a fold of the events of `GET /v1/stream`.
struct TopView {
    /// Two signs of life that stay away are none.
    private static let patience = Duration.milliseconds(2500)
    private static let kept = 20

    /// Why the daemon does not tell.
    var refusal: String?
    private var status: StatusReply?
    private var newest: [String: [InspectionRecord]] = [:]
    /// The newest sign of life, and when it came.
    private var heard: (told: Heartbeat, at: ContinuousClock.Instant)?

    mutating func take(_ event: StreamEvent, at now: ContinuousClock.Instant) {
        switch event {
        case .state(let status): self.status = status
        case .verdict(let record, _):
            // After a broken connection some come again.
            let known = newest[record.camera, default: []].filter { $0.seq != record.seq }
            newest[record.camera] = (known + [record]).suffix(Self.kept)
        case .gap: break
        case .heartbeat(let heartbeat):
            // Of another journal, whose numbers begin anew.
            if newest.values.joined().contains(where: { $0.seq > heartbeat.lastSequence }) { newest = [:] }
            heard = (heartbeat, now)
        }
    }

    func screen(at now: ContinuousClock.Instant) -> String {
        guard let heard, let status, now - heard.at < Self.patience else {
            let since = heard.map { " since \(VerdictLineView.localTime($0.told.now, now: .now).prefix(8))" } ?? ""
            let station = status?.station.map { "\(Style.strong($0))  " } ?? ""
            return station + Style.bad("NOT KNOWN") + ": no sign of life\(since): let no part pass\n"
        }
        let style: Style = status.state == .inspecting ? .good : .bad
        var text = "\(Style.strong(status.station ?? ""))  \(style(status.state.rawValue))\n"
        for cause in status.causes { text += "  \(Style.bad(cause.place)): \(cause.reason)\n" }
        for warning in status.warnings { text += "  \(Style.doubtful(warning.place)): \(warning.reason)\n" }
        for camera in status.cameras { text += "\n" + lines(of: camera) }
        return text
    }

    private func lines(of camera: CameraReply) -> String {
        let parts = newest[camera.name, default: []]
        let signs = parts.map { part in
            switch part.verdict {
            case .ok: Style.good(".")
            case .ng: Style.bad("X")
            case .invalid: Style.doubtful("?")
            }
        }
        let last = parts.last.map { VerdictLineView(record: $0).text } ?? "no part yet\n"
        return "\(Style.strong(camera.name)), recipe \(camera.recipe): \(Status.counts(camera.counts))\n"
            + "  \(signs.joined())\n  \(last)"
    }
}
