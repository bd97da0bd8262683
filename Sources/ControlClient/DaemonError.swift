package import ControlProtocol

/// Why a request to the daemon has no answer of the kind that was asked for.
package enum DaemonError: Error, Equatable, CustomStringConvertible {
    /// No reply, or half of one. Whether the daemon has done what it was asked is unknown then.
    case unreachable(socket: String, reason: String)
    /// The daemon's own words, which say what to do; nothing of ours is put around them.
    case refused(ErrorReply.Body)
    /// No JSON, or not that which this version knows.
    case unexpectedReply(status: Int, text: String)

    package var description: String {
        switch self {
        case .unreachable(let socket, let reason): "cannot reach the daemon at \(socket): \(reason)"
        case .refused(let body): body.message
        case .unexpectedReply(let status, let text):
            "the daemon answered with status \(status) and not as expected: \(text): are both of one version?"
        }
    }
}
