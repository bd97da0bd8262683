import Capture
import ControlClient
import Settings
import TOML

/// Why a subcommand could not do what it was asked for. One line on standard error, after `fsacctl: `.
enum ClientError: Error, CustomStringConvertible {
    /// Shots that were added before it stay.
    case fitFailed(String)
    /// On the client's side: the daemon never sees a path.
    case file(path: String, reason: String)
    case configuration(ConfigurationError)
    case method(MethodError)
    case camera(CaptureError)
    case noCamera
    /// `source` is the camera with format and size, `reason` the last fault of a frame that came.
    case noFrame(source: String, seconds: Double, reason: String)

    var description: String {
        switch self {
        case .fitFailed(let message): "the fit failed, the model in use stays: \(message)"
        case .file(let path, let reason): "\(path): \(reason)"
        case .configuration(let error): error.description
        case .method(let error): error.description
        // The daemon is the usual holder. Where no name is known it may be as well: what other users' processes hold
        // cannot be seen.
        case .camera(.busy(let path, let holder)) where holder?.hasPrefix("fsacd ") ?? true:
            "camera \(path): held by \(holder ?? "another program, perhaps the daemon"): "
                + "`fsacctl status` shows the daemon's cameras, `systemctl stop fsacd` frees them"
        case .camera(let error): error.description
        case .noCamera: "no camera is plugged in"
        case .noFrame(let source, let seconds, let reason):
            "\(source): no frame in \(Int(seconds.rounded())) s: \(reason)"
        }
    }
}

extension DaemonError {
    /// sysexits(3): EX_UNAVAILABLE without a daemon, so that a script may wait and try again; 1 is final.
    var exitCode: Int32 {
        if case .unreachable = self { 69 } else { 1 }
    }
}
