import ControlProtocol
import Core
import Foundation
import Glibc
import Platform
import Testing

extension EndToEndTests {
    @Suite struct CrashTests {
        /// FAULTS.md section 3: a verdict that was shown is in the journal, whatever happens to the daemon then.
        @Test func twentyKillsLoseNothingThatWasShown() async throws {
            var random = SplitMix64(seed: 20)
            let line = try Line(frames: Pictures.line, rateHertz: 50)
            var shown: [String] = []
            var sent = Set(Pictures.line.values)
            for round in 0..<20 {
                try await line.start()
                let tail = try Program(
                    "fsacctl", ["tail", "-f", "--lines", "20", "--json", "--socket", line.socket],
                    folder: line.folder, label: "tail-\(round)")
                let picture = Pictures.good(UInt64(100 + round))
                sent.insert(picture)
                let client = try Program(
                    "fsacctl", ["add-normal", try line.file("shot-\(round).jpg", picture), "--socket", line.socket],
                    folder: line.folder, label: "add-\(round)")
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...700, using: &random)))
                try await line.kill()
                tail.send(SIGTERM)
                try await tail.exitCode()
                try await client.exitCode()
                // A gap is what the follower says of numbers that were never given out.
                shown += tail.standardOutput.split(separator: "\n").map(String.init)
                    .filter { !$0.contains(#""type":"gap""#) }
            }
            try await line.start()
            try await line.inspect(next: 3)
            #expect(try await line.stop() == 0)
            let journal = Set(try line.journal.lines)
            let lost = Set(shown).subtracting(journal)
            #expect(
                lost.isEmpty,
                "\(lost.count) of \(shown.count) shown verdicts are not in the journal: \(lost.first ?? "")")
            #expect(shown.count > 100)
            try checkFiles(of: line, sent: sent)
        }

        @Test func tenKillsWhileStartingAreNoticedByNobody() async throws {
            var random = SplitMix64(seed: 10)
            let line = try Line(frames: Pictures.line, rateHertz: 50)
            try await line.start()
            try await line.addShots()
            try await line.kill()
            for _ in 0..<10 {
                try line.launch()
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...250, using: &random)))
                try await line.kill()
            }
            try await line.start()
            let records = try await line.inspect(next: 6)
            #expect(records.allSatisfy { $0.generation == 1 })
            #expect(try await line.status().state == .inspecting)
            #expect(try await line.stop() == 0)
            try checkFiles(of: line, sent: Set(Pictures.line.values))
        }

        /// A fit that takes more memory than there is was begun again by each start, for ever.
        @Test func aFitThatIsKilledTwiceIsLeftOutUntilSomebodyAsks() async throws {
            let line = try Line(frames: Pictures.line, rateHertz: 10)
            try await line.start()
            try await line.addShots()
            #expect(try await line.stop() == 0)
            try line.plantShot(Pictures.good(200))
            for _ in 0..<2 { try await line.dieInAFit() }
            try await line.start()
            let recipe = try await line.status().recipes[0]
            #expect(recipe.fit.state == .failed && recipe.fit.message?.contains("fsacctl refit") == true)
            #expect(line.daemonMessages.contains { $0.contains("a fit is left out") })
            #expect(recipe.model?.generation == 1)
            #expect(try await line.inspect(next: 6).contains { $0.verdict == .ok && $0.generation == 1 })
            let asked = try await line.fsacctl("refit")
            #expect(asked.exitCode == 0, "\(asked.standardError)")
            let after = try await line.status().recipes[0]
            #expect(after.fit.state == .idle && after.model?.generation == 2 && after.model?.shots.count == 4)
            #expect(try await line.stop() == 0)
        }

        /// Everything with a final name is whole: pictures, shots, and the model in use.
        private func checkFiles(of line: Line, sent: Set<[UInt8]>) throws {
            for folder in ["images", "heatmaps"] {
                for path in files(below: "\(line.state)/\(folder)")
                where path.hasSuffix(".jpg") || path.hasSuffix(".png") {
                    #expect(throws: Never.self, "\(path)") { try Image(decoding: bytes(path)) }
                }
            }
            for path in files(below: "\(line.state)/recipes/part/normals") {
                #expect(try sent.contains(bytes(path)), "\(path): not what was sent")
            }
            let complaints = line.daemonMessages.filter { $0.contains("cannot be read") }
            #expect(complaints.isEmpty)
        }

        private func files(below folder: String) -> [String] {
            let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
            return names.map { "\(folder)/\($0)" }.filter { path in
                var status = stat()
                return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            }
        }

        private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
    }
}

extension Line {
    /// A shot that the daemon finds at its next start.
    fileprivate func plantShot(_ picture: [UInt8]) throws {
        let name = hexadecimal(SHA256.digest(of: picture))
        try Data(picture).write(to: URL(filePath: "\(state)/recipes/part/normals/\(name).jpg"))
    }

    /// Starts a daemon that ends in the middle of its fit, as the kernel ends it for its memory.
    fileprivate func dieInAFit() async throws {
        let daemon = try launch(environment: ["FSAC_FAILPOINT": "fit.kill:1"])
        #expect(try await daemon.exitCode() == -SIGKILL, "\(daemon.standardError)")
    }
}
