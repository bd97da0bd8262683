import Capture
import ControlProtocol
import Settings

/// Why a subcommand could not do what it was asked for.
enum ClientError: Error, CustomStringConvertible {
    case unreachable(socket: String, reason: String)
    case refused(ErrorReply.Body)
    case unexpectedReply(status: Int, text: String)
    case fitFailed(String)
    case file(path: String, reason: String)
    case configuration(ConfigurationError)
    case method(MethodError)
    case camera(CaptureError)
    /// `source` is the camera with format and size.
    case noFrame(source: String, seconds: Double, reason: String)

    var description: String {
        switch self {
        case .unreachable(let socket, let reason):
            "cannot reach the daemon at \(socket): \(reason)"
        case .refused(let body): body.message
        case .unexpectedReply(let status, let text):
            "the daemon answered with status \(status) and not as expected: \(text): are both of one version?"
        case .fitFailed(let message): "the fit failed, the model in use stays: \(message)"
        case .file(let path, let reason): "\(path): \(reason)"
        case .configuration(let error): error.description
        case .method(let error): error.description
        case .camera(.busy(let path, let holder)) where holder?.hasPrefix("fsacd ") ?? true:
            "camera \(path): held by \(holder ?? "another program, perhaps the daemon"): "
                + "`fsacctl status` shows the daemon's cameras, `systemctl stop fsacd` frees them"
        case .camera(let error): error.description
        case .noFrame(let source, let seconds, let reason):
            "\(source): no frame in \(Int(seconds.rounded())) s: \(reason)"
        }
    }

    /// sysexits(3): EX_UNAVAILABLE without a daemon.
    var exitCode: Int32 {
        if case .unreachable = self { 69 } else { 1 }
    }
}
