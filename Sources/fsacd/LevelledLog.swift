import Logging
import Synchronization

/// A log whose level changes for all loggers at once, when the configuration is read again.
struct LevelledLog: LogHandler {
    private static let level = Mutex(Logger.Level.info)

    static func setLevel(_ new: Logger.Level) { level.withLock { $0 = new } }

    private var handler: any LogHandler

    init(_ handler: any LogHandler) {
        self.handler = handler
    }

    var logLevel: Logger.Level {
        get { Self.level.withLock { $0 } }
        set { Self.setLevel(newValue) }
    }

    var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) { handler.log(event: event) }
}
