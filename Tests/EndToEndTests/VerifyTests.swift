import ControlProtocol
import Foundation
import Testing

extension EndToEndTests {
    @Suite struct VerifyTests {
        private func verify(_ line: Line, _ further: String...) async throws -> Program.Output {
            try await Program.run("fsacctl", ["verify", "--state", line.state] + further, folder: line.folder)
        }

        @Test func aLineThatWorksHasNoDamageWithTheDaemonRunningOrWithout() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            try await line.inspect(next: 10)
            let running = try await verify(line)
            #expect(running.exitCode == 0, "\(running.standardOutput)")
            #expect(running.standardOutput.contains("none"))
            try await line.kill()
            // Pictures may have been on their way.
            let after = try await verify(line, "--json", "--no-pictures")
            #expect(after.exitCode == 0, "\(after.standardOutput)")
        }

        @Test func aFlippedBitIsFoundBelowTheDaemonAndByIt() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.inspect(next: 10)
            #expect(try await line.stop() == 0)
            let folder = "\(line.state)/journal"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            let name = try #require(names.sorted().first { $0.hasSuffix(".jsonl") && $0 != "current.jsonl" })
            var bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
            let place = try #require(bytes.range(of: Data(#"{"seq":3,"#.utf8))).upperBound + 20
            bytes[place] ^= 1
            try bytes.write(to: URL(filePath: "\(folder)/\(name)"))
            let found = try await verify(line)
            #expect(found.exitCode == 1)
            #expect(found.standardOutput.contains("journal/\(name):4"), "\(found.standardOutput)")
            try await line.start()
            try await eventually("the daemon to tell") { try await line.status().storage.damage != nil }
            #expect(try await line.status().storage.damage?.first.contains(name) == true)
            #expect(try await line.fsacctl("status").standardOutput.contains("fsacctl verify"))
            let metrics = try await SocketRequest.get(ControlPath.metrics, socket: line.socket).body
            #expect(String(decoding: metrics, as: UTF8.self).contains("fsac_journal_damage 1\n"))
            // Damage of the past keeps no part from its verdict.
            #expect(try await line.health().reply.warnings.contains { $0.reason.contains(name) })
        }

        @Test func aPictureThatIsMissingBetweenOthersIsNamed() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.inspect(next: 10)
            #expect(try await line.stop() == 0)
            #expect(try await verify(line).exitCode == 0)
            let records = try line.journal.records
            let named = records.filter { $0.verdict == .invalid }.compactMap(\.image)
            let gone = try #require(named.dropFirst(3).first)
            try FileManager.default.removeItem(atPath: "\(line.state)/\(gone)")
            let found = try await verify(line)
            #expect(found.exitCode == 2 && found.standardOutput.contains(gone), "\(found.standardOutput)")
            #expect(try await verify(line, "--no-pictures").exitCode == 0)
        }

        @Test func aMisspeltDirectoryIsNoWholeJournal() async throws {
            let line = try Line(frames: Pictures.line)
            let output = try await Program.run(
                "fsacctl", ["verify", "--state", "\(line.folder)/nowhere"], folder: line.folder)
            #expect(output.exitCode == 1 && output.standardError.contains("nowhere"))
        }
    }
}
