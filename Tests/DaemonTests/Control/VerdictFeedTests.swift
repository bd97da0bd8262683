import ControlProtocol
import Daemon
import Foundation
import Testing

@Suite struct VerdictFeedTests {
    private func sequences(_ text: String) -> [Int] {
        text.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /"seq":(\d+)/).flatMap { Int($0.1) }
        }
    }

    private func history(_ line: ControlHarness, _ query: String) async throws -> [Int] {
        sequences(try await line.request("GET", "/v1/history?\(query)").text)
    }

    @Test func historyGivesTheNewestLinesOldestFirst() async throws {
        try await ControlHarness.serve { line async throws in
            for sequence in 1...5 { line.verdicts.append(UInt64(sequence), sequence == 2 ? .ng : .ok) }
            #expect(try await history(line, "limit=2") == [4, 5])
            #expect(try await history(line, "since=2&limit=3") == [2, 3, 4])
            #expect(try await history(line, "since=1&verdict=ng") == [2])
            #expect(try await line.request("GET", "/v1/history?since=6").text.isEmpty)
            #expect(try await line.request("GET", "/v1/history?since=7").errorCode == .invalidRequest)
            #expect(try await line.request("GET", "/v1/history?limit=x").errorCode == .invalidRequest)
            #expect(try await line.request("GET", "/v1/history?verdict=maybe").errorCode == .invalidRequest)
        }
    }

    @Test func theNewestOfOneVerdictAreFoundFarBack() async throws {
        try await ControlHarness.serve { line async throws in
            for sequence in 1...1500 { line.verdicts.append(UInt64(sequence), sequence % 400 == 0 ? .ng : .ok) }
            #expect(try await history(line, "limit=2&verdict=NG") == [800, 1200])
            #expect(try await history(line, "limit=9&verdict=NG") == [400, 800, 1200])
            #expect(try await history(line, "limit=9&verdict=INVALID").isEmpty)
        }
    }

    private func append(_ sequence: UInt64, _ time: String, part: String = "A-1", to line: ControlHarness) {
        line.verdicts.append(
            sequence, #"{"seq":\#(sequence),"time":"2026-01-02T\#(time)Z","verdict":"OK","part":"\#(part)"}"#)
    }

    @Test func aStretchBeginsWithATime() async throws {
        try await ControlHarness.serve { line async throws in
            for sequence in UInt64(1)...9 { append(sequence * 10, "0\(sequence):00:00.000000", to: line) }
            #expect(try await history(line, "since=2026-01-02T07:00:00Z") == [70, 80, 90])
            #expect(try await history(line, "since=2026-01-02T06:59:59.5Z&limit=2") == [70, 80])
            #expect(try await history(line, "since=2026-01-01T00:00:00Z&limit=1") == [10])
            #expect(try await history(line, "since=2026-01-03T00:00:00Z").isEmpty)
            // Set back by two hours: what came again counts, and so does what was just before it.
            for (sequence, hour) in zip(UInt64(91)..., 7...8) { append(sequence, "0\(hour):30:00.000000", to: line) }
            #expect(try await history(line, "since=2026-01-02T08:15:00Z") == [90, 91, 92])
            #expect(try await line.request("GET", "/v1/history?since=12:30").errorCode == .invalidRequest)
        }
    }

    @Test func onePartIsFoundByItsNumber() async throws {
        try await ControlHarness.serve { line async throws in
            for sequence in UInt64(1)...700 {
                append(sequence, "03:00:00.000000", part: "A-\(sequence % 350)", to: line)
            }
            #expect(try await history(line, "part=A-7") == [7, 357])
            #expect(try await history(line, "part=A-7&verdict=NG").isEmpty)
            #expect(try await history(line, "part=A").isEmpty)
        }
    }

    @Test func anAnswerThatIsCutSaysSoBehindItsLastLine() async throws {
        func end(_ query: String, _ line: ControlHarness) async throws -> String {
            let client = try UnixClient(line.socket)
            client.send("GET /v1/history?\(query) HTTP/1.1\r\nHost: fsac\r\nConnection: close\r\n\r\n")
            return (await client.receive()).components(separatedBy: "\r\n0\r\n").last ?? ""
        }
        try await ControlHarness.serve { line async throws in
            for sequence in 1...9 { line.verdicts.append(UInt64(sequence), .ok) }
            #expect(try await end("since=1&limit=4", line).lowercased() == "fsac-next: 5\r\n\r\n")
            #expect(try await end("limit=4", line).lowercased() == "fsac-before: 6\r\n\r\n")
            #expect(try await end("since=1&limit=9", line) == "\r\n")
            #expect(try await end("limit=100", line) == "\r\n")
        }
    }

    @Test func aLineIsTheJournalsBytes() async throws {
        try await ControlHarness.serve { line async throws in
            line.verdicts.append(1, .ok, image: "images/x.jpg")
            let expected = #"{"seq":1,"verdict":"OK","image":"images/x.jpg"}"# + "\n"
            #expect(try await line.request("GET", "/v1/history").text == expected)
            #expect(try await line.request("GET", "/v1/inspections/1").text == expected)
            #expect(try await line.request("GET", "/v1/inspections/2").status == 404)
            #expect(try await line.request("GET", "/v1/inspections/../1").status == 404)
            #expect(try await line.request("GET", "/v1/inspections/1/image").status == 404)
        }
    }

    @Test func ofAPictureThatIsNotThereIsToldWhetherItWasDroppedOrIsOnItsWay() async throws {
        try await ControlHarness.serve(fate: { [1: ImageStore.Fate.waiting, 2: .dropped][$0] }) { line async throws in
            for sequence in UInt64(1)...3 { line.verdicts.append(sequence, .ok, image: "images/\(sequence).jpg") }
            for (sequence, status, code) in [
                (1, 503, ErrorCode.pictureWaiting), (2, 404, .pictureDropped), (3, 404, .notFound),
            ] {
                let reply = try await line.request("GET", "/v1/inspections/\(sequence)/image")
                #expect(reply.status == status)
                #expect(try reply.decoded(ErrorReply.self).error.code == code)
            }
        }
    }

    /// A number alone is not unique after a new installation.
    @Test func everyAnswerOfLinesSaysWhichJournalTheyAreOf() async throws {
        try await ControlHarness.serve { line async throws in
            line.verdicts.append(1, .ok)
            let identity = try #require(line.verdicts.identity)
            for path in ["history?limit=1", "events?limit=1", "tail?last=1", "events/tail?last=1", "stream?last=1"] {
                let client = try UnixClient(line.socket)
                client.send("GET /v1/\(path) HTTP/1.1\r\nHost: fsac\r\n\r\n")
                #expect(await client.receive(until: "\r\n\r\n").contains("fsac-journal: \(identity)\r\n"), "\(path)")
            }
            #expect(try await line.request("GET", "/v1/status").text.contains("\"journal\":\"\(identity)\""))
        }
    }

    @Test func tailGivesEachNewLineOnce() async throws {
        try await ControlHarness.serve { line async throws in
            for sequence in 1...3 { line.verdicts.append(UInt64(sequence), .ok) }
            let client = try UnixClient(line.socket)
            client.send("GET /v1/tail?last=1 HTTP/1.1\r\nHost: fsac\r\n\r\n")
            let first = await client.receive(until: #""seq":3"#)
            for sequence in 4...6 { line.verdicts.append(UInt64(sequence), .ok) }
            let rest = await client.receive(until: #""seq":6"#)
            #expect(sequences(first + rest) == [3, 4, 5, 6])
        }
    }

    @Test func aReaderThatRetentionOvertookIsToldWhatItMissed() async throws {
        try await ControlHarness.serve { line async throws in
            for sequence in 1...9 { line.verdicts.append(UInt64(sequence), .ok) }
            line.verdicts.forget(before: 7)
            let text = try await line.request("GET", "/v1/history?since=3").text
            #expect(text.hasPrefix(#"{"from":3,"to":6,"type":"gap"}"# + "\n"))
            #expect(sequences(text) == [7, 8, 9])
        }
    }

    @Test func aReaderThatDoesNotReadHoldsNobodyUp() async throws {
        try await ControlHarness.serve { line async throws in
            let idle = try UnixClient(line.socket)
            idle.send("GET /v1/tail?since=1 HTTP/1.1\r\nHost: fsac\r\n\r\n")
            for sequence in 1...20_000 { line.verdicts.append(UInt64(sequence), .ok) }
            #expect(try await line.request("GET", "/v1/status").status == 200)
            let all = await idle.receive(until: #""seq":20000"#)
            #expect(sequences(all) == Array(1...20_000))
        }
    }

    @Test func onlySoManyClientsMayFollow() async throws {
        try await ControlHarness.serve({ $0.maxConnections = 4 }) { line async throws in
            line.verdicts.append(1, .ok)
            let followers = try (0..<2).map { _ in try UnixClient(line.socket) }
            for follower in followers {
                follower.send("GET /v1/tail HTTP/1.1\r\nHost: fsac\r\n\r\n")
                _ = await follower.receive(until: #""seq":1"#)
            }
            let refused = try await line.request("GET", "/v1/tail")
            #expect(refused.status == 503)
            #expect(refused.errorCode == .unavailable)
        }
    }
}
