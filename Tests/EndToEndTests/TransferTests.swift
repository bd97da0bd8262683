import ControlProtocol
import Foundation
import Glibc
import Testing

extension EndToEndTests {
    /// A recipe goes from one station to another in a file.
    @Suite struct TransferTests {
        /// What became of each picture, by its name.
        private func verdicts(_ line: Line, of recipe: String) async throws -> [String: [String]] {
            let records = try await line.inspectByModel(next: 14).filter { $0.recipe == recipe }
            var verdicts: [String: Set<String>] = [:]
            for record in records {
                let words = "\(record.verdict) \(record.score ?? -1) \(record.limit ?? -1)"
                verdicts[record.frame, default: []].insert(words)
            }
            return verdicts.mapValues { $0.sorted() }
        }

        /// A station with a recipe `part` whose limit was set by hand, and the file of it.
        private func exported() async throws -> (line: Line, file: String) {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let limit = try #require(try await line.status().recipes[0].model?.limit.value)
            #expect(try await line.fsacctl("limit", "set", "\(limit * 1.1)", "--force").exitCode == 0)
            let file = "\(line.folder)/part.tar"
            let output = try await line.fsacctl("recipe", "export", file)
            #expect(output.exitCode == 0, "\(output.standardError)")
            #expect(output.standardOutput.contains("3 shots") && output.standardOutput.contains("set by hand"))
            return (line, file)
        }

        @Test func theSamePicturesGetTheSameVerdictsAtBothStations() async throws {
            let (there, file) = try await exported()
            let expected = try await verdicts(there, of: "part")
            #expect(expected.count == Pictures.line.count && expected["6-defect.jpg"]?.first?.hasPrefix("ng") == true)
            #expect(try await there.stop() == 0)

            let here = try Line(frames: Pictures.line)
            try await here.start()
            // The name is taken, and nothing is overwritten.
            let taken = try await here.fsacctl("recipe", "import", file)
            #expect(taken.exitCode == 1 && taken.standardError.contains("is there already"), "\(taken.standardError)")
            let dry = try await here.fsacctl("recipe", "import", file, "--as", "cap", "--dry-run")
            #expect(dry.exitCode == 0, "\(dry.standardError)")
            #expect(dry.standardOutput.contains("golden picture reproduces"), "\(dry.standardOutput)")
            #expect(try await here.status().recipes.map(\.name) == ["part"])
            let imported = try await here.fsacctl("recipe", "import", file, "--as", "cap")
            #expect(imported.exitCode == 0, "\(imported.standardError)")
            #expect(imported.standardOutput.contains("set by hand there"), "\(imported.standardOutput)")
            // Not in use before somebody says so.
            #expect(try await here.inspect(next: 3).allSatisfy { $0.recipe == "part" })
            #expect(try await here.fsacctl("recipe", "use", "cap").exitCode == 0)
            try await here.inspect(next: 4)
            #expect(try await verdicts(here, of: "cap") == expected)
            let cap = try #require(try await here.status().recipes.first { $0.name == "cap" })
            #expect(cap.imported == true && cap.model?.limit.manual == true)
            try await here.kill()
            try await here.start()
            #expect(try await verdicts(here, of: "cap") == expected)
            let events = try await here.fsacctl("events", "--json").standardOutput
            #expect(events.contains(#""event":"recipe_import""#) && events.contains("\"uid\":\(getuid())"), "\(events)")
        }

        @Test func anImportThatIsKilledAnywhereIsThereOrLeavesNothing() async throws {
            let (there, file) = try await exported()
            #expect(try await there.stop() == 0)
            let here = try Line(frames: Pictures.line)
            try await here.start()
            #expect(try await here.stop() == 0)
            var (operation, isUntouched, names) = (1, false, Set<String>())
            while !isUntouched {
                try await here.start(environment: ["FSAC_FAILPOINT": "disk(/recipes/.import).kill:\(operation)"])
                isUntouched = try await here.fsacctl("recipe", "import", file, "--as", "cap").exitCode == 0
                try await here.kill()
                try await here.start()
                names = Set(try FileManager.default.contentsOfDirectory(atPath: "\(here.state)/recipes"))
                #expect(names == (isUntouched ? ["part", "cap"] : ["part"]), "killed before operation \(operation)")
                #expect(try await here.stop() == 0)
                operation += 9
            }
            #expect(operation > 40)
        }

        @Test func whatALineTaughtIsNotInTheFileAndThatIsSaid() async throws {
            var frames = ["00-shot.jpg": Pictures.good(1), "99-defect.jpg": Pictures.defective(99)]
            for number in 10..<30 { frames["\(number)-good.jpg"] = Pictures.good(UInt64(number)) }
            let settings = "fit_budget = 1.0\nviews = \"coarse\"\n"
            let line = try Line(frames: frames, method: "auto", extra: settings)
            try await line.start()
            #expect(try await line.fsacctl("add-normal", "\(line.frames)/00-shot.jpg").exitCode == 0)
            #expect(try await line.fsacctl("commission", "--parts", "12").exitCode == 0)
            try await eventually("12 kept parts", within: .seconds(120)) {
                try await line.fsacctl("teach", "--status", "--json").standardOutput.contains(#""kept" : 12"#)
            }
            let taught = try await Program.run(
                "fsacctl", ["teach", "--accept", "--socket", line.socket], folder: line.folder, within: .seconds(300))
            #expect(taught.exitCode == 0, "\(taught.standardError)")
            let file = "\(line.folder)/part.tar"
            let exported = try await line.fsacctl("recipe", "export", file)
            #expect(exported.standardOutput.contains("not in the file: what 12 parts"), "\(exported.standardOutput)")
            let imported = try await Program.run(
                "fsacctl", ["recipe", "import", file, "--as", "cap", "--socket", line.socket], folder: line.folder,
                within: .seconds(300))
            #expect(imported.exitCode == 0, "\(imported.standardError)")
            #expect(imported.standardOutput.contains("warning: not in the file: what 12 parts"))
            #expect(imported.standardOutput.contains("knows the shots alone"))
        }
    }
}
