import Glibc
import Platform

/// Lines on standard error: under systemd with the level that its journal takes them by (sd-daemon(3)).
package enum GatewayLog {
    package enum Level: Int, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
    }

    package static func say(_ level: Level, _ text: String) {
        let mark = getenv("JOURNAL_STREAM") == nil ? "\(WallTime.now.rfc3339) \(level) " : "<\(level.rawValue)>"
        let line = Array("\(mark)\(PrintableText.line(text, atMost: 1000))\n".utf8)
        // One write, so that it is one line. Nothing can be done about a log that is gone.
        _ = write(STDERR_FILENO, line, line.count)
    }
}
