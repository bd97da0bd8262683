import Foundation
import Platform
import Testing

@Suite struct ErrorWordsTests {
    private struct Model: Decodable {
        struct Grid: Decodable {
            var rows: Int
        }
        var grid: Grid
    }

    @Test(arguments: [
        ("{", "text that is not JSON"), ("{}", "no `grid`"), (#"{"grid":{}}"#, "no `grid.rows`"),
        (#"{"grid":{"rows":"3"}}"#, "`grid.rows` of another type"), (#"{"grid":null}"#, "no `grid`"),
    ])
    func aDocumentThatCannotBeReadIsToldByItsKey(text: String, words: String) throws {
        let error = try #require(throws: DecodingError.self) {
            try JSONDecoder().decode(Model.self, from: Data(text.utf8))
        }
        let told = ErrorWords.of(error)
        #expect(told == words || (text.contains("null") && told == "`grid` of another type"))
        #expect(ErrorWords.isOfTheLibrary(error))
    }

    @Test func whatFoundationRefusesIsToldByTheFileAndTheSystemsWord() {
        #expect(throws: (any Error).self) {
            do {
                try Data().write(to: URL(filePath: "/nowhere/at/all.png"), options: .atomic)
            } catch {
                #expect(ErrorWords.of(error).contains("/nowhere/at"), "\(ErrorWords.of(error))")
                #expect(ErrorWords.of(error).hasSuffix(": No such file or directory"), "\(ErrorWords.of(error))")
                throw error
            }
        }
    }

    @Test func ourOwnErrorsHaveTheirWords() {
        let error = DiskError(operation: .write, path: "/a", errno: ENOSPC)
        #expect(ErrorWords.of(error) == "write /a: No space left on device" && !ErrorWords.isOfTheLibrary(error))
    }
}

@Suite struct WallTimeReadingTests {
    @Test(arguments: [
        ("2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.678901Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02T03:04:05.6Z", "2026-01-02T03:04:05.600000Z"),
        ("2028-02-29T23:59:59Z", "2028-02-29T23:59:59.000000Z"),
    ])
    func aTimeIsReadAsItIsWritten(text: String, same: String) throws {
        #expect(try #require(WallTime(rfc3339: text)).rfc3339 == same)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-02T24:00:00Z", "2026-01-02 03:04:05Z", "", "4711",
    ])
    func whatIsNoTimeIsNone(text: String) {
        #expect(WallTime(rfc3339: text) == nil)
    }
}
