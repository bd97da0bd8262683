import ControlProtocol
import Glibc
package import Logging
import Platform

/// Log lines in the system's journal: the message with its values behind it, and each value as a field `FSAC_<KEY>`.
/// Nobody who logs waits for the journal, see ``JournalQueue``.
package struct JournalLog: LogHandler {
    package var metadata: Logger.Metadata = [:]

    package init() {}

    /// One for all loggers, so that a reload changes it everywhere.
    package var logLevel: Logger.Level {
        get { LogLevel.ofAll }
        set { LogLevel.ofAll = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Whether standard error goes to the journal (systemd.exec(5), `JOURNAL_STREAM`).
    package static let isConnected: Bool = {
        guard let stream = getenv("JOURNAL_STREAM") else { return false }
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0 else { return false }
        // The variable alone is inherited by children whose standard error goes elsewhere.
        return String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
    }()

    package func log(event: LogEvent) {
        JournalQueue.shared.offer(entry(for: event))
    }

    /// Waits until the journal has everything, or a second is over: what the end of the process would lose.
    package static func flush() {
        if isConnected { JournalQueue.shared.flush(within: .seconds(1)) }
    }

    package func entry(for event: LogEvent) -> JournalEntry {
        let values = LogText.values(metadata, event.metadata)
        var entry = JournalEntry(.init(event.level), LogText.text(event, values))
        for (key, value) in values { entry.addField(key, value) }
        return entry
    }
}

extension JournalEntry.Priority {
    fileprivate init(_ level: Logger.Level) {
        self =
            switch level {
            case .trace, .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            // The journal is synced at each critical entry, which is slow.
            case .error, .critical: .error
            }
    }
}

/// A message and the values behind it, as text of one line. Both may quote others: names of files, words of clients.
package enum LogText {
    package static func text(_ event: LogEvent, _ values: [(key: String, value: String)]) -> String {
        PrintableText.line("\(event.message)") + suffix(values)
    }

    /// Sorted by key, each fit to be shown. The HTTP library's own values say nothing here.
    package static func values(
        _ metadata: Logger.Metadata, _ more: Logger.Metadata?
    ) -> [(key: String, value: String)] {
        metadata.merging(more ?? [:]) { $1 }.filter { !$0.key.hasPrefix("hb.") }.sorted { $0.key < $1.key }
            .map { ($0.key, PrintableText.line("\($0.value)")) }
    }

    /// ` key=value key="two words"`
    private static func suffix(_ values: [(key: String, value: String)]) -> String {
        values.map { " \($0.key)=\(quoted($0.value))" }.joined()
    }

    private static func quoted(_ value: String) -> String {
        value.contains(where: { $0 == " " || $0 == "\"" })
            ? "\"\(value.replacing("\"", with: "'"))\"" : value
    }
}
