import Foundation
import Glibc
import Platform

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

    /// For people. Writes at once, past the buffer of `print`: who follows `tail -f` through a pipe gets each line when it
    /// comes. What a terminal would obey in the names of files and the words of others is shown instead; of escape codes only
    /// those of ``Style`` are left.
    ///
    /// - Returns: false = the reader is gone (`fsacctl tail -f | head`).
    @discardableResult
    static func write(_ text: String) -> Bool { write(Array(Style.printable(text).utf8), to: STDOUT_FILENO) }

    /// As ``write(_:)``, with a line end.
    static func line(_ text: String) { write(text + "\n") }

    /// From here on the program ends as soon as nobody reads what it writes, also while it has nothing to write:
    /// `fsacctl tail -f | head -1` on a line that stands still.
    static func endWithReader() {
        NamedThread.start("fsac-reader") {
            // Without an event of its own it waits for errors alone: that of a pipe or socket whose other end is closed.
            var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            while poll(&output, 1, -1) < 0 && errno == EINTR {}
            _exit(0)
        }
    }

    /// For programs, as it is: JSON has nothing in it that a terminal would obey.
    @discardableResult
    static func write(json: [UInt8]) -> Bool { write(json + [UInt8(ascii: "\n")], to: STDOUT_FILENO) }

    /// One line on standard error, never coloured, in one piece: lines of several processes in one log do not mix.
    static func complain(_ text: String) {
        write(Array("fsacctl: \(PrintableText.lines(text))\n".utf8), to: STDERR_FILENO)
    }

    @discardableResult
    static func write(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        var bytes = bytes[...]
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
enum Style: String, CaseIterable {
    case good = "32"
    case bad = "1;31"
    case doubtful = "33"
    case faint = "2"
    case strong = "1"

    private static let end = "\u{1B}[0m"
    private var start: String { "\u{1B}[\(rawValue)m" }

    func callAsFunction(_ text: String) -> String {
        Terminal.hasColours ? start + text + Self.end : text
    }

    /// Without what a terminal would obey, but for line ends and the codes of styles.
    static func printable(_ text: String) -> String {
        guard Terminal.hasColours else { return PrintableText.lines(text) }
        let codes = allCases.map(\.start) + [end]
        var (clean, rest) = ("", text[...])
        while let escape = rest.firstIndex(of: "\u{1B}") {
            clean += PrintableText.lines(String(rest[..<escape]))
            rest = rest[escape...]
            let code = codes.first { rest.hasPrefix($0) } ?? String(rest.prefix(1))
            clean += codes.contains(code) ? code : PrintableText.lines(code)
            rest = rest.dropFirst(code.count)
        }
        return clean + PrintableText.lines(String(rest))
    }
}
