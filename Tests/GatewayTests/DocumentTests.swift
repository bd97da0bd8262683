import Foundation
import Gateway
import Testing

/// docs/modbus.md says what the code does.
@Suite struct DocumentTests {
    private static let text = try? String(
        contentsOf: URL(filePath: #filePath).appending(path: "../../../docs/modbus.md").standardizedFileURL,
        encoding: .utf8)

    /// The first two cells of each row of the table under a heading.
    private static func rows(_ heading: String) throws -> [[String]] {
        let lines = try #require(text).split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasPrefix("| \(heading)") })
        return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { line in
            line.split(separator: "|").prefix(2).map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    @Test func faultsHaveTheirNumbers() throws {
        let rows = try Self.rows("fault (10)")
        #expect(rows == Fault.allCases.map { ["\($0.rawValue)", "\($0)"] })
    }

    @Test func causesHaveTheirNumbers() throws {
        for row in try Self.rows("cause (44)").dropLast() {
            #expect("\(CauseCode.number(of: row[1]))" == row[0], "\(row)")
        }
        #expect(CauseCode.number(of: "another one") == 99)
    }

    @Test func reasonsHaveTheirNumbers() throws {
        let known: [Refusal] = [
            .restarted, .unknownCommand, .badText, .noSuchRecipe, .notTriggered, .busy, .notShown, .notKept, .refused,
        ]
        #expect(try Self.rows("reason (242)").dropFirst() == known.map { ["\($0.number)", "\($0)"] }[...])
    }

    /// Every register that can be read is in a table, and none besides.
    @Test func everyRegisterIsInATable() throws {
        let test = TestDesk()
        let readable = Set((0..<300).filter { !test.read($0).isEmpty })
        let rows = try #require(Self.text).split(separator: "\n").compactMap { line -> ClosedRange<Int>? in
            guard let row = line.firstMatch(of: /^\| (\d+)(?:-(\d+))? \| (?:(?:UINT|UDINT|WORD|DWORD|REAL|text) )?\|/),
                let first = Int(row.1)
            else { return nil }
            return first...(row.2.flatMap { Int($0) } ?? first)
        }
        // Those of reasons have no type, either.
        let documented = rows.filter { $0 != 1...99 }.reduce(into: Set<Int>()) { $0.formUnion($1) }
        #expect(documented == readable)
    }
}
