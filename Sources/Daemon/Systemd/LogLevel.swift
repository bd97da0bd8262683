public import Logging
import Synchronization

/// The level of all loggers, which a reload of the configuration changes.
public enum LogLevel {
    private static let level = Mutex(Logger.Level.info)

    public static var ofAll: Logger.Level {
        get { level.withLock { $0 } }
        set { level.withLock { $0 = newValue } }
    }
}
