import Foundation
import Glibc

/// What standard output and standard error are, and writing to them.
enum Terminal {
    static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// Colours go to terminals only, and not where <https://no-color.org> forbids them. A pipe gets plain text, which
    /// `grep` can read.
    static let hasColours = outputIsTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    /// Columns of the terminal behind standard error, 80 when unknown.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Writes at once. False = the reader is gone (`fsacctl tail -f | head`).
    @discardableResult
    /// Writes at once, past the buffer of `print`: who follows `tail -f` through a pipe gets each line when it comes.
    /// False = the reader is gone (`fsacctl tail -f | head`).
    static func write(_ text: String) -> Bool { write(text, to: STDOUT_FILENO) }

    /// One line on standard error, never coloured, in one piece: lines of several processes in one log do not mix.
    static func complain(_ text: String) { write("fsacctl: \(text)\n", to: STDERR_FILENO) }

    @discardableResult
    static func write(_ text: String, to descriptor: CInt) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // A pipe may take less than all of it, and a signal (a window that changes its size) none.
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}

/// Colours by meaning, the same in every command. The words say it, too: nothing is told by the colour alone.
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
