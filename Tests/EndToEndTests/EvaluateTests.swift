import Core
import Foundation
import Testing

extension EndToEndTests {
    @Suite struct EvaluateTests {
        private let folder: String

        init() throws {
            folder = FileManager.default.temporaryDirectory.path + "/fsac-evaluate-\(UUID().uuidString)"
            for number in 0..<4 { try write(Pictures.good(UInt64(number)), "set/train/good/\(number).jpg") }
            for number in 0..<3 {
                try write(Pictures.good(UInt64(20 + number)), "set/test/good/\(number).jpg")
                try write(Pictures.defective(UInt64(30 + number)), "set/test/blot/\(number).jpg")
            }
        }

        private func write(_ bytes: [UInt8], _ path: String) throws {
            let url = URL(filePath: folder + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }

        private func evaluate(_ options: String...) async throws -> Program.Output { try await evaluate(options) }

        private func evaluate(_ options: [String]) async throws -> Program.Output {
            try await Program.run(
                "fsacctl",
                [
                    "evaluate", folder + "/set", "--shots", "1,2", "--seeds", "2", "--models", Weights.directory,
                    "--cache", folder + "/cache",
                ] + options, folder: folder, within: .seconds(120))
        }

        @Test func oneCallMakesTableReportAndJSONAndTheNextIsQuick() async throws {
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let first = try await evaluate(
                "--json", "--csv", folder + "/runs.csv", "--report", folder + "/report", "--pictures", "2")
            #expect(first.exitCode == 0, "\(first.standardError)")
            let csv = try String(contentsOfFile: folder + "/runs.csv", encoding: .utf8)
            #expect(csv.components(separatedBy: "\r\n").count == 6)
            let page = try String(contentsOfFile: folder + "/report/index.html", encoding: .utf8)
            #expect(page.contains("<svg") && page.hasSuffix("</html>\n"))
            let report = try Self.results(first)
            #expect(report.compactMap { $0["i_auroc"] as? Double } == [1, 1])
            let second = try await evaluate("--json", "--pictures", "2")
            for (old, new) in zip(report, try Self.results(second)) {
                #expect(old["ms_per_image"] as? Double == new["ms_per_image"] as? Double)
                let runs = try #require(new["runs"] as? [[String: Any]])
                #expect(runs.allSatisfy { $0["cached"] as? Bool == true && ($0["pictures"] as? [Any])?.count == 4 })
            }
            // Other pictures: another test.
            let third = try await evaluate()
            #expect(third.standardOutput.contains("4 runs\n"), "\(third.standardOutput)")
        }

        @Test func theOptionsOfAllMethodsAreToldOfAndCheckedByTheMethod() async throws {
            defer { try? FileManager.default.removeItem(atPath: folder) }
            for command in ["evaluate", "score", "bench"] {
                let help = try await Program.run("fsacctl", [command, "--help"], folder: folder)
                let words = help.standardOutput.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                for option in Methods.options {
                    #expect(words.contains("--\(option.key.replacing("_", with: "-"))"))
                    for use in option.uses { #expect(words.contains(use.text), "\(use.text)") }
                }
                for method in Methods.all { #expect(words.contains("\(method.name): \(method.about.text).")) }
            }
            for (options, complaint) in [
                (
                    ["--method", "padim", "--fit-budget", "3"],
                    "--fit-budget: not an option of padim, which has local-averaging, aggregation and dimensions: leave "
                        + "it out, or choose auto or fsac"
                ),
                (
                    ["--method", "padim", "--aggregation", "patchcore"],
                    "--aggregation: expected \"top_percent\" or \"maximum\" for padim, got \"patchcore\""
                ),
                (
                    ["--method", "padim", "--dimensions", "many"],
                    "--dimensions: expected a whole number from 1 to 4096"
                ),
                (["--method", "spade", "--no-foreground"], "--foreground: not an option of spade"),
                (["--method", "other"], "'other' is invalid for '--method"),
            ] {
                let output = try await evaluate(options)
                #expect(output.exitCode == 64 && output.standardError.contains(complaint), "\(output.standardError)")
            }
        }

        private static func results(_ output: Program.Output) throws -> [[String: Any]] {
            let json = try JSONSerialization.jsonObject(with: Data(output.standardOutput.utf8)) as? [String: Any]
            return try #require(json?["results"] as? [[String: Any]])
        }
    }
}
