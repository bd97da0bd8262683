import ControlProtocol
import Foundation
import Testing

extension EndToEndTests {
    @Suite struct CommissionTests {
        private static let goodLine = Pictures.line.filter { !$0.key.contains("defect") }

        private func reply(_ output: Program.Output) throws -> CommissionReply {
            try ControlCoding.decode(CommissionReply.self, from: Data(output.standardOutput.utf8))
        }

        @Test func noPartIsJudgedUntilTheProposedLimitIsAccepted() async throws {
            let line = try Line(frames: Self.goodLine)
            try await line.start()
            try await line.addShots()
            let end = try reply(try await line.fsacctl("commission", "--parts", "12", "--json"))
            #expect(end.state == .complete && end.scored == 12)
            let proposal = try #require(end.proposal)
            #expect(proposal.rejects == 0 && abs(proposal.falseRejectRate - 0.2209) < 1e-4)  // 1 - 0.05^(1/12)
            let muted = try await line.inspect(next: 5)
            #expect(muted.allSatisfy { $0.verdict == .invalid && $0.cause == "commissioning" && $0.score != nil })
            #expect(muted.allSatisfy { $0.limit == nil && $0.heatmap == nil })
            #expect(try await line.fsacctl("commission", "--apply").exitCode == 0)
            let judged = try await line.inspect(next: 8).suffix(6)
            #expect(judged.allSatisfy { $0.verdict == .ok && $0.limit == proposal.limit })
            let limit = try #require(try await line.status().recipes[0].model).limit
            #expect(limit.value == proposal.limit && limit.commissioned?.contains("0 of 12") == true)
            // Who starts it hears at once, and not at its end, that no part passes.
            let again = try await line.fsacctl("commission", "--parts", "3")
            #expect(again.standardOutput.contains(" of 3 good parts scored, verdicts are INVALID\n"), "\(again)")
        }

        @Test func itGoesOnOverARestartAndIsCancelled() async throws {
            let line = try Line(frames: Self.goodLine)
            try await line.start()
            try await line.addShots()
            #expect(try await line.fsacctl("commission", "--parts", "100000", "--no-wait").exitCode == 0)
            #expect(try await line.fsacctl("commission").exitCode == 1)
            try await line.inspect(next: 6)
            try await line.kill()
            let last = try #require(try line.journal.records.last?.seq)
            try await line.start()
            try await line.inspect(next: 6)
            let after = try line.journal.records.filter { $0.seq > last }
            #expect(after.allSatisfy { $0.verdict == .invalid && $0.cause == "commissioning" })
            let status = try reply(try await line.fsacctl("commission", "--status", "--json"))
            #expect(status.state == .running && status.scored >= 10)
            #expect(try await line.status().recipes[0].commission?.parts == 100_000)
            #expect(try await line.fsacctl("commission", "--apply").exitCode == 1)
            #expect(try await line.fsacctl("commission", "--cancel").exitCode == 0)
            let records = try await line.inspect(next: 6).suffix(3)
            #expect(records.allSatisfy { $0.verdict != .invalid })
        }
    }
}
