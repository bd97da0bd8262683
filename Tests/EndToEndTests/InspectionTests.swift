import ControlProtocol
import Core
import Foundation
import Testing

extension EndToEndTests {
    @Suite struct InspectionTests {
        @Test func withoutAModelEveryPartIsInvalid() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            let records = try await line.inspect(next: 5)
            #expect(records.allSatisfy { $0.verdict == .invalid && $0.cause == "no_model" })
            #expect(records.allSatisfy { $0.score == nil && $0.heatmap == nil })
            #expect(try await line.status().state == .noModel)
            #expect(try await line.stop() == 0)
        }

        @Test func threeShotsMakeAModelThatTellsGoodFromDefective() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let records = try await line.inspectByModel(next: 12)
            for record in records {
                let isDefective = record.frame.contains("defect")
                if isDefective { #expect(record.verdict == .ng, "\(record)") }
                if record.frame.contains("shot") { #expect(record.verdict == .ok, "\(record)") }
                let (score, limit) = (try #require(record.score), try #require(record.limit))
                #expect((score > limit) == (record.verdict == .ng))
            }
            #expect(records.contains { $0.verdict == .ng })
            let status = try await line.status()
            #expect(status.state == .inspecting)
            #expect(status.recipes[0].model?.shots.count == 3)
            #expect(try await line.stop() == 0)
        }

        @Test func pictureAndHeatMapOfAPartAreOnDisk() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let records = try await line.inspect(next: 12)
            #expect(try await line.stop() == 0)
            for record in records where record.verdict != .invalid {
                // A heat map has the picture, a line of 6 pixels, and the colours.
                for (path, width) in [(record.image, Pictures.width), (record.heatmap, 2 * Pictures.width + 6)] {
                    let bytes = try Data(contentsOf: URL(filePath: "\(line.state)/\(try #require(path))"))
                    let picture = try Image(decoding: Array(bytes))
                    #expect((picture.height, picture.width) == (Pictures.height, width))
                }
            }
        }

        @Test func tailShowsTheJournalByteForByte() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.inspect(until: 5)
            let tail = try Program(
                "fsacctl", ["tail", "-f", "--lines", "3", "--json", "--socket", line.socket], folder: line.folder,
                label: "tail")
            try await eventually("20 lines of tail") { tail.standardOutput.split(separator: "\n").count >= 20 }
            tail.send(SIGTERM)
            try await tail.exitCode()
            let shown = tail.standardOutput.split(separator: "\n").map(String.init)
            let journal = try line.journal
            let first = try #require(journal.lines.firstIndex(of: shown[0]))
            #expect(shown == Array(journal.lines[first..<first + shown.count]))
        }

        @Test func controlCEndsTailAndSoDoesAReaderWhoHasHadEnough() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.inspect(until: 5)
            let tail = try Program(
                "fsacctl", ["tail", "-f", "--socket", line.socket], folder: line.folder, label: "tail")
            try await eventually("lines of tail") { !tail.standardOutput.isEmpty }
            tail.send(SIGINT)
            #expect(try await tail.exitCode(within: .seconds(5)) == -SIGINT)
            let shell = Process()
            shell.executableURL = URL(filePath: "/bin/bash")
            shell.arguments = [
                "-c", "set -o pipefail; '\(Program.folder)/fsacctl' tail -f --socket '\(line.socket)' | head -n 2",
            ]
            shell.standardOutput = FileHandle.nullDevice
            try shell.run()
            try await eventually("tail to end") { !shell.isRunning }
            #expect(shell.terminationStatus == 0)
        }

        @Test func aPartThatWasRejectedAndWasGoodIsLearntWhenAnotherIsLikeIt() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let rejected = try #require(try await line.inspect(next: 12).last { $0.verdict == .ng })
            let refused = try await line.fsacctl("add-normal", "--from-verdict", "\(rejected.seq)")
            #expect(refused.exitCode == 1 && refused.standardError.contains("--from-verdict \(rejected.seq) --force"))
            #expect(try await line.status().recipes[0].shots == 3)
            let reply = try await line.fsacctl("add-normal", "--from-verdict", "\(rejected.seq)", "--force")
            #expect(reply.exitCode == 0, "\(reply.standardError)")
            // One alone may be a mistake: it is kept and named, and nothing is learnt from it.
            let odd = try #require(try await line.status().recipes[0].model?.oddShots?.first)
            let tells = [
                try await line.fsacctl("status"), try await line.fsacctl("models", "list"),
                try await line.fsacctl("models", "show"),
            ]
            for output in tells.map(\.standardOutput) { #expect(output.contains(odd.prefix(12)), "\(output)") }
            let still = try await line.inspect(next: 8).filter { $0.frame == rejected.frame && $0.generation == 2 }
            #expect(still.last?.verdict == .ng)
            let another = try line.file("another.jpg", Pictures.defective(7))
            #expect(try await line.fsacctl("add-normal", another, "--force").exitCode == 0)
            let again = try await line.inspect(next: 8).filter { $0.frame == rejected.frame && $0.generation == 3 }
            #expect(again.last?.verdict == .ok)
            let model = try #require(try await line.status().recipes[0].model)
            #expect(model.shots.count == 5 && model.oddShots == nil)
        }

        @Test func modelLimitAndNumbersOutliveTheDaemon() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let reply = try await line.fsacctl("limit", "set", "1000", "--force")
            #expect(reply.exitCode == 0, "\(reply.standardError)")
            try await line.inspect(next: 3)
            #expect(try await line.stop() == 0)
            let last = try #require(line.journal.records.last?.seq)
            try await line.start()
            try await line.inspect(until: last + 6)
            let records = try line.journal.records.filter { $0.seq > last }
            #expect(records.first?.seq == last + 1)
            #expect(records.allSatisfy { $0.verdict == .ok && $0.generation == 1 && $0.limit == 1000 })
        }

        @Test func framesThatAreNoPicturesAreInvalidWithAModelToo() async throws {
            var frames = Pictures.line
            frames["7-cut.jpg"] = BadPictures.truncated
            frames["8-text.jpg"] = BadPictures.notAnImage
            let line = try Line(frames: frames)
            try await line.start()
            try await line.addShots()
            let records = try await line.inspect(next: 16).filter {
                $0.frame.contains("cut") || $0.frame.contains("text")
            }
            #expect(records.count >= 2)
            #expect(records.allSatisfy { $0.verdict == .invalid && $0.cause != nil && $0.cause != "no_model" })
        }
    }
}

extension Line {
    /// Adds the three shots and waits for the model.
    func addShots() async throws {
        let reply = try await Program.run(
            "fsacctl", ["add-normal"] + Pictures.shots.map { "\(frames)/\($0)" } + ["--socket", socket], folder: folder)
        guard reply.exitCode == 0 else {
            throw TookTooLong(what: "a model of three shots", evidence: reply.standardError)
        }
    }
}
