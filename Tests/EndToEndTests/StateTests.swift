import ControlProtocol
import Core
import Foundation
import Glibc
import Testing

extension EndToEndTests {
    /// What operators decided, and what a fit made, on the disk of a real daemon.
    @Suite struct StateTests {
        private func startedWithAModel() async throws -> Line {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            return line
        }

        private func rejects(_ records: [JournalRecord]) -> [JournalRecord] {
            records.filter { $0.frame == "6-defect.jpg" }
        }

        /// Waits until a generation judges, and gives its verdicts on every frame.
        private func verdicts(of generation: Int, on line: Line) async throws -> [JournalRecord] {
            try await eventually("verdicts of generation \(generation)") {
                try line.journal.records.last?.generation == generation
            }
            return try await line.inspect(next: 12).filter { $0.generation == generation }
        }

        @Test func whatWasRolledBackIsNotLearntAgain() async throws {
            let line = try await startedWithAModel()
            let bad = try line.file("bad.jpg", Pictures.defective(6))
            #expect(try await line.fsacctl("add-normal", bad, "--force").exitCode == 0)
            let back = try await line.fsacctl("models", "rollback")
            #expect(back.exitCode == 0 && back.standardOutput.contains(": set aside\n"), "\(back.standardOutput)")
            #expect(try await line.fsacctl("normals").standardOutput.contains("set aside by a roll-back"))
            // By mistake once more, without a person's word.
            let again = try await line.fsacctl("add-normal", bad)
            #expect(again.exitCode == 1 && again.standardError.contains("fsacctl normals restore"))
            let good = try line.file("good.jpg", Pictures.good(60))
            #expect(try await line.fsacctl("add-normal", good, "--force").exitCode == 0)
            let judged = try await verdicts(of: 3, on: line)
            #expect(!rejects(judged).isEmpty && rejects(judged).allSatisfy { $0.verdict == .ng })
            let shot = try #require(back.standardOutput.split(separator: "\n").last { $0.hasSuffix(": set aside") })
            let name = String(shot.prefix { $0 != ":" })
            #expect(try await line.fsacctl("normals", "restore", name).exitCode == 0)
            #expect(try await line.status().recipes[0].shots == 5)
        }

        /// The scores were divided by a unit that was 8 larger then, and a broken part was OK with a score of 0.1.
        @Test func oneFlippedBitInTheModelMakesNoRejectAGoodPart() async throws {
            let line = try await startedWithAModel()
            try await line.inspect(next: 6)
            #expect(try await line.stop() == 0)
            let last = try line.journal.records.last?.seq ?? 0
            let path = "\(line.state)/recipes/part/models/1/model.json"
            var bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
            let unit = try #require(bytes.firstRange(of: Array("\"unit\" : ".utf8)))
            bytes[unit.upperBound] ^= 8
            try Data(bytes).write(to: URL(filePath: path))
            try await line.start()
            // The shots are whole: a fit of them is due, and mends it.
            _ = try await verdicts(of: 2, on: line)
            let since = try line.journal.records.filter { $0.seq > last }
            #expect(since.allSatisfy { $0.generation != 1 })
            #expect(rejects(since).allSatisfy { $0.verdict != .ok })
            #expect(since.contains { $0.cause == "model_unreadable" })
            let message = line.daemonMessages.first { $0.contains("generation cannot be used") }
            #expect(message?.contains("checksum") == true)
        }

        @Test func aLimitThatCannotBeReadIsAskedForAndNotReplaced() async throws {
            let line = try await startedWithAModel()
            #expect(try await line.fsacctl("limit", "set", "0.001").exitCode == 0)
            try await line.inspect(next: 6)
            #expect(try await line.stop() == 0)
            let last = try line.journal.records.last?.seq ?? 0
            try Data("{".utf8).write(to: URL(filePath: "\(line.state)/recipes/part/limit.json"))
            try await line.start()
            #expect(try await line.inspect(next: 6).allSatisfy { $0.cause == "state_unreadable" })
            let status = try await line.fsacctl("status").standardOutput
            #expect(status.contains("limit.json") && status.contains("`fsacctl limit auto`"), "\(status)")
            // Everything was NG with it: no small step.
            let auto = try await line.fsacctl("limit", "auto")
            #expect(auto.exitCode == 1 && auto.standardOutput.contains("limit unknown -> "), "\(auto.standardOutput)")
            #expect(try await line.fsacctl("limit", "auto", "--force").exitCode == 0)
            try await eventually("verdicts again") { try line.journal.records.last?.cause == nil }
            let judged = try line.journal.records.filter { $0.seq > last && $0.cause == nil }
            #expect(judged.allSatisfy { $0.limitBy == nil })
        }

        @Test func aLimitByHandIsShownBeforeAndOnEveryVerdict() async throws {
            let line = try await startedWithAModel()
            try await line.inspect(next: 12)
            let slip = try await line.fsacctl("limit", "set", "1000")
            #expect(slip.exitCode == 1 && slip.standardError.contains("--force"), "\(slip.standardError)")
            #expect(slip.standardOutput.contains(" NG -> OK "), "\(slip.standardOutput)")
            let dry = try await line.fsacctl("limit", "set", "1000", "--dry-run")
            #expect(dry.exitCode == 0 && dry.standardOutput.contains(" NG -> OK "))
            #expect(try await line.status().recipes[0].model?.limit.manual == false)
            #expect(try await line.fsacctl("limit", "set", "1000", "--force").exitCode == 0)
            try await eventually("a verdict by it") { try line.journal.records.last?.limitBy == .hand }
            #expect(try await line.fsacctl("models").standardOutput.contains(" hand "))
        }

        /// With a digest that fits, and nothing to compare with.
        @Test func weightsOfZerosAreNotFitted() async throws {
            let folder = "/tmp/fsac-zeros-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let (name, models) = ("efficientnet-lite0", ModelsDirectory(path: folder))
            let zeros = WeightArchitecture.efficientNetLite0.expectedTensors.mapValues { Tensor(shape: $0) }
            var sidecar = try ModelsDirectory(path: Weights.directory).sidecar(name)
            sidecar.sha256 = try Safetensors.write(zeros, to: models.weightsPath(name))
            try sidecar.write(to: models.sidecarPath(name))
            let line = try Line(frames: Pictures.line, models: folder)
            try await line.start()
            let added = try await line.fsacctl("add-normal", line.file("good.jpg", Pictures.good(1)))
            #expect(added.exitCode != 0)
            #expect(added.standardError.contains("fsacctl model verify"), "\(added.standardError)")
            #expect(try await line.inspect(next: 3).allSatisfy { $0.verdict == .invalid })
            #expect(try await line.fsacctl("status").standardOutput.contains("failed"))
        }

        /// The golden picture is not so exact that another computer would be taken for a broken one.
        @Test(arguments: ["Nehalem", "Sandybridge"])
        func anotherProcessorsKernelsAreNoOtherNumbers(kernels: String) async throws {
            let line = try await startedWithAModel()
            #expect(try await line.stop() == 0)
            try await line.start(environment: ["OPENBLAS_CORETYPE": kernels])
            let records = try await line.inspect(next: 12)
            #expect(records.allSatisfy { $0.verdict == ($0.frame == "6-defect.jpg" ? .ng : .ok) })
        }
    }
}
