import Platform

/// Why lines of a chip or of a module cannot be used. All may be over by the next try: chips are plugged in, programs end.
package enum LinesError: Error, Equatable, Sendable, CustomStringConvertible {
    case noSuchChip(String, found: [String])
    /// Several chips have the label.
    case severalChips(String, paths: [String])
    case notPermitted(path: String)
    case noSuchLine(String, chip: String, lines: Int)
    case severalLines(String, chip: String)
    case busy(line: UInt32, chip: String, consumer: String)
    /// Unplugged while it was in use.
    case gone(chip: String)
    case failed(String, chip: String, errno: CInt)
    /// Of a remote I/O module, with what the gateway says of it.
    case noModule(String, reason: String)

    package var description: String {
        switch self {
        case .noSuchChip(let name, let found):
            "no GPIO chip \"\(name)\" that may be used: "
                + (found.isEmpty ? "there is none" : "there are \(found.joined(separator: ", "))")
                + "; `fsacctl io list` shows all, `sudo fsacctl io grant LABEL` lets fsacd use one"
        case .severalChips(let name, let paths):
            "GPIO chip \"\(name)\": there are \(paths.count) of this label (\(paths.joined(separator: ", "))): "
                + "name a link of an own udev rule"
        case .notPermitted(let path):
            "GPIO chip \(path): permission denied: `sudo fsacctl io grant LABEL` lets fsacd use it"
        case .noSuchLine(let line, let chip, let lines):
            "GPIO chip \(chip): expected a line 0 to \(lines - 1) or its name, got \(line)"
        case .severalLines(let line, let chip):
            "GPIO chip \(chip): several lines have the name \(line): use its number"
        case .busy(let line, let chip, let consumer):
            "GPIO chip \(chip): line \(line) is held by \(consumer.isEmpty ? "another program" : consumer)"
        case .gone(let chip): "GPIO chip \(chip) is gone: plug it in again"
        case .failed(let what, let chip, let errno):
            "GPIO chip \(chip): \(what): \(ErrnoText.describe(errno))"
        case .noModule(let name, let reason): "module \(name): \(reason)"
        }
    }
}
