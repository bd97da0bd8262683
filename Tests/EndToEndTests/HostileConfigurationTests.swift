import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct HostileConfigurationTests {
        private static let cases = HostileConfigurations.all

        /// The reader in a process of its own: should it trap, the case is named.
        @Test func theCheckRefusesEachWithAMessage() async throws {
            let line = try Line(frames: [:])
            for (name, bytes) in Self.cases {
                try Data(bytes).write(to: URL(filePath: line.configurationPath))
                let reply = try await Program.run(
                    "fsacctl", ["check-config", line.configurationPath], folder: line.folder)
                #expect(reply.exitCode == 1, "\(name): \(reply.exitCode) \(reply.standardError.prefix(500))")
                #expect(reply.standardError.contains("configuration: \(line.configurationPath):"), "\(name)")
            }
        }

        @Test func aReloadWithEachLeavesTheLineRunningAsItWas() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            let good = try Data(contentsOf: URL(filePath: line.configurationPath))
            for (name, bytes) in Self.cases {
                try Data(bytes).write(to: URL(filePath: line.configurationPath))
                let reply = try await line.fsacctl("reload")
                #expect(reply.exitCode != 0, "\(name)")
                #expect(reply.standardError.contains("configuration: \(line.configurationPath):"), "\(name): \(reply)")
                try #require(line.daemon?.isRunning == true, "\(name)")
            }
            try good.write(to: URL(filePath: line.configurationPath))
            let reply = try await line.fsacctl("reload")
            #expect(reply.exitCode == 0, "\(reply.standardError)")
            #expect(try await line.fsacctl("status").standardOutput.contains("part"))
        }

        @Test func aStartWithOneEndsWith78() async throws {
            let line = try Line(frames: Pictures.line)
            try Data("[[[recipe]]]".utf8).write(to: URL(filePath: line.configurationPath))
            let reply = try await Program.run("fsacd", ["--config", line.configurationPath], folder: line.folder)
            #expect(reply.exitCode == 78)
            #expect(reply.standardError.contains("config.toml:1:3: not TOML: expected a key"), "\(reply.standardError)")
        }
    }
}
