import ControlProtocol
import Daemon
import Foundation
import Journal
import Testing

@Suite struct StatisticsRoutesTests {
    private func record(
        _ seq: UInt64, _ time: String, _ verdict: Verdict = .ok, part: String? = nil, cause: String? = nil
    ) -> InspectionRecord {
        InspectionRecord(
            seq: seq, time: time, camera: "cam0", recipe: "bottle", generation: 1, frame: "", part: part,
            verdict: verdict, cause: cause, score: nil, limit: nil, regions: [], latency: .init(), image: nil,
            heatmap: nil, stored: .written)
    }

    private func statistics(_ line: ControlHarness, _ query: String) async throws -> StatisticsReply {
        let reply = try await line.request("GET", "/v1/statistics\(query)")
        #expect(reply.status == 200, "\(reply.text)")
        return try ControlCoding.decode(StatisticsReply.self, from: Data(reply.body))
    }

    @Test func aDayIsCountedByHourAndByWhatElseIsAskedFor() async throws {
        try await ControlHarness.serve { line async throws in
            try line.verdicts.append(record(1, "2026-01-02T03:04:05.000000Z"))
            try line.verdicts.append(record(2, "2026-01-02T03:05:05.000000Z", .ng, part: "A"))
            try line.verdicts.append(record(3, "2026-01-02T04:05:05.000000Z", .ok, part: "A"))
            try line.verdicts.append(record(4, "2026-01-02T04:06:05.000000Z", .invalid, cause: "frame_dark"))
            try line.verdicts.append(record(5, "2026-01-03T00:00:00.000000Z", .ng))
            let day = try await statistics(line, "?shift=2026-01-02/day")
            #expect(day.station == "press-4" && day.shift == "2026-01-02/day")
            #expect(day.total.parts == 4 && day.total.ng == 1 && day.total.ngRate == 1.0 / 3)
            #expect(day.total.firstPassYield == 0 && day.total.reinspections == 1)
            #expect(day.total.causes == ["frame_dark": 1] && day.total.takt?.p50 == 60)
            #expect(day.groups.map(\.name) == ["2026-01-02T03:00+00:00", "2026-01-02T04:00+00:00"])
            #expect(day.groups.map(\.tally.parts) == [2, 2])
            #expect(day.definitions.contains { $0.term == "NG rate" })
            let some = try await statistics(line, "?since=2026-01-02T04:00:00Z&until=2026-01-03T00:00:00Z&by=cause")
            #expect(some.total.parts == 2 && some.groups.map(\.name) == ["frame_dark"])
            #expect(
                try await statistics(line, "?since=2026-01-02T00:00:00Z&by=shift").groups.map(\.tally.ng) == [1, 1])
            #expect(try await statistics(line, "?since=2026-01-02T00:00:00Z&by=shift&camera=cam1").total.parts == 0)
        }
    }

    @Test func aNewVerdictIsCountedAtOnce() async throws {
        try await ControlHarness.serve { line async throws in
            try line.verdicts.append(record(1, "2026-01-02T03:04:05.000000Z"))
            #expect(try await statistics(line, "?shift=2026-01-02/day").total.parts == 1)
            try line.verdicts.append(record(2, "2026-01-02T03:04:06.000000Z"))
            let reply = try await statistics(line, "?shift=2026-01-02/day")
            #expect(reply.total.parts == 2 && reply.index.lastSequence == 2 && reply.index.journalSequence == 2)
        }
    }

    @Test func whatCannotBeAnsweredIsRefusedWithWhatCan() async throws {
        try await ControlHarness.serve { line async throws in
            // A lot that nobody has seen has no part.
            #expect(try await statistics(line, "?lot=L-1").total.parts == 0)
            for (query, words) in [
                ("shift=evening", "expected current, one of day"),
                ("shift=day&since=2026-01-02T00:00:00Z", "one or the other"),
                ("by=colour", "expected one of hour, shift"), ("since=yesterday", "a time such as"),
                ("since=2025-01-02T00:00:00Z", "or by=shift"),
                ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "after until"),
            ] {
                let reply = try await line.request("GET", "/v1/statistics?\(query)")
                #expect(reply.status == 400 && reply.text.contains(words), "\(query): \(reply.text)")
            }
        }
    }

    @Test func whatSomebodySaysOfAPartIsAnEventAndChangesNoLine() async throws {
        try await ControlHarness.serve { line async throws in
            for (seq, verdict) in [(1, Verdict.ng), (2, .ok), (3, .invalid)] {
                try line.verdicts.append(record(UInt64(seq), "2026-01-02T03:04:05.000000Z", verdict))
            }
            let before = line.verdicts.lines(from: 1, count: 10)
            let reply = try await line.request(
                "POST", "/v1/judgements", body: #"{"seq":1,"judged":"OK","note":"dust"}"#)
            #expect(reply.status == 201 && reply.text.contains(#""verdict":"NG""#))
            #expect(line.verdicts.lines(from: 1, count: 10) == before)
            let rejudged = try await statistics(line, "?shift=2026-01-02/day").total.rejudged
            #expect(rejudged?.falseRejects?.count == 1 && rejudged?.falseRejectRate?.of == 2)
            for (body, status) in [
                (#"{"seq":9,"judged":"OK"}"#, 404), (#"{"seq":3,"judged":"OK"}"#, 409),
                (#"{"seq":1,"judged":"good"}"#, 400),
                (#"{"seq":1}"#, 400), (#"{"seq":1,"judged":"OK","why":"x"}"#, 400),
            ] { #expect(try await line.request("POST", "/v1/judgements", body: body).status == status, "\(body)") }
            // A disk that takes no event keeps the word from being said.
            line.eventDisk.follow(.from(1, errno: 28))
            #expect(try await line.request("POST", "/v1/judgements", body: #"{"seq":2,"judged":"NG"}"#).status == 507)
            line.eventDisk.follow(.never)
            #expect(try await statistics(line, "?shift=2026-01-02/day").total.rejudged?.escapes == nil)
        }
    }

    @Test func aPartIsFoundInTheJournalsOwnLines() async throws {
        try await ControlHarness.serve { line async throws in
            for seq in 1...20 as ClosedRange<UInt64> {
                try line.verdicts.append(record(seq, "2026-01-02T03:04:05.000000Z", part: seq % 10 == 7 ? "A-7" : "B"))
            }
            let found = try await line.request("GET", "/v1/find?part=A-7")
            let lines = line.verdicts.lines(from: 1, count: 100).filter { [7, 17].contains($0.sequence) }
            #expect(found.status == 200)
            #expect(found.text == lines.map { String(decoding: $0.bytes, as: UTF8.self) + "\n" }.joined())
            #expect(try await line.request("GET", "/v1/find?part=A-7&limit=1").text.contains(#""seq":17"#))
            #expect(try await line.request("GET", "/v1/find").status == 400)
            #expect(try await line.request("GET", "/v1/find?part=C").text.isEmpty)
        }
    }
}
