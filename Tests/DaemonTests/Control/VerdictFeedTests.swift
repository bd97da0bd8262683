import ControlProtocol
import Daemon
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
