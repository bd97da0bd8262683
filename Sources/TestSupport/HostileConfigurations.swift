/// Configuration files that no operator writes: what killed a reader of ours once, and its kin. Each is refused with a message.
package enum HostileConfigurations {
    package static let all: [(name: String, bytes: [UInt8])] = assertions + deep + long + bytes

    /// These aborted the process inside of a TOML library until 2026: its assertions, in a release build.
    private static let assertions = texts([
        ("a list's list of tables", "[[[recipe]]]"), ("a table without a first name", "[.a]"),
        ("a list of tables without a name", "[[ ]]"), ("a table of a list", "[[recipe]\n]"),
        ("a bracket at a line's end", "x = 1 ["), ("a bracket at the end", "x = 1\n["), ("two brackets", "[["),
        ("a name that ends in a dot", "[recipe.]"), ("two dots", "[recipe..a]"), ("a key without a name", ". = 1"),
    ])

    /// These overflowed the stack: on the way in, or when what had been read was let go of.
    private static let deep = texts([
        ("lists", "a = " + many("[")), ("lists that end", "a = " + many("[") + many("]")),
        ("tables in braces", "a = " + many("{a=")), ("names in a key", many("a.") + "a = 1"),
        ("names of a table", "[" + many("a.") + "a]"), ("names of a list of tables", "[[" + many("a.") + "a]]"),
        ("keys in braces", "a = " + many("{a.a.a.a=")), ("brackets of a table", many("[")), ("braces", many("{")),
    ])

    private static let long = texts([
        ("a number", "compute_threads = " + many("9")), ("an exponent", "[camera]\nrate_hz = 1e" + many("9")),
        ("a fraction", "[camera]\nrate_hz = -1." + many("9")),
        ("a hexadecimal number", "compute_threads = 0x" + many("f")),
        ("a key", many("k") + " = 1"), ("a table's name", "[" + many("t") + "]"),
        ("a text", "[recipe]\nobject = \"" + many("x") + "\""), ("a text without an end", "object = \"" + many("x")),
        ("combining marks", "[recipe]\nobject = \"a" + many("\u{301}") + "\""),
        ("backslashes", "[recipe]\nobject = \"" + many("\\\\") + "\""), ("tables", many("[[camera]]\n")),
        ("cameras", numbered { "[[camera]]\nname = \"c\($0)\"\n" }), ("keys", numbered { "k\($0) = 1\n" }),
        ("a list", "[recipe]\nlayers = [" + many("1,") + "]"), ("a region", "[recipe]\nroi = [" + many("1,") + "]"),
        ("a point", "[recipe]\nignore = [[[" + many("1,") + "]]]"),
        ("recipes", "[camera]\nrecipe = \"x\"\n" + numbered(999) { "[[recipe]]\nname = \"r\($0)\"\n" }),
        ("quotation marks", "a = " + many("\"")),
        ("an end of line without an end", "a = \"\"\"" + many("\\\n")), ("carriage returns", many("\r")),
    ])

    private static let bytes: [(String, [UInt8])] = [
        ("zero bytes", Array(repeating: 0, count: 1000)), ("no UTF-8", [0x61, 0x3D, 0x22, 0xC3, 0x28, 0x22]),
        ("a surrogate", Array("a = \"".utf8) + [0xED, 0xA0, 0x80, 0x22]),
        ("half a character", [0x61, 0x3D, 0xF0, 0x9F]),
        ("UTF-16", [0xFF, 0xFE, 0x61, 0x00]), ("two byte order marks", [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF]),
        ("escapes for a terminal", Array("\u{1B}[2J = 1".utf8)), ("a colon at the end", Array("a:".utf8)),
        ("too much", Array(repeating: UInt8(ascii: "\n"), count: 2 << 20)),
    ]

    private static func texts(_ cases: [(String, String)]) -> [(String, [UInt8])] { cases.map { ($0, Array($1.utf8)) } }

    private static func many(_ text: String) -> String { String(repeating: text, count: 100_000) }

    private static func numbered(_ count: Int = 20_000, _ text: (Int) -> String) -> String {
        (0..<count).map(text).joined()
    }
}
