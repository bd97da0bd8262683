package import Logging
import Settings
import Synchronization

/// The level of all loggers, which a reload of the configuration changes.
package enum LogLevel {
    /// Asked at each log line, from all threads.
    private static let level = Mutex(Logger.Level.info)

    package static var ofAll: Logger.Level {
        get { level.withLock { $0 } }
        set { level.withLock { $0 = newValue } }
    }
}

extension Configuration.Log.Level {
    /// The same, in the logging library's words.
    package var ofLogger: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
