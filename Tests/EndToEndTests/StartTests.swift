import ControlProtocol
import Foundation
import Testing

extension EndToEndTests {
    @Suite struct StartTests {
        @Test(arguments: [
            ("rotatoins = 2", "rotatoins", "rotations"),
            ("smoothing = 99", "smoothing", "10"),
            ("layers = \"all\"", "layers", "list"),
            ("local_averaging = maybe", "", ""),
        ])
        func aWrongConfigurationEndsWith78AndNamesLineAndKey(line wrong: String, key: String, hint: String) async throws
        {
            let line = try Line(frames: Pictures.line)
            try line.configure(extra: wrong)
            let text = try String(contentsOfFile: line.configurationPath, encoding: .utf8)
            let number =
                try #require(text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0 == wrong })
                + 1
            let reply = try await Program.run("fsacd", ["--config", line.configurationPath], folder: line.folder)
            #expect(reply.exitCode == 78)
            #expect(reply.standardError.contains("config.toml:\(number)"), "\(reply.standardError)")
            #expect(key.isEmpty || reply.standardError.contains(key), "\(reply.standardError)")
            #expect(hint.isEmpty || reply.standardError.contains(hint), "\(reply.standardError)")
            #expect(!FileManager.default.fileExists(atPath: line.state))
        }

        @Test(arguments: ["backbone = \"none-such\"", "input_size = 161"])
        func whatTheDaemonRefusesTheCheckRefusesToo(line wrong: String) async throws {
            let line = try Line(frames: Pictures.line)
            let good = try await Program.run("fsacctl", ["check-config", line.configurationPath], folder: line.folder)
            #expect(good.exitCode == 0, "\(good.standardError)")
            let key = String(wrong.prefix { $0 != " " })
            let text = try String(contentsOfFile: line.configurationPath, encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            try lines.map { $0.hasPrefix("\(key) =") ? wrong : String($0) }.joined(separator: "\n")
                .write(toFile: line.configurationPath, atomically: true, encoding: .utf8)
            let check = try await Program.run("fsacctl", ["check-config", line.configurationPath], folder: line.folder)
            let start = try await Program.run("fsacd", ["--config", line.configurationPath], folder: line.folder)
            #expect(check.exitCode == 1)
            #expect(start.exitCode == 78)
            #expect(check.standardError.contains("recipe part: \(key)"), "\(check.standardError)")
        }

        @Test func aMissingConfigurationEndsWith78() async throws {
            let line = try Line(frames: [:])
            let reply = try await Program.run("fsacd", ["--config", "\(line.folder)/none.toml"], folder: line.folder)
            #expect(reply.exitCode == 78)
            #expect(reply.standardError.contains("none.toml"))
        }

        @Test func wrongFlagsEndWith64() async throws {
            let line = try Line(frames: [:])
            #expect(try await Program.run("fsacd", ["--frobnicate"], folder: line.folder).exitCode == 64)
        }

        @Test func aSecondDaemonOnTheSameStateEndsWith75AndTheFirstGoesOn() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            let second = try await Program.run("fsacd", ["--config", line.configurationPath], folder: line.folder)
            #expect(second.exitCode == 75)
            #expect(!second.standardError.isEmpty)
            #expect(try await line.inspect(next: 5).count >= 5)
            #expect(try await line.stop() == 0)
        }

        @Test func aRemovedLockLetsNoSecondDaemonIn() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try FileManager.default.removeItem(atPath: "\(line.state)/lock")
            let second = try await Program.run("fsacd", ["--config", line.configurationPath], folder: line.folder)
            #expect(second.exitCode == 75, "\(second.standardError)")
            #expect(try await line.inspect(next: 5).count >= 5)
            #expect(try await line.stop() == 0)
            // Reads only when each number is there once.
            _ = try line.journal
        }

        @Test func aLinkInTheLocksPlaceEndsWith78AndIsNotFollowed() async throws {
            let line = try Line(frames: Pictures.line)
            try FileManager.default.createDirectory(atPath: line.state, withIntermediateDirectories: true)
            let target = try line.file("precious", Array("precious".utf8))
            try FileManager.default.createSymbolicLink(
                atPath: "\(line.state)/lock", withDestinationPath: target)
            let reply = try await Program.run("fsacd", ["--config", line.configurationPath], folder: line.folder)
            #expect(reply.exitCode == 78)
            #expect(reply.standardError.contains("symbolic link"), "\(reply.standardError)")
            #expect(try String(contentsOfFile: target, encoding: .utf8) == "precious")
        }

        @Test func withoutADaemonTheClientSaysSoWith69() async throws {
            let line = try Line(frames: [:])
            let reply = try await line.fsacctl("status")
            #expect(reply.exitCode == 69)
            #expect(reply.standardError.contains(line.socket))
        }

        @Test func aSocketThatNobodyListensAtIsToldFromNone() async throws {
            let line = try Line(frames: [:])
            let none = try await line.fsacctl("status")
            #expect(none.standardError.contains("there is no such socket"), "\(none.standardError)")
            // Python leaves the socket behind, as a daemon does that was killed.
            try Process.run(
                URL(filePath: "/usr/bin/python3"),
                arguments: ["-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", line.socket]
            ).waitUntilExit()
            let deaf = try await line.fsacctl("status")
            #expect(deaf.exitCode == 69)
            #expect(deaf.standardError.contains("systemctl start fsacd"), "\(deaf.standardError)")
            let long = try await Program.run(
                "fsacctl", ["status", "--socket", "/tmp/" + String(repeating: "x", count: 200)], folder: line.folder)
            #expect(long.exitCode == 69)
            #expect(long.standardError.contains("too long"), "\(long.standardError)")
        }

        @Test func weightsCutAnywhereAreNamedAndMakeEveryPartInvalid() async throws {
            let models = "/tmp/fsac-models-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: models) }
            let weights = "\(models)/efficientnet-lite0.safetensors"
            try FileManager.default.copyItem(
                atPath: "\(Weights.directory)/efficientnet-lite0.json", toPath: "\(models)/efficientnet-lite0.json")
            try FileManager.default.copyItem(
                atPath: "\(Weights.directory)/efficientnet-lite0.safetensors", toPath: weights)
            let whole = try Data(contentsOf: URL(filePath: weights))

            let line = try Line(frames: Pictures.line, models: models)
            try await line.start()
            try await line.addShots()
            #expect(try await line.stop() == 0)
            for cut in [0, 5, 1000, whole.count / 2, whole.count - 1] {
                try whole.prefix(cut).write(to: URL(filePath: weights))
                try await line.start()
                let records = try await line.inspect(next: 3)
                #expect(records.allSatisfy { $0.verdict == .invalid }, "cut at \(cut)")
                let reason = try await line.status().reason ?? ""
                #expect(reason.contains("efficientnet-lite0"), "cut at \(cut): \(reason)")
                #expect(try await line.stop() == 0)
            }
            try whole.write(to: URL(filePath: weights))
            try await line.start()
            #expect(try await line.inspect(next: 6).allSatisfy { $0.verdict != .invalid })
        }
    }
}
