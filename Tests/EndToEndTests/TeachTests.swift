import ControlProtocol
import Foundation
import Testing

extension EndToEndTests {
    /// Parts of the line teach the model of one shot.
    @Suite struct TeachTests {
        /// Twenty good parts and one with a defect.
        private static let frames: [String: [UInt8]] = {
            var frames = ["00-shot.jpg": Pictures.good(1), "99-defect.jpg": Pictures.defective(99)]
            for number in 10..<30 { frames["\(number)-good.jpg"] = Pictures.good(UInt64(number)) }
            return frames
        }()

        private func line(_ extra: String = "") throws -> Line {
            // Closer looks are FineStreamTests'.
            try Line(frames: Self.frames, method: "auto", extra: "fit_budget = 1.0\nviews = \"coarse\"\n" + extra)
        }

        /// Judges recent parts twice, beside a line that leaves it little of the machine.
        private func teach(_ line: Line, _ arguments: String...) async throws -> Program.Output {
            try await Program.run(
                "fsacctl", ["teach"] + arguments + ["--socket", line.socket], folder: line.folder,
                within: .seconds(300))
        }

        private func reply(_ output: Program.Output) throws -> TeachReply {
            try ControlCoding.decode(TeachReply.self, from: Data(output.standardOutput.utf8))
        }

        private func status(_ line: Line) async throws -> TeachReply {
            try reply(try await line.fsacctl("teach", "--status", "--json"))
        }

        private func addShot(_ line: Line) async throws {
            let added = try await line.fsacctl("add-normal", "\(line.frames)/00-shot.jpg")
            #expect(added.exitCode == 0, "\(added.standardError)")
        }

        private func collect(_ parts: Int, _ line: Line) async throws {
            try await eventually("\(parts) kept parts", evidence: { line.daemon?.standardError ?? "" }) {
                try await status(line).kept == parts
            }
        }

        @Test func goodPartsTeachOnceAPersonAcceptsAndARollbackUndoesIt() async throws {
            let line = try line()
            try await line.start()
            try await addShot(line)
            #expect(try await line.fsacctl("commission", "--parts", "14").exitCode == 0)
            try await collect(14, line)
            let proposed = try await teach(line)
            #expect(proposed.exitCode == 0, "\(proposed.standardError)")
            #expect(proposed.standardOutput.contains("nothing has changed yet"), "\(proposed.standardOutput)")
            let before = try await status(line)
            #expect(before.state == .proposed && before.generation == 1 && before.proposal?.parts.count == 14)
            // What was kept outlives a crash, and makes the same proposal.
            try await line.kill()
            try await line.start()
            let accepted = try reply(try await teach(line, "--accept", "--json"))
            #expect(accepted.state == .accepted && accepted.generation == 2 && accepted.kept == 0)
            let fates = [before, accepted].map { $0.proposal?.parts.map { "\($0.seq) \($0.fate) \($0.after ?? 0)" } }
            #expect(fates[0] == fates[1])
            // The commissioning has ended with it.
            let taught = try await line.inspect(next: 50).filter { $0.generation == 2 }
            #expect(taught.contains { $0.verdict == .ok } && taught.allSatisfy { $0.verdict != .invalid })
            #expect(taught.filter { $0.frame == "99-defect.jpg" }.allSatisfy { $0.verdict == .ng })
            try await line.kill()
            try await line.start()
            #expect(try await line.status().recipes[0].model?.generation == 2)
            let shown = try await line.fsacctl("models", "show").standardOutput
            #expect(shown.contains("taught by 14 parts") && shown.contains("parts of the line"), "\(shown)")
            #expect(try await line.fsacctl("models", "rollback").exitCode == 0)
            #expect(try await line.status().recipes[0].model?.generation == 1)
        }

        @Test func theFirstPartsAfterAFitAreKeptByConfigurationAndNothingIsLearntByItself() async throws {
            let line = try line("teach_parts = 10")
            try await line.start()
            try await addShot(line)
            // A model of one shot may reject all parts: then the limit is a person's.
            #expect(try await line.fsacctl("limit", "set", "9", "--force").exitCode == 0)
            try await collect(10, line)
            try await line.inspect(next: 10)
            #expect(try await status(line).kept == 10)
            #expect(try await line.status().recipes[0].model?.generation == 1)
            let forgotten = try reply(try await line.fsacctl("teach", "--forget", "--json"))
            #expect(forgotten.state == .idle)
        }

        @Test func aDamagedPartIsLeftOutAndSaid() async throws {
            let line = try line()
            try await line.start()
            try await addShot(line)
            #expect(try await line.fsacctl("commission", "--parts", "14").exitCode == 0)
            try await collect(14, line)
            let folder = "\(line.state)/recipes/part/stream"
            let file = try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".part") })
            var bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(file)"))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(filePath: "\(folder)/\(file)"))
            let proposed = try await teach(line)
            #expect(proposed.standardOutput.contains("1 kept parts were damaged"), "\(proposed.standardOutput)")
            #expect(try await status(line).proposal?.parts.count == 13)
            #expect(line.daemonMessages.contains { $0.contains("a kept part is left out") })
        }

        @Test func fewPartsAndOtherMethodsAreRefusedInWords() async throws {
            let line = try line()
            try await line.start()
            try await addShot(line)
            let few = try await teach(line)
            #expect(
                few.exitCode == 1 && few.standardError.contains("at least 10 different parts"), "\(few.standardError)")
            #expect(try await line.fsacctl("teach", "--force").exitCode == 64)
            let other = try Line(frames: Self.frames)
            try await other.start()
            try await addShot(other)
            let refused = try await teach(other)
            #expect(
                refused.exitCode == 1 && refused.standardError.contains("method \"auto\""), "\(refused.standardError)")
        }

        @Test func aRefitSaysThatWhatTheLineTaughtIsGone() async throws {
            let line = try line()
            try await line.start()
            try await addShot(line)
            #expect(try await line.fsacctl("commission", "--parts", "12").exitCode == 0)
            try await collect(12, line)
            #expect(try await teach(line, "--accept").exitCode == 0)
            let added = try await line.fsacctl("add-normal", try line.file("more.jpg", Pictures.good(77)), "--force")
            #expect(added.standardOutput.contains("taught the model in use"), "\(added.standardOutput)")
            #expect(line.daemonMessages.contains { $0.contains("had taught") })
        }
    }
}
