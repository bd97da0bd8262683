import ControlProtocol
import Core
import Daemon
import Foundation
import TestSupport
import Testing

/// From what somebody says of a part to the next model.
@Suite(.timeLimit(.minutes(1))) struct CandidateRoutesTests {
    /// Each more shot moves the limit ten up and lowers all scores. A picture's score is its shade, divided by the generation.
    private func desensitised() -> RecipeMethod {
        var method = RecipeMethod.tiny { shots, _, _ in
            try .tiny(shots: shots.map(\.sha256), limit: 10 * Float(shots.count))
        }
        method.activeModel = { active in
            TestLine.model(generation: active.generation, limit: active.limit) { $0 / Float(active.generation) }
        }
        return method
    }

    private func inspect(_ shades: [UInt8], on line: ControlHarness) throws {
        for (sequence, shade) in zip(UInt64(1)..., shades) {
            let image = "\(sequence).png"
            try Data(TestPicture.png(shade)).write(to: URL(filePath: "\(line.folder.path)/\(image)"))
            try line.verdicts.append(
                InspectionRecord(
                    seq: sequence, time: "2026-01-02T03:04:05.000000Z", camera: "cam0", recipe: "bottle", generation: 1,
                    frame: "\(shade)", part: nil, verdict: shade < 10 ? .ok : .ng, cause: nil, score: Float(shade),
                    limit: 10, regions: [], latency: .init(), image: image, heatmap: nil, stored: .synced))
        }
    }

    private func judge(_ sequence: Int, _ judged: String, on line: ControlHarness) async throws {
        let body = #"{"seq":\#(sequence),"judged":"\#(judged)"}"#
        #expect(try await line.request("POST", "/v1/judgements", body: body).status == 201)
    }

    private func candidates(_ line: ControlHarness) async throws -> [CandidateReply] {
        try await line.request("GET", "/v1/candidates").decoded(CandidateListReply.self).candidates
    }

    @Test func aRejectThatIsGoodBecomesAShotAndNoCandidateAnyMore() async throws {
        try await ControlHarness.serve(method: desensitised()) { line async throws in
            try await line.add(TestPicture.png(1))
            try inspect([15, 4, 90], on: line)
            try await judge(1, "OK", on: line)
            let listed = try await candidates(line)
            #expect(listed.first?.seq == 1 && listed.first?.kind == .falseReject && listed.first?.hasPicture == true)
            let preview = try await line.take(#"{"seqs":[1]}"#, query: "?dry_run=true&preview=20")
            // 15 / 2 is below 20, and that is what is wanted; 90 / 2 is not.
            #expect(preview.change?.passing.map(\.seq) == [1] && preview.shots.map(\.outcome) == [.acceptable])
            #expect(line.recipe.view.normals.count == 1)
            #expect(try await line.take(#"{"seqs":[1]}"#).generation == 2)
            #expect(line.recipe.view.normals.count == 2)
            #expect(try await candidates(line).allSatisfy { $0.seq != 1 })
        }
    }

    @Test func oneByWhichAnotherRejectWouldPassIsRefused() async throws {
        try await ControlHarness.serve(method: desensitised()) { line async throws in
            try await line.add(TestPicture.png(1))
            try inspect([15, 4, 30, 16], on: line)
            try await judge(1, "OK", on: line)
            try await judge(4, "OK", on: line)
            // Both at once, though nobody asks for a look at what changes: 30 / 2 is below 30.
            let refused = try await line.take(#"{"seqs":[1,4]}"#, query: "?preview=0")
            #expect(refused.shots.map(\.outcome) == [.refused, .refused] && refused.generation == nil)
            let message = try #require(refused.shots.first?.refusal?.message)
            #expect(message.contains("part 3 would be OK and is NG"), "\(message)")
            #expect(line.recipe.view.normals.count == 1)
            // A third one is good, too, and then nothing stands against them.
            try await judge(3, "OK", on: line)
            #expect(try await line.take(#"{"seqs":[1,4]}"#).generation == 2)
        }
    }

    @Test func onlyPartsOfWhichPeopleSayThatTheyAreGoodAreTaken() async throws {
        try await ControlHarness.serve(method: desensitised()) { line async throws in
            try await line.add(TestPicture.png(1))
            try inspect([15, 4, 30], on: line)
            for (body, status, words) in [
                (#"{"seqs":[1]}"#, 409, "nobody says that it is good"), (#"{"seqs":[]}"#, 400, "expected 1 to 32"),
                (#"{"seqs":[1,1]}"#, 400, "each once"), (#"{"seqs":[1],"seq":1}"#, 400, "exclude each other"),
            ] {
                let reply = try await line.post(body)
                #expect(reply.status == status && reply.text.contains(words), "\(body): \(reply.text)")
            }
            try await judge(1, "NG", on: line)
            #expect(try await line.post(#"{"seqs":[1]}"#).status == 409)
            #expect(line.recipe.view.normals.count == 1)
        }
    }

    @Test func aDismissedOneIsProposedNoMoreAndWhatWasSaidStaysSaid() async throws {
        try await ControlHarness.serve(method: desensitised()) { line async throws in
            try await line.add(TestPicture.png(1))
            try inspect([15, 4], on: line)
            try await judge(1, "OK", on: line)
            #expect(try await candidates(line).map(\.seq) == [1, 2])
            #expect(
                try await line.request("POST", "/v1/candidates/dismiss", body: #"{"seqs":[1,2]}"#).status == 200)
            #expect(try await candidates(line).isEmpty)
            let judged = try await line.request("GET", "/v1/judgements").decoded(JudgementListReply.self)
            #expect(judged.parts.map(\.seq) == [1])
            #expect(try await line.request("POST", "/v1/candidates/dismiss", body: #"{"seqs":[9]}"#).status == 404)
        }
    }
}
