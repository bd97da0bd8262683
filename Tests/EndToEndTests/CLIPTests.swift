import ControlProtocol
import Core
import Foundation
import Testing

extension EndToEndTests {
    /// What a user with OpenCLIP weights in a folder does. The weights are random, so nothing here says how well it works.
    @Suite struct CLIPTests {
        private let folder: String

        init() throws {
            folder = FileManager.default.temporaryDirectory.path + "/fsac-clip-\(UUID().uuidString)"
            try TinyCLIP.write(to: folder + "/clip")
        }

        /// The line's configuration with other lines in place of some.
        private func configure(_ line: Line, _ changes: [String: String]) throws {
            var text = try String(contentsOfFile: line.configurationPath, encoding: .utf8)
            for (old, new) in changes {
                try #require(text.contains("\n\(old)\n"))
                text = text.replacing("\n\(old)\n", with: "\n\(new)\n")
            }
            try text.write(toFile: line.configurationPath, atomically: true, encoding: .utf8)
        }

        @Test func theDaemonInspectsWithCLIPFSACAndWeightsInAFolder() async throws {
            defer { try? FileManager.default.removeItem(atPath: folder) }  // what is left breaks no test
            let line = try Line(frames: Pictures.line)
            try configure(
                line,
                [
                    "backbone = \"efficientnet-lite0\"": "backbone = \"\(folder)/clip\"\nobject = \"metal cap\"",
                    "method = \"patch-memory\"": "method = \"clip-fsac\"\nepochs = 8",
                    "input_size = 160": "input_size = 0",
                ])
            try await line.start()
            try await line.addShots()
            let records = try await line.inspectByModel(next: 6)
            for record in records {
                let (score, limit) = (try #require(record.score), try #require(record.limit))
                #expect(score > 0 && (score > limit) == (record.verdict == .ng))
                // Pictures follow the line.
                let path = "\(line.state)/\(try #require(record.heatmap))"
                try await eventually("the heat map") { FileManager.default.fileExists(atPath: path) }
                #expect(try Image(decoding: Array(Data(contentsOf: URL(filePath: path)))).height == Pictures.height)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: line.state + "/text-anchors").count == 1)
            let shown = try await line.fsacctl("models", "show")
            #expect(shown.standardOutput.contains("synthetic anomalies above good pictures"), "\(shown)")
            #expect(try await line.stop() == 0)
            // The generation is read again at the next start, and goes on where it was.
            try await line.start()
            let next = try await line.inspect(next: 6)
            #expect(next.contains { $0.generation == records[0].generation && $0.score != nil })
            #expect(try await line.stop() == 0)
        }

        @Test(arguments: ["clip-fsac", "winclip", "clip-zero-shot", "auto", "patch-memory"])
        func everyMethodThatReadsIsEvaluated(_ method: String) async throws {
            defer { try? FileManager.default.removeItem(atPath: folder) }  // what is left breaks no test
            for (place, pictures) in [
                ("train/good", (0..<2).map { Pictures.good($0) }), ("test/good", (20..<22).map { Pictures.good($0) }),
                ("test/blot", (30..<32).map { Pictures.defective($0) }),
            ] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/set/\(place)", withIntermediateDirectories: true)
                for (number, bytes) in pictures.enumerated() {
                    try Data(bytes).write(to: URL(filePath: "\(folder)/set/\(place)/\(number).jpg"))
                }
            }
            let output = try await Program.run(
                "fsacctl",
                [
                    "evaluate", folder + "/set", "--shots", "1,2", "--backbone", folder + "/clip", "--method", method,
                    "--no-cache", "--json",
                ] + (method == "clip-fsac" ? ["--epochs", "8"] : []), folder: folder, within: .seconds(120))
            #expect(output.exitCode == 0, "\(output.standardError)")
            let json = try JSONSerialization.jsonObject(with: Data(output.standardOutput.utf8)) as? [String: Any]
            let results = try #require(json?["results"] as? [[String: Any]])
            #expect(results.count == 2 && results.allSatisfy { $0["i_auroc"] is Double })
        }

        @Test func aNameThatTheTokenizerWouldHaveToRepairIsRefused() async throws {
            defer { try? FileManager.default.removeItem(atPath: folder) }  // what is left breaks no test
            let output = try await Program.run(
                "fsacctl",
                [
                    "score", "1.jpg", "--backbone", folder + "/clip", "--method", "winclip",
                    "--object", "nut &amp; bolt", "--shots", "2.jpg",
                ], folder: folder, within: .seconds(60))
            #expect(output.exitCode == 64)
            #expect(output.standardError.contains("--object: expected a text without HTML's references"), "\(output)")
        }

        @Test func aMethodThatReadsNeedsABackboneThatReads() async throws {
            defer { try? FileManager.default.removeItem(atPath: folder) }  // what is left breaks no test
            let line = try Line(frames: Pictures.line)
            try configure(line, ["method = \"patch-memory\"": "method = \"winclip\"", "rotations = 1": ""])
            let daemon = try line.launch()
            #expect(try await daemon.exitCode(within: .seconds(15)) == 78)
            #expect(
                daemon.standardError.contains(
                    "recipe part: method: expected a CLIP backbone for winclip, got efficientnet-lite0"),
                "\(daemon.standardError)")
        }
    }
}
