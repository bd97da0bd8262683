import Foundation
import Glibc
import Testing

extension EndToEndTests {
    /// What people type without looking it up.
    @Suite struct HabitTests {
        private let folder: String

        init() throws {
            folder = "/tmp/fsac-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }

        private func clean() { try? FileManager.default.removeItem(atPath: folder) }

        private func fsacctl(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program.Output
        {
            try await Program.run("fsacctl", arguments, folder: folder, within: .seconds(120), environment: environment)
        }

        private func shell(_ text: String) async throws -> Program.Output {
            let script = "\(folder)/script.sh"
            try "#!/bin/sh\n\(text)\n".write(toFile: script, atomically: true, encoding: .utf8)
            chmod(script, 0o755)
            return try await Program.run(script, [], folder: folder)
        }

        @Test func aLineShowsItsDateItsFileItsPartAndTheCauseInFull() async throws {
            defer { clean() }
            let today = Date.now.formatted(.iso8601.year().month().day())
            let daemon = try ScriptedDaemon(
                folder: folder,
                lines: [
                    ScriptedDaemon.line(
                        7, "2026-01-02T03:04:05.678901Z", frame: "left 7.png",
                        #""part":"A-7","verdict":"OK","score":1,"limit":2"#),
                    ScriptedDaemon.line(
                        8, "2026-01-02T03:04:06.678901Z", frame: "4711",
                        #""verdict":"INVALID","cause":"frame_dark","detail":"mean grey level 1.5, expected at least 4.0""#
                    ),
                    ScriptedDaemon.line(
                        9, "\(today)T00:00:00.000000Z", frame: "x.png", #""verdict":"NG","score":3,"limit":2"#),
                ])
            for command in ["tail", "history"] {
                let shown = try await fsacctl(command, "--socket", daemon.socket, environment: ["TZ": "UTC"])
                let lines = shown.standardOutput.split(separator: "\n")
                try #require(lines.count == 3, "\(shown.standardOutput) \(shown.standardError)")
                #expect(lines[0].hasPrefix("2026-01-02 03:04:05.678 ") && lines[0].contains("  A-7  left 7.png  left"))
                #expect(
                    lines[1].contains("frame_dark: mean grey level 1.5, expected at least 4.0  ")
                        && !lines[1].contains("4711"))
                #expect(
                    lines[2].hasPrefix("00:00:00.000 ") || Date.now.formatted(.iso8601.year().month().day()) != today)
            }
        }

        @Test func anAnswerThatIsCutSaysSo() async throws {
            defer { clean() }
            let line = ScriptedDaemon.line(7, "2026-01-02T03:04:05.678901Z", frame: "a.png", #""verdict":"OK""#)
            let daemon = try ScriptedDaemon(folder: folder, lines: [line], end: ["fsac-next: 8", "fsac-before: 7"])
            let since = try await fsacctl("history", "--since", "7", "--limit", "1", "--socket", daemon.socket)
            #expect(since.standardError == "fsacctl: cut at --limit 1, there is more: go on with --since 8\n")
            let newest = try await fsacctl("history", "--json", "--socket", daemon.socket)
            #expect(newest.standardOutput == line + "\n")
            #expect(newest.standardError.contains("the newest 100 are shown: --limit N shows more"), "\(newest)")
            let part = try await fsacctl("tail", "--part", "A-7", "--socket", daemon.socket)
            #expect(
                part.standardError.contains("what is older than number 7 was not looked at"), "\(part.standardError)")
            #expect(try await fsacctl("tail", "-1", "--socket", daemon.socket).standardError.isEmpty)
        }

        @Test func theNumberOfLinesIsWrittenAsEverywhere() async throws {
            let line = try Line(frames: Pictures.line)
            try line.configure(camera: "repeat = false")
            try await line.start()
            try await line.inspect(until: 6)
            let all = try await line.fsacctl("history", "--json").standardOutput.split(separator: "\n")
            for form in [["-n2"], ["-n", "2"], ["-2"], ["--lines", "2"], ["--lines=2"]] {
                let shown = try await Program.run(
                    "fsacctl", ["tail"] + form + ["--json", "--socket", line.socket], folder: line.folder)
                #expect(shown.standardOutput.split(separator: "\n") == all.suffix(2), "\(form): \(shown.standardError)")
            }
            #expect(
                try await line.fsacctl("history", "-n3", "--json").standardOutput.split(separator: "\n")
                    == all.suffix(3))
            #expect(try await line.fsacctl("events", "-1").standardOutput.split(separator: "\n").count == 1)
            #expect(try await line.fsacctl("tail", "-x1").exitCode == 64)
            for form in ["-fn1", "-1f", "-f -n 1", "-F -n1"] {
                let first = try await shell(
                    "'\(Program.folder)/fsacctl' tail \(form) --socket \(line.socket) | head -1")
                #expect(first.standardOutput.contains("INVALID  no_model"), "\(form): \(first.standardError)")
            }
            #expect(try await line.stop() == 0)
            clean()
        }

        /// Nothing comes any more, so nothing is written that could fail.
        @Test func aFollowerEndsWithItsReader() async throws {
            defer { clean() }
            let line = ScriptedDaemon.line(7, "2026-01-02T03:04:05.678901Z", frame: "a.png", #""verdict":"OK""#)
            let daemon = try ScriptedDaemon(folder: folder, lines: [line], staysOpen: true)
            let first = try await shell(
                "'\(Program.folder)/fsacctl' events -f --json --socket \(daemon.socket) | head -1")
            #expect(first.exitCode == 0 && first.standardOutput == line + "\n", "\(first)")
        }

        @Test func aStretchBeginsWithANumberOrATime() async throws {
            defer { clean() }
            let line = try Line(frames: Pictures.line)
            try line.configure(camera: "repeat = false")
            try await line.start()
            try await line.inspect(until: 6)
            let all = try await line.fsacctl("history", "--json").standardOutput
            for since in ["1", "2026-01-02", "2026-01-02 03:04", "2026-01-02 03:04:05", "2026-01-02T03:04:05Z"] {
                #expect(try await line.fsacctl("history", "--since", since, "--json").standardOutput == all, "\(since)")
            }
            #expect(try await line.fsacctl("history", "--since", "2999-01-01").standardOutput.isEmpty)
            // A minute ago on the clock on the wall, yesterday's if that was before midnight.
            let minuteAgo = Date(timeIntervalSinceNow: -60).formatted(
                .verbatim(
                    "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits)",
                    timeZone: .current, calendar: .current))
            #expect(try await line.fsacctl("history", "--since", minuteAgo, "--json").standardOutput == all)
            for wrong in ["noon", "25:00", "2026-02-30", "12:60", " ", ""] {
                #expect(try await line.fsacctl("history", "--since", wrong).exitCode == 64, "\(wrong)")
            }
            #expect(try await line.fsacctl("history", "--part", "A-1").standardOutput.isEmpty)
            #expect(try await line.stop() == 0)
        }

        @Test func aConfigurationIsNamedAloneOrByAnOption() async throws {
            defer { clean() }
            let line = try Line(frames: Pictures.line)
            let path = line.configurationPath
            for arguments in [[path], ["--config", path]] {
                let daemon = try await Program.run("fsacd", arguments + ["--check"], folder: folder)
                #expect(daemon.exitCode == 0 && daemon.standardOutput == "\(path): valid\n", "\(daemon)")
                let client = try await Program.run("fsacctl", ["check-config"] + arguments, folder: folder)
                #expect(client.exitCode == 0 && client.standardOutput == "\(path): valid\n", "\(client)")
            }
            #expect(try await Program.run("fsacd", [path, "--config", path], folder: folder).exitCode == 64)
            let running = try Program("fsacd", [path], folder: folder, label: "alone")
            try await eventually("the daemon to answer") { try await line.fsacctl("status").exitCode == 0 }
            running.send(SIGTERM)
            #expect(try await running.exitCode() == 0)
        }

        @Test func whatIsMostLikelyNotMeantIsAWarning() async throws {
            defer { clean() }
            try FileManager.default.createDirectory(atPath: "\(folder)/one", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "\(folder)/one")
            let cameras = [("a", "one"), ("b", "link"), ("c", "none")].map { name, path in
                "[[camera]]\nname = \"\(name)\"\nsource = \"folder\"\npath = \"\(folder)/\(path)\"\n"
            }
            let path = "\(folder)/config.toml"
            try """
            state_directory = "\(folder)/state"
            models_directory = "\(Weights.directory)"
            compute_threads = 256
            \(cameras.joined())
            [recipe]
            name = "part"
            backbone = "efficientnet-lite0"
            method = "patch-memory"

            """.write(toFile: path, atomically: true, encoding: .utf8)
            let checks = [
                try await fsacctl("check-config", path),
                try await Program.run("fsacd", ["--check", path], folder: folder),
            ]
            for check in checks {
                #expect(check.exitCode == 0 && check.standardOutput == "\(path): valid\n", "\(check)")
                let warnings = check.standardError.split(separator: "\n")
                try #require(warnings.count == 3, "\(check.standardError)")
                #expect(warnings[0].contains("warning: compute_threads: got 256"))
                #expect(warnings[1].contains("warning: camera c: path: \(folder)/none: No such file or directory"))
                #expect(warnings[2].contains("warning: camera b: path: \(folder)/link is also a's"))
            }
        }

        @Test func aLimitByHandFarFromTheShotsIsAWarning() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            // A slip of the finger: refused, and why is said once.
            let slip = try await line.fsacctl("limit", "set", "40")
            #expect(slip.exitCode == 1 && slip.standardError.contains("--force"), "\(slip)")
            #expect(!slip.standardOutput.contains("--force"), "\(slip)")
            _ = try await line.fsacctl("limit", "set", "40", "--force")
            #expect(try await line.stop() == 0)
            let far = try await Program.run("fsacctl", ["check-config", line.configurationPath], folder: line.folder)
            #expect(
                far.exitCode == 0 && far.standardError.contains("recipe part: the limit by hand, 40.0000, is far from"),
                "\(far)")
            try await line.start()
            _ = try await line.fsacctl("limit", "auto", "--force")
            #expect(try await line.stop() == 0)
            let none = try await Program.run("fsacctl", ["check-config", line.configurationPath], folder: line.folder)
            #expect(!none.standardError.contains("by hand"), "\(none.standardError)")
            clean()
        }
    }
}
