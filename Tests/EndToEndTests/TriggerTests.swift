import ControlProtocol
import Foundation
import Glibc
import Testing

extension EndToEndTests {
    @Suite struct TriggerTests {
        private func line() async throws -> Line {
            let line = try Line(frames: Pictures.line)
            try line.configure(rateHertz: 60, camera: "trigger = \"software\"\ntrigger_deadline_ms = 5000")
            try await line.start()
            return line
        }

        @Test func aHundredTriggersAt20PerSecondAreAllAnsweredInOrderWithFramesOfAfterwards() async throws {
            let line = try await line()
            try await line.addShots()
            let socket = line.socket
            let replies = try await withThrowingTaskGroup(of: TriggerReply.self) { tasks in
                let start = ContinuousClock.now
                for number in 0..<100 {
                    try await Task.sleep(until: start + .milliseconds(50 * number))
                    tasks.addTask {
                        let body = try ControlCoding.encode(TriggerRequest(part: "S\(number)"))
                        let reply = try await SocketRequest.post(ControlPath.trigger, body, socket: socket)
                        return try ControlCoding.decode(TriggerReply.self, from: reply)
                    }
                }
                return try await tasks.reduce(into: [TriggerReply]()) { $0.append($1) }
            }
            #expect(replies.count == 100)
            for reply in replies {
                #expect(reply.inspection.verdict != .invalid, "\(reply.inspection)")
                #expect(try #require(reply.exposedMicroseconds) >= reply.triggeredMicroseconds)
            }
            #expect(try await line.stop() == 0)
            let records = try line.journal.records
            // Once each, and nothing else: a frame that nobody asked for has no line.
            #expect(records.compactMap(\.part).sorted() == (0..<100).map { "S\($0)" }.sorted())
            #expect(records.count == 100)
            let byTime = replies.sorted { $0.triggeredMicroseconds < $1.triggeredMicroseconds }
            #expect(byTime.map(\.inspection.seq) == records.map(\.seq))
            let shown = Dictionary(uniqueKeysWithValues: replies.map { ($0.inspection.part, $0.inspection.seq) })
            #expect(records.allSatisfy { shown[$0.part] == $0.seq })
        }

        @Test func theCommandShowsTheVerdictAndItsExitCode() async throws {
            let line = try await line()
            let blind = try await line.fsacctl("trigger", "--part", "S1", "--json")
            #expect(blind.exitCode == 1)
            let reply = try ControlCoding.decode(TriggerReply.self, from: Data(blind.standardOutput.utf8))
            #expect(reply.inspection.cause == "no_model")
            #expect(reply.inspection.part == "S1")
            let shots = try await line.fsacctl("add-normal", "--from-camera", "3")
            #expect(shots.exitCode == 0, "\(shots.standardError)")
            _ = try await line.fsacctl("limit", "set", "1000", "--force")
            let good = try await line.fsacctl("trigger", "--part", "S2", "--camera", "camera1")
            #expect(good.exitCode == 0, "\(good.standardError)")
            #expect(good.standardOutput.contains("OK") && good.standardOutput.contains("S2"))
            try FileManager.default.removeItem(atPath: line.frames)
            try await eventually("the camera to be lost") { try await line.status().state == .cameraLost }
            let lost = try await line.fsacctl("trigger", "--part", "S3")
            #expect(lost.exitCode == 1)
            #expect(lost.standardOutput.contains("camera_lost"))
            #expect(try await line.fsacctl("trigger", "--camera", "none").standardError.contains("camera1"))
            #expect(try line.journal.records.map(\.part) == ["S1", "S2", "S3"])
        }
    }

    @Suite struct ChangeOverTests {
        @Test func aRecipeIsCopiedAndUsedWithoutLosingAVerdictAndHoldsOverARestart() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            #expect(try await line.fsacctl("recipe", "copy", "part", "other").exitCode == 0)
            #expect(try await line.fsacctl("limit", "set", "1000", "--force", "--recipe", "other").exitCode == 0)
            let used = try await line.fsacctl("recipe", "use", "other")
            #expect(used.exitCode == 0, "\(used.standardError)")
            let records = try await line.inspect(next: 10).suffix(8)
            #expect(records.allSatisfy { $0.recipe == "other" && $0.limit == 1000 && $0.verdict == .ok })
            #expect(try await line.stop() == 0)
            try await line.start()
            #expect(try await line.inspect(next: 3).allSatisfy { $0.recipe == "other" && $0.limit == 1000 })
            let list = try await line.fsacctl("recipe", "list")
            #expect(list.standardOutput.split(separator: "\n").count == 3, "\(list.standardOutput)")
            #expect(try await line.fsacctl("recipe", "use", "none").exitCode == 1)
        }

        @Test func aReloadAppliesWhatItCanAndABadFileKeepsEverything() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            try line.configure(extra: "smoothing = 99")
            let refused = try await line.fsacctl("reload")
            #expect(refused.exitCode == 1)
            #expect(refused.standardError.contains("smoothing") && refused.standardError.contains("stays"))
            line.send(SIGHUP)
            try await eventually("the refusal in the log") {
                line.daemonMessages.filter { $0.contains("configuration refused") }.count >= 2
            }
            #expect(try await line.inspect(next: 5).allSatisfy { $0.generation == 1 })

            // Another layer: the model of before judges until the fit that is due is done.
            try line.configure(rateHertz: 30, extra: "layers = [4]")
            let applied = try await line.fsacctl("reload")
            #expect(applied.exitCode == 0, "\(applied.standardError)")
            #expect(applied.standardOutput.contains("recipe part") && applied.standardOutput.contains("camera1"))
            try await eventually("the fit that is due") {
                try await line.status().recipes[0].model?.generation == 2
            }
            #expect(try await line.inspect(next: 5).last?.generation == 2)
            #expect(try line.journal.records.drop { $0.generation == nil }.allSatisfy { $0.verdict != .invalid })
            let text = try String(contentsOfFile: line.configurationPath, encoding: .utf8)
            try text.replacing("[journal]", with: "[log]\nlevel = \"debug\"\n[journal]\ndurability = \"each\"")
                .write(toFile: line.configurationPath, atomically: true, encoding: .utf8)
            let restart = try await line.fsacctl("reload")
            #expect(
                restart.standardOutput.contains("journal.durability: changed")
                    && restart.standardOutput.contains("debug"))
            #expect(try await line.stop() == 0)
        }
    }
}
