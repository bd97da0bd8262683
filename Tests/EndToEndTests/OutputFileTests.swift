import Core
import Foundation
import Testing

extension EndToEndTests {
    /// Files that commands write where they are told to.
    @Suite struct OutputFileTests {
        private let folder: String

        init() throws {
            folder = FileManager.default.temporaryDirectory.path + "/fsac-output-\(UUID().uuidString)"
            for part in ["a", "b", "set/train/good", "set/test/good", "set/test/blot"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
            }
            for seed in 1...2 {
                try write(Pictures.good(UInt64(seed)), "set/train/good/\(seed).jpg")
                try write(Pictures.good(UInt64(10 + seed)), "set/test/good/\(seed).jpg")
                try write(Pictures.defective(UInt64(20 + seed)), "set/test/blot/\(seed).jpg")
            }
            try write(Array("a file".utf8), "file")
        }

        private func write(_ bytes: [UInt8], _ path: String) throws {
            try Data(bytes).write(to: URL(filePath: "\(folder)/\(path)"))
        }

        private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(path)") }

        private func fsacctl(_ arguments: [String]) async throws -> Program.Output {
            try await Program.run("fsacctl", arguments, folder: folder, within: .seconds(120))
        }

        private var fit: [String] {
            [
                "--models", Weights.directory, "--weights", "efficientnet-lite0", "--method", "patch-memory", "--size",
                "160",
            ]
        }

        @Test func heatMapsGoIntoAFolderThatIsMadeAndNoneTakesTheOthersPlace() async throws {
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let pictures = ["good/1", "blot/1", "blot/2"].map { "\(folder)/set/test/\($0).jpg" }
            let shots = (1...2).map { "\(folder)/set/train/good/\($0).jpg" }
            let scored = try await fsacctl(
                ["score"] + pictures + ["--shots"] + shots + ["--heatmap", "\(folder)/deep/er"] + fit)
            #expect(scored.exitCode == 0, "\(scored.standardError)")
            for name in ["good-1", "blot-1", "2"] { #expect(exists("deep/er/\(name).heatmap.png"), "\(name)") }
        }

        @Test func aReportIsTheFileThatItIsCalled() async throws {
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let evaluate = ["evaluate", "\(folder)/set", "--shots", "1", "--no-cache"] + fit
            let page = try await fsacctl(
                evaluate + ["--report", "\(folder)/x/out.html", "--csv", "\(folder)/y/runs.csv"])
            #expect(page.exitCode == 0, "\(page.standardError)")
            let text = try String(contentsOfFile: "\(folder)/x/out.html", encoding: .utf8)
            #expect(text.hasSuffix("</html>\n") && exists("y/runs.csv"))
        }

        /// In the words of the project: a path and the system's reason. Foundation's own are for who debugs a program.
        @Test(arguments: [
            ["score", "{}/set/test/good/1.jpg", "--shots", "{}/set/train/good/1.jpg", "--heatmap", "{}/file"],
            ["score", "{}/set/test/good/1.jpg", "--shots", "{}/set/train/good/1.jpg", "--heatmap", "/proc/none"],
            ["score", "{}/none.jpg", "--shots", "{}/set/train/good/1.jpg"],
            ["score", "{}/set/test/good/1.jpg", "--model", "{}/none"],
            ["evaluate", "{}/set", "--shots", "1", "--report", "{}/file"],
            ["evaluate", "{}/set", "--shots", "1", "--report", "{}/file/out.html"],
            ["evaluate", "{}/set", "--shots", "1", "--csv", "/proc/none/runs.csv"],
            ["evaluate", "{}/set", "--shots", "1", "--csv", "{}/set"], ["evaluate", "{}/none"],
            ["evaluate", "{}/file"],
            ["synthesize", "{}/set", "--output", "{}/file"], ["synthesize", "{}/set", "--output", "/proc/none"],
            ["synthesize", "{}/none", "--output", "{}/new"],
            ["bench", "--frame", "{}/none", "--frame-format", "MJPG:64x48"],
            ["check-config", "{}/none.toml"], ["check-config", "{}/set"], ["model", "list", "--models", "{}/none"],
            ["model", "import", "{}/none", "--name", "x", "--models", "{}/file"],
            ["embed", "{}/none.jpg", "--output", "{}/new"],
            ["verify", "--state", "{}/none"],
            ["adapt", "{}/none", "--backbone", "none", "--name", "x", "--models", "{}/file"],
        ])
        func noCommandShowsAnErrorOfTheLibrary(arguments: [String]) async throws {
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let known = arguments.map { $0.replacing("{}", with: folder) }
            let options = ["score": fit, "evaluate": fit, "bench": Array(fit.prefix(4)), "embed": Array(fit.prefix(4))]
            let reply = try await fsacctl(known + (options[arguments[0]] ?? []))
            let said = reply.standardError
            for raw in [
                "Error Domain", "NSCocoa", "Cocoa", "couldn’t", "doesn’t exist", "DecodingError", "codingPath",
                "POSIXError",
            ] {
                #expect(!said.contains(raw), "\(said)")
            }
            if arguments != ["model", "list", "--models", "{}/none"] {
                #expect(reply.exitCode == 1, "\(known): \(reply.exitCode) \(said)")
                #expect(said.contains(folder) || said.contains("/proc/none"), "\(said)")
            }
        }
    }
}
