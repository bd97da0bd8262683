package import Settings
package import TOML

/// Why a configuration was not taken over; everything goes on as before then.
package enum ReloadError: Error, Sendable, CustomStringConvertible {
    case configuration(ConfigurationError)
    case method(MethodError)
    /// Two at once could leave cameras of one and recipes of the other.
    case inProgress

    package var description: String {
        switch self {
        case .configuration(let error): "\(error): the configuration in use stays"
        case .method(let error): "\(error): the configuration in use stays"
        case .inProgress: "reload: another one is not done yet: try again"
        }
    }
}
