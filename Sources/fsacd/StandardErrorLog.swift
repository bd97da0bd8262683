import Daemon
import Foundation
import Glibc
import Logging

/// Log lines on standard error: time, level, message, `key=value ...`. One write a line, no colours.
struct StandardErrorLog: LogHandler {
    var logLevel: Logger.Level {
        get { LogLevel.ofAll }
        set { LogLevel.ofAll = newValue }
    }
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let suffix = LogText.suffix(LogText.values(metadata, event.metadata))
        let text = "\(Self.time()) \(event.level) \(event.message)\(suffix)"
        let line = Array((text.replacing("\n", with: " ") + "\n").utf8)
        // Nothing can be done about a log that is gone.
        _ = write(STDERR_FILENO, line, line.count)
    }

    private static func time() -> String {
        Date.now.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
    }
}
