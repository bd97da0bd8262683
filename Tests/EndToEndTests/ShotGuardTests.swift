import ControlProtocol
import Core
import Foundation
import Testing

extension EndToEndTests {
    /// What stands between a picture and the model.
    @Suite struct ShotGuardTests {
        private struct Report: Decodable {
            struct Accepted: Decodable {
                var outcome: AddNormalsReply.Shot.Outcome
            }
            var accepted: [Accepted]
            var change: ShotChange?
        }

        private func report(_ output: Program.Output) throws -> Report {
            try ControlCoding.decode(Report.self, from: Data(output.standardOutput.utf8))
        }

        @Test func aPictureThatLooksLikeARejectNeedsAPersonsWord() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let bad = try line.file("bad.jpg", Pictures.defective(77))
            let refused = try await line.fsacctl("add-normal", bad)
            #expect(refused.exitCode == 1 && refused.standardError.contains("--force"), "\(refused.standardError)")
            #expect(try await line.status().recipes[0].shots == 3)
            #expect(try await line.fsacctl("add-normal", bad, "--force").exitCode == 0)
            #expect(try await line.status().recipes[0].model?.generation == 2)
        }

        /// One or two shots cannot say what is odd among them: what is said before is the guard.
        @Test func withASingleShotARejectIsRefusedAndWhatItWouldDoIsSaidInWords() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            #expect(try await line.fsacctl("add-normal", "\(line.frames)/1-shot.jpg").exitCode == 0)
            let rejected = try #require(try await line.inspect(next: 14).last { $0.verdict == .ng })
            let bad = try line.file("bad.jpg", Pictures.defective(77))
            let refused = try await line.fsacctl("add-normal", bad)
            #expect(refused.exitCode == 1 && refused.standardError.contains("--force"), "\(refused.standardError)")
            let dry = try await line.fsacctl("add-normal", bad, "--force", "--dry-run")
            #expect(dry.exitCode == 0 && dry.standardOutput.contains("NG -> OK  \(rejected.frame)"))
            #expect(dry.standardOutput.contains("warning: "), "\(dry.standardOutput)")
            #expect(dry.standardOutput.contains("NG, would pass"), "\(dry.standardOutput)")
            #expect(try await line.status().recipes[0].shots == 1)
        }

        @Test func aForcedRejectBesideThreeGoodShotsIsSaidToBeOddAndChangesNoVerdict() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            #expect(try await line.inspect(next: 14).contains { $0.verdict == .ng })
            let bad = try line.file("bad.jpg", Pictures.defective(77))
            let forced = try await line.fsacctl("add-normal", bad, "--force")
            #expect(forced.exitCode == 0, "\(forced.standardError)")
            #expect(forced.standardOutput.contains("warning: nothing would be learnt"), "\(forced.standardOutput)")
            #expect(forced.standardOutput.contains("0 of the last"), "\(forced.standardOutput)")
            let after = try await line.inspect(next: 14).filter { $0.generation == 2 }
            #expect(after.contains { $0.verdict == .ng } && after.contains { $0.verdict == .ok })
        }

        /// It is not unlike the others by far, so that only the model's own rejection tells it from a good part.
        @Test func aShotThatTheModelRejectsWaitsForASecondOneLikeItAndStatusNamesIt() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let bad = try line.file("bad.jpg", Pictures.defective(77))
            let refused = try await line.fsacctl("add-normal", bad)
            #expect(refused.standardError.contains("until one of another part"), "\(refused.standardError)")
            let forced = try await line.fsacctl("add-normal", bad, "--force")
            #expect(forced.standardOutput.contains("NG or uncertain by the model in use"), "\(forced.standardOutput)")
            let status = try await line.fsacctl("status").standardOutput
            #expect(status.contains("odd shots: ") && status.contains("waits for another one like it"), "\(status)")
            let shown = try await line.fsacctl("models", "show", "2").standardOutput
            #expect(shown.contains("NG or uncertain when it was added"), "\(shown)")
        }

        @Test func whatAShotChangesIsShownBeforeAndUndoneByRollback() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            // One shot of a variant is odd, and changes nothing; the second one does.
            let another = try line.file("another.jpg", Pictures.defective(7))
            #expect(try await line.fsacctl("add-normal", another, "--force").exitCode == 0)
            let rejected = try #require(try await line.inspect(next: 14).last { $0.verdict == .ng })
            let dry = try await line.fsacctl(
                "add-normal", "--from-verdict", "\(rejected.seq)", "--force", "--dry-run", "--json")
            let change = try #require(try report(dry).change, "\(dry.standardError)")
            #expect(change.parts > 0 && change.flips.contains { $0.before == .ng && $0.after == .ok })
            #expect(try await line.status().recipes[0].model?.generation == 2)
            #expect(
                try await line.fsacctl("add-normal", "--from-verdict", "\(rejected.seq)", "--force").exitCode == 0)
            let model = try #require(try await line.status().recipes[0].model)
            #expect(model.generation == 3 && model.limit.value == change.limitAfter)
            #expect(try await line.fsacctl("models", "rollback").exitCode == 0)
            let again = try await line.inspect(next: 14).filter { $0.generation == 2 && $0.frame == rejected.frame }
            #expect(again.last?.verdict == .ng)
        }

        @Test func theCamerasNextFrameIsAskedForWithOrWithoutANumber() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            let one = try await line.fsacctl(
                "add-normal", "--from-camera", "--camera", "camera1", "--json", "--dry-run")
            #expect(try report(one).accepted.map(\.outcome) == [.acceptable], "\(one.standardError)")
            let two = try await line.fsacctl("add-normal", "--from-camera", "2", "--json", "--dry-run")
            #expect(try report(two).accepted.count == 2, "\(two.standardError)")
            #expect(try await line.fsacctl("add-normal", "--from-camera", "33").exitCode == 64)
            #expect(try await line.fsacctl("add-normal", "--camera", "camera1").exitCode == 64)
            #expect(try await line.status().recipes[0].shots == 0)
        }

        @Test func aPictureSavedAgainIsNoNewShot() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let image = try Image(decoding: Pictures.good(1))
            for (name, bytes) in [("a.png", image.pngBytes()), ("a.jpg", image.jpegBytes(qualityPercent: 90))] {
                let output = try await line.fsacctl("add-normal", try line.file(name, bytes), "--json")
                #expect(try report(output).accepted.map(\.outcome) == [.duplicate], "\(name)")
            }
            #expect(try await line.status().recipes[0].shots == 3)
        }
    }
}
