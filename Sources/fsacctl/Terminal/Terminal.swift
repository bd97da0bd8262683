import Foundation
import Glibc

/// What standard output and standard error are, and writing to them.
enum Terminal {
    static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// Colours go to terminals only, and not where <https://no-color.org> forbids them.
    static let hasColours = outputIsTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    /// Columns of the terminal behind standard error, 80 when unknown.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Writes at once. False = the reader is gone (`fsacctl tail -f | head`).
    @discardableResult
    static func write(_ text: String) -> Bool { write(text, to: STDOUT_FILENO) }

    /// One line on standard error.
    static func complain(_ text: String) { write("fsacctl: \(text)\n", to: STDERR_FILENO) }

    @discardableResult
    static func write(_ text: String, to descriptor: CInt) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}

/// Colours by meaning.
enum Style: String {
    case good = "32"
    case bad = "1;31"
    case doubtful = "33"
    case faint = "2"
    case strong = "1"

    func callAsFunction(_ text: String) -> String {
        Terminal.hasColours ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
    }
}
