import Daemon
import Foundation
import Glibc
import Logging

/// Log lines on standard error: time (UTC), level, message, `key=value ...`. One write a line, no colours.
///
/// For a daemon that is started by hand, in a test or under another supervisor; below systemd ``JournalLog`` takes its
/// place.
struct StandardErrorLog: LogHandler {
    var logLevel: Logger.Level {
        // One level for all loggers, so that a reload can change it: copies of loggers are everywhere.
        get { LogLevel.ofAll }
        set { LogLevel.ofAll = newValue }
    }
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // A line is an entry for whoever reads this: a message of several lines must not look like several.
        let text = LogText.text(event, LogText.values(metadata, event.metadata))
        let line = Array("\(Self.time()) \(event.level) \(text)\n".utf8)
        // Nothing can be done about a log that is gone.
        _ = write(STDERR_FILENO, line, line.count)
    }

    private static func time() -> String {
        Date.now.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
    }
}
