import Foundation
import Glibc
import Logging
import Synchronization

/// Log lines on standard error: `message key=value ...`.
///
/// Under systemd each begins with `<N>`, from which journald takes the priority (sd-daemon(3)), and has no time of its
/// own; elsewhere it begins with time and level. One write a line, no colours.
struct StandardErrorLog: LogHandler {
    static let isForJournal = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] != nil

    /// Of all loggers: a reload of the configuration changes it.
    private static let level = Mutex(Logger.Level.info)

    static func setLevel(_ new: Logger.Level) { level.withLock { $0 = new } }

    var logLevel: Logger.Level {
        get { Self.level.withLock { $0 } }
        set { Self.setLevel(newValue) }
    }

    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var text = Self.isForJournal ? "<\(priority(event.level))>" : "\(Self.time()) \(event.level) "
        text += "\(event.message)"
        let values = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where !key.hasPrefix("hb.") {
            text += " \(key)=\(quoted("\(value)"))"
        }
        let line = Array((text.replacing("\n", with: " ") + "\n").utf8)
        // Nothing can be done about a log that is gone.
        _ = write(STDERR_FILENO, line, line.count)
    }

    /// syslog(3)'s numbers.
    private func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private func quoted(_ value: String) -> String {
        value.contains(where: { $0 == " " || $0 == "\"" || $0.isNewline })
            ? "\"\(value.replacing("\"", with: "'"))\"" : value
    }

    private static func time() -> String {
        Date.now.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
    }
}
