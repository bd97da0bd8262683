package import Settings

/// Why a configuration was not taken over; everything goes on as before then.
package enum ReloadError: Error, Sendable, CustomStringConvertible {
    case configuration(ConfigurationError)
    case method(MethodError)
    /// A trigger whose reply would come after the running server has closed its connection.
    case deadline(camera: String, milliseconds: Int, requestSeconds: Int)
    /// Two at once could leave cameras of one and recipes of the other.
    case inProgress

    package var description: String {
        switch self {
        case .configuration(let error): "\(error): the configuration in use stays"
        case .method(let error): "\(error): the configuration in use stays"
        case .deadline(let camera, let milliseconds, let seconds):
            "configuration: camera \(camera): trigger_deadline_ms \(milliseconds): the daemon that runs answers within "
                + "\(seconds) s, for control.request_timeout_s is read at its start only: make the deadline shorter, "
                + "or restart fsacd: the configuration in use stays"
        case .inProgress: "reload: another one is not done yet: try again"
        }
    }
}
