import ControlProtocol
import Daemon
import Journal
import Platform
import TestSupport
import Testing

/// A limit is not changed without a look at what passes by it.
@Suite struct LimitRoutesTests {
    /// A line with generation 1, whose shots give 0.25, and parts with these scores.
    private func serve(
        scores: [Float], generation: Int = 1, limit: Float = 0.25, _ body: (ControlHarness) async throws -> Void
    ) async throws {
        try await ControlHarness.serve { line async throws in
            try await line.add(TestPicture.png(1))
            try await line.waitForFit(1)
            for (seq, score) in zip(UInt64(1)..., scores) {
                try line.verdicts.append(
                    InspectionRecord(
                        seq: seq, time: "", camera: "cam0", recipe: "bottle", generation: generation,
                        frame: "part-\(seq)", part: nil, verdict: score >= limit ? .ng : .ok, cause: nil, score: score,
                        limit: limit, regions: [], latency: .init(), image: nil, heatmap: nil, stored: .synced))
            }
            try await body(line)
        }
    }

    private func set(_ value: String, _ line: ControlHarness, query: String = "") async throws -> UnixClient.Reply {
        try await line.request("PUT", "/v1/limit\(query)", body: "{\"value\":\(value)}")
    }

    @Test func aLimitThatLetsARecentRejectPassTakesAPersonsWord() async throws {
        try await serve(scores: [0.1, 0.3, 0.2, 0.28]) { line async throws in
            let refused = try await set("0.29", line)
            #expect(refused.errorCode == .conflict)
            #expect(refused.text.contains("1 of the last 4 parts were NG and would be OK (4 with score 0.28)"))
            #expect(refused.text.contains("--force"))
            #expect(line.recipe.view.active?.limit == 0.25)
            let forced = try await set("0.29", line, query: "?force=true").decoded(LimitReply.self)
            #expect(forced.value == 0.29 && forced.manual)
            let change = try #require(forced.change)
            #expect(change.limitBefore == 0.25 && change.limitAfter == 0.29 && change.parts == 4)
            #expect(
                change.flips == [.init(seq: 4, frame: "part-4", score: 0.28, before: .ng, after: .ok)])
        }
    }

    @Test func aDryRunShowsWhatChangesAndChangesNothing() async throws {
        try await serve(scores: [0.1, 0.3]) { line async throws in
            let shown = try await set("0.4", line, query: "?dry_run=true").decoded(LimitReply.self)
            #expect(shown.value == 0.25 && shown.change?.limitAfter == 0.4 && shown.change?.objection != nil)
            #expect(line.recipe.view.active?.limit == 0.25)
            #expect(try await set("-1", line, query: "?dry_run=true").errorCode == .invalidRequest)
        }
    }

    @Test func aStricterLimitIsTakenAtOnce() async throws {
        try await serve(scores: [0.1, 0.2]) { line async throws in
            let reply = try await set("0.15", line).decoded(LimitReply.self)
            #expect(reply.value == 0.15 && reply.change?.objection == nil)
            #expect(reply.change?.flips.map(\.after) == [.ng])
        }
    }

    /// 13 for 1.3.
    @Test(arguments: ["13", "1e9", "0.51"])
    func aLimitFarAboveWhatTheShotsGiveTakesAPersonsWordAlsoOnALineWithoutRejects(value: String) async throws {
        try await serve(scores: [0.1, 0.2]) { line async throws in
            let refused = try await set(value, line)
            #expect(refused.errorCode == .conflict && refused.text.contains("the shots give (0.25)"))
            #expect(line.recipe.view.active?.limit == 0.25)
            #expect(try await set("0.5", line).status == 200)
            #expect(try await set(value, line, query: "?force=true").status == 200)
            // Down again is always allowed.
            #expect(try await set("0.509", line).status == 200)
        }
    }

    @Test func goingBackToCalibrationsLimitIsLookedAtToo() async throws {
        try await serve(scores: [0.1, 0.2]) { line async throws in
            _ = try await set("0.15", line)
            let refused = try await set("null", line)
            #expect(refused.errorCode == .conflict && refused.text.contains("2 with score 0.2"))
            #expect(try await set("null", line, query: "?force=true").decoded(LimitReply.self).manual == false)
        }
    }

    @Test func scoresOfAnotherGenerationSayNothing() async throws {
        try await serve(scores: [0.3, 0.4], generation: 7) { line async throws in
            let reply = try await set("0.5", line).decoded(LimitReply.self)
            #expect(reply.change?.parts == 0)
        }
    }

    @Test func withALimitThatIsLostTheVerdictsThatPartsGotStandForIt() async throws {
        try await serve(scores: [0.1, 0.2], limit: 0.15) { line async throws in
            _ = try await set("0.15", line)
            try line.folder.write("{", to: "recipes/bottle/limit.json")
            // As a start or the next change would find it.
            _ = try line.recipe.startCommission(Commission(parts: 1, firstSequence: 9))
            _ = try line.recipe.endCommission(accepting: nil)
            #expect(try await line.request("GET", "/v1/status").text.contains("limit.json"))
            let refused = try await set("null", line)
            #expect(refused.errorCode == .conflict && refused.text.contains("2 with score 0.2"))
            #expect(try await set("0.15", line).decoded(LimitReply.self).change?.limitBefore == nil)
            #expect(line.recipe.view.hindrance == nil)
        }
    }

    @Test(arguments: ["", "{}", #"{"vaule":0.3}"#, #"{"value":0.3,"x":1}"#, "null"])
    func whatIsSpeltWronglyDoesNotResetTheLimit(body: String) async throws {
        try await serve(scores: []) { line async throws in
            _ = try await set("0.2", line)
            let reply = try await line.request("PUT", "/v1/limit", body: body)
            #expect(reply.status == 400 && reply.errorCode == .invalidRequest)
            #expect(try await line.request("PUT", "/v1/limit?forec=true", body: #"{"value":9}"#).status == 400)
            #expect(line.recipe.view.active?.limit == 0.2)
        }
    }

    @Test func theLineOfAVerdictSaysWhoSetItsLimit() async throws {
        try await serve(scores: []) { line async throws in
            let models = try line.book.entry("bottle").line.models
            func origin() -> LimitOrigin? {
                var pipeline = InspectionPipeline()
                let recipe = LineRecipe(name: "bottle", models: models)
                return pipeline.inspect(Part(camera: "cam0", recipe: recipe, frame: .success(TestLine.frame(0))))
                    .limitBy
            }
            #expect(origin() == nil)
            _ = try await set("0.2", line)
            #expect(origin() == .hand)
            var record = JournalHarness.record(1)
            (record.limit, record.limitBy) = (0.2, .hand)
            let text = String(decoding: VerdictLine(record).bytes, as: UTF8.self)
            #expect(text.contains(#""limit":0.2,"limit_by":"hand","#))
        }
    }
}
