import ArgumentParser
import Glibc
import Platform

/// `fsacctl page-pin`: the PIN itself stands in no file.
struct PagePIN: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "page-pin",
        abstract: "Make the line of the configuration that has the operator's page ask for a PIN.",
        discussion: """
            Reads the PIN (4 to 12 digits) from the terminal without showing it, or from standard input, and prints what belongs \
            below [page]: pin = "scrypt:...". fsacd takes it at its next start.
            """)

    func run() throws {
        let isTyped = isatty(STDIN_FILENO) == 1
        if isTyped {
            Terminal.complain("the new PIN, \(PINHash.digits.lowerBound) to \(PINHash.digits.upperBound) digits:")
        }
        let line = isTyped ? Self.unseen { readLine() } : readLine()
        guard let pin = line.flatMap({ PINHash(of: $0) }) else {
            Terminal.complain("the PIN: expected \(PINHash.digits.lowerBound) to \(PINHash.digits.upperBound) digits")
            throw ExitCode.failure
        }
        Terminal.line("pin = \"\(pin.text)\"")
    }

    /// What is typed meanwhile does not show.
    private static func unseen<Value>(_ read: () -> Value) -> Value {
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
        return read()
    }
}
