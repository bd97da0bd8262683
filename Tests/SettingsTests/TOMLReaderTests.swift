import Settings
import TOML
import Testing

/// What <https://toml.io/en/v1.0.0> says, by hand. The whole of <https://github.com/toml-lang/toml-test> was compared once
/// (docs/decisions/0003).
@Suite struct TOMLReaderTests {
    @Test(arguments: [
        ("", "{}"), ("# nothing\n\n \t\n", "{}"), ("\u{FEFF}a = 1", "{a: 1}"), ("a = 1\r\nb = 2\r\n", "{a: 1, b: 2}"),
        ("a=1 # why\n\"b c\" = 2\n'd' = 3\n1-_e = 4", "{a: 1, b c: 2, d: 3, 1-_e: 4}"),
        ("a . \"b.c\" . d = 1\na.e = 2", "{a: {b.c: {d: 1}, e: 2}}"),
        ("a = [+0, -17, 1_000, 0xDEAD_beef, 0o17, 0b101]", "{a: [0, -17, 1000, 3735928559, 15, 5]}"),
        ("a = [9223372036854775807, -9223372036854775808]", "{a: [9223372036854775807, -9223372036854775808]}"),
        ("a = [1.5, -0.0, 1e3, 1_0.2_5E-1_0, inf, -inf, nan]", "{a: [1.5, -0.0, 1000.0, 1.025e-09, inf, -inf, nan]}"),
        ("a = [true, false]", "{a: [true, false]}"),
        ("a = [1979-05-27, 07:32:00, 1979-05-27T07:32:00Z, 1979-05-27 07:32:00.5]", "{a: [?, ?, ?, ?]}"),
        (#"a = "\b\t\n\f\r\"\\\u00e9\U0001F600""#, "{a: \"\u{8}\t\n\u{C}\r\"\\é😀\"}"),
        (#"a = 'C:\temp\'"#, #"{a: "C:\temp\"}"#),
        ("a = \"\"\"\none\r\ntwo\\\n\n   three\"\"\"\"\"", "{a: \"one\ntwothree\"\"\"}"),
        ("a = '''\n\\one''two'''", "{a: \"\\one''two\"}"),
        ("a = [ 1, # one\n [2,\n 3], \n]", "{a: [1, [2, 3]]}"), ("a = []\nb = [[]]", "{a: [], b: [[]]}"),
        ("a = { b = 1, c.d = 2, c.e = {} }", "{a: {b: 1, c: {d: 2, e: {}}}}"),
        ("[a.b]\nc = 1\n[a]\nd = 2", "{a: {b: {c: 1}, d: 2}}"),
        ("[a]\nb.c = 1\n[a.b.d]\ne = 2", "{a: {b: {c: 1, d: {e: 2}}}}"),
        ("[[a]]\nb = 1\n[a.c]\nd = 2\n[[a]]\nb = 3\n[[a.e]]\n[[a.e]]", "{a: [{b: 1, c: {d: 2}}, {b: 3, e: [{}, {}]}]}"),
        ("[ a . 'b' ] # c\n[[ d ]]", "{a: {b: {}}, d: [{}]}"),
    ])
    func whatIsTOMLIsRead(text: String, expected: String) throws {
        #expect(Self.shown(.table(try TOMLReader.read(text))) == expected)
    }

    @Test(arguments: [
        ("a", "1:2: expected '=' after a key, got the end of the file"),
        ("a = 1 b = 2", "1:7: expected the end of the line, got \"b\""),
        ("\n\n  = 1", "3:3: expected a key, got \"=\""),
        ("é = 1", "1:1: expected a key, got \"é\""),
        ("a = \"é\" x", "1:9: expected the end of the line, got \"x\""),
        ("a = yes", "1:5: expected a value, got \"yes\" (text stands in quotation marks)"),
        ("a = TRUE", "1:5: expected a value, got \"TRUE\""),
        ("a = # none", "1:5: expected a value, got \"#\""),
        ("a =\n1", "1:4: expected a value, got the end of the line"),
        ("a = 01", "1:5: expected a value, got \"01\""), ("a = 1__0", "1:5: expected a value, got \"1__0\""),
        ("a = _1", "1:5: expected a value"), ("a = 1_", "1:5: expected a value"), ("a = .5", "1:5: expected a value"),
        ("a = 5.", "1:5: expected a value"), ("a = 1e", "1:5: expected a value"), ("a = +0x1", "1:5: expected a value"),
        ("a = 0x", "1:5: expected a value"), ("a = ++1", "1:5: expected a value"),
        ("a = +true", "1:5: expected a value"),
        ("a = 9223372036854775808", "1:5: a number beyond 64 bits: 9223372036854775808"),
        ("a = 1e999", "1:5: a number beyond 64 bits: 1e999"),
        ("a = 0xFFFFFFFFFFFFFFFFF", "1:5: a number beyond 64 bits"),
        ("a = \"b", "1:7: expected text and its end, a quotation mark, got the end of the file"),
        ("a = \"b\nc\"", "1:7: expected text and its end, a quotation mark, got the end of the line"),
        ("a = 'b\u{7}'", #"1:7: expected text and its end, a quotation mark, got "\u0007""#),
        ("a = \"\"\"b\"\"", "1:11: expected text and its end"), (#"a = "\"#, "1:7: expected text and its end"),
        (#"a = "\x41""#, #"1:7: expected b, t, n, f, r, u, U, \ or a quotation mark after \, got "x""#),
        (#"a = "\ud800""#, #"1:6: expected a character's number in 4 (\u) or 8 (\U) hexadecimal digits"#),
        (#"a = "\u12""#, "1:6: expected a character's number"), (#"a = "\UFFFFFFFF""#, "1:6: expected a character's"),
        ("a = 1 # \u{1B}[2J", #"1:9: expected text in a comment, got "\u001B""#), ("a = 1\rb", "1:6: expected the end"),
        ("a = 1\na = 2", "2:1: a is defined twice, first in line 1"),
        ("a.b = 1\na = 2", "2:1: a is defined twice, first in line 1"), ("a = 1\na.b = 2", "2:1: a is defined twice"),
        ("[a]\n[a]", "2:1: a is defined twice, first in line 1"), ("[[a]]\n[a]", "2:1: a is defined twice"),
        ("[a]\n[[a]]", "2:1: a is defined twice"), ("a = []\n[[a]]", "2:1: a is defined twice"),
        ("a = {}\n[a.b]", "2:1: a is defined twice"), ("a = {b = 1}\na.c = 2", "2:1: a is defined twice"),
        ("[a.b.c]\n[a]\nb.c.d = 1", "3:1: c is defined twice"), ("[a]\nb.c = 1\n[a.b]", "3:1: b is defined twice"),
        ("a = {b = 1, b = 2}", "1:13: b is defined twice, first in line 1"),
        ("a = {b = 1,}", "1:12: expected a key, got \"}\""), ("a = {b = 1\n}", "1:11: expected ',' or '}' in a table"),
        ("a = [1 2]", "1:8: expected ',' or ']' in a list, got \"2\""), ("a = [,]", "1:6: expected a value, got \",\""),
        ("[a", "1:3: expected ']' after a table's name, got the end of the file"),
        ("[]", "1:2: expected a key, got \"]\""),
        ("[a]]", "1:4: expected the end of the line"), ("[[a] ]", "1:5: expected ']' after a table's name, got \" \""),
        ("[ [a]]", "1:3: expected a key, got \"[\""), ("[a] b = 1", "1:5: expected the end of the line"),
    ])
    func whatIsNotIsRefusedWithItsPlace(text: String, expected: String) {
        do {
            let table = try TOMLReader.read(text)
            Issue.record("accepted: \(Self.shown(.table(table)))")
        } catch {
            #expect("\(error.line):\(error.column): \(error.reason)".hasPrefix(expected), "\(error)")
        }
    }

    @Test func nestingAndListsOfTablesHaveAnEnd() {
        func isRead(_ text: String) -> Bool { (try? TOMLReader.read(text)) != nil }
        func nested(_ depth: Int) -> String {
            "a = " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(isRead(nested(TOMLReader.deepest)))
        #expect(!isRead(nested(TOMLReader.deepest + 1)))
        func dotted(_ names: Int) -> String { Array(repeating: "a", count: names).joined(separator: ".") }
        #expect(isRead("\(dotted(TOMLReader.deepest)) = 1\n[b.\(dotted(TOMLReader.deepest - 1))]"))
        #expect(!isRead("\(dotted(TOMLReader.deepest + 1)) = 1"))
        #expect(!isRead("[\(dotted(TOMLReader.deepest + 1))]"))
        #expect(isRead(String(repeating: "[[a]]\n", count: TOMLReader.mostTables)))
        #expect(!isRead(String(repeating: "[[a]]\n", count: TOMLReader.mostTables + 1)))
    }

    private static func shown(_ value: TOMLValue) -> String {
        switch value {
        case .string(let text): "\"\(text)\""
        case .integer(let number): "\(number)"
        case .float(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .time: "?"
        case .array(let values): "[\(values.map(shown).joined(separator: ", "))]"
        case .tables(let tables): shown(.array(tables.map(TOMLValue.table)))
        case .table(let table):
            "{\(table.keys.map { "\($0): \(table[$0].map(shown) ?? "")" }.joined(separator: ", "))}"
        }
    }
}
