package import ControlProtocol

/// How the daemon does: the one value that `/healthz`, `status`, systemd's STATUS= and `fsac_up` show.
///
/// Made of what everybody has to say of himself at one moment (``HealthSource``); nothing is remembered, so a fault that
/// is over is not told any more.
package struct Health: Sendable, Equatable {
    /// What keeps parts from their verdicts, the worst first.
    package let causes: [Finding]
    /// What is not as it should be, while every part gets its verdict all the same.
    package let warnings: [Finding]

    package init(_ findings: [Finding]) {
        causes = findings.filter { $0.state != nil }.sorted { $0.severity > $1.severity }
        warnings = findings.filter { $0.state == nil }
    }

    /// That of the worst cause.
    package var state: LineState { causes.first?.state ?? .inspecting }
    /// Of the worst cause, in words; nil while the line is well.
    package var reason: String? { causes.first?.reason }
    package var isWell: Bool { causes.isEmpty }

    /// For `systemctl status`.
    package var statusLine: String { state.rawValue + (reason.map { ": \($0)" } ?? "") }
}

/// Something in the daemon that is not as it should be.
package struct Finding: Sendable, Equatable {
    /// Where: `camera cam0`, `inspection`, `journal`, `events`, `storage`, `pictures`, `fit`, `control`,
    /// `io cam0`.
    package let place: String
    /// The state that it puts the line in; nil = a warning.
    package let state: LineState?
    package let reason: String

    package init(_ place: String, _ state: LineState, _ reason: String) {
        (self.place, self.state, self.reason) = (place, state, reason)
    }

    package init(warning place: String, _ reason: String) {
        (self.place, state, self.reason) = (place, nil, reason)
    }

    fileprivate var severity: Int { state?.severity ?? 0 }
}

/// Whoever knows how something in the daemon does.
///
/// A conformer answers at once, whatever hangs: it looks at no disk and takes no lock that is held over work. It may be
/// asked on any thread, also on an event loop, by several at a time.
package protocol HealthSource: Sendable {
    /// Nothing, while all is well.
    var findings: [Finding] { get }
}

extension LineState {
    /// How much it keeps from being inspected.
    fileprivate var severity: Int {
        switch self {
        case .inspecting: 0
        case .finished: 1
        case .starting: 2
        case .controlStalled: 3
        case .late: 4
        case .noModel: 5
        case .modelFailed: 6
        case .cameraInvalid: 7
        case .cameraStalled: 8
        case .cameraBusy: 9
        case .cameraMismatch: 10
        case .cameraLost: 11
        case .ioLost: 12
        case .inspectionStalled: 13
        // Without a journal there is no verdict, however well the cameras do; without its folder there is no journal.
        case .journalFailed: 14
        case .storageFailed: 15
        case .stopping: 16
        }
    }
}

extension Duration {
    /// For messages: `4 s`.
    var wholeSeconds: String { "\(Int(self / .seconds(1))) s" }
}
