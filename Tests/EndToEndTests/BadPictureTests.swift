import ControlProtocol
import Foundation
import Glibc
import Testing

extension EndToEndTests {
    @Suite struct BadPictureTests {
        struct Case: CustomTestStringConvertible, Sendable {
            let testDescription: String
            /// A word that the message needs to say what is wrong.
            let word: String
            let make: @Sendable (_ path: String) throws -> Void

            init(_ description: String, says word: String, _ make: @escaping @Sendable (_ path: String) throws -> Void)
            {
                testDescription = description
                self.word = word
                self.make = make
            }

            init(_ description: String, says word: String, bytes: [UInt8]) {
                self.init(description, says: word) { try Data(bytes).write(to: URL(filePath: $0)) }
            }
        }

        static let cases = [
            Case("no picture", says: "JPEG", bytes: BadPictures.notAnImage),
            Case("truncated", says: "JPEG", bytes: BadPictures.truncated),
            Case("1 x 1", says: "1 x 1", bytes: BadPictures.onePixel),
            Case("30000 x 30000", says: "30000", bytes: BadPictures.huge),
            Case("CMYK", says: "CMYK", bytes: BadPictures.cmyk),
            Case("empty", says: "", bytes: []),
            Case("pipe", says: "regular file") { path in _ = mkfifo(path, 0o600) },
            Case("folder", says: "regular file") { path in _ = mkdir(path, 0o700) },
            Case("missing", says: "No such file") { _ in },
        ]

        @Test func badPicturesAreRefusedWithAReasonAndChangeNothing() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            for (number, bad) in Self.cases.enumerated() {
                let path = "\(line.folder)/bad-\(number).jpg"
                try bad.make(path)
                let reply = try await Program.run(
                    "fsacctl", ["add-normal", path, "--socket", line.socket], folder: line.folder, within: .seconds(5))
                #expect(reply.exitCode == 1, "\(bad.testDescription)")
                #expect(reply.standardError.contains(path), "\(bad.testDescription): \(reply.standardError)")
                #expect(
                    bad.word.isEmpty || reply.standardError.contains(bad.word),
                    "\(bad.testDescription): \(reply.standardError)")
            }
            let status = try await line.status()
            #expect(status.recipes[0].shots == 3)
            #expect(status.recipes[0].model?.generation == 1)
            #expect(status.recipes[0].fit.message == nil)
        }

        @Test func aBadPictureAmongGoodOnesIsTheOnlyOneLeftOut() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            let bad = try line.file("bad.jpg", BadPictures.truncated)
            let reply = try await line.fsacctl(
                "add-normal", bad, "\(line.frames)/1-shot.jpg", "\(line.frames)/2-shot.jpg")
            #expect(reply.exitCode == 1)
            #expect(try await line.status().recipes[0].model?.shots.count == 2)
        }

        /// It would clear the screen, and the line below it look like a verdict.
        @Test func aFileNameThatATerminalWouldObeyIsShownInstead() async throws {
            let name = "\u{1B}[2J\nOK.jpg"
            let line = try Line(frames: [name: BadPictures.notAnImage])
            try await line.start()
            _ = try await line.inspect(next: 1)
            // The first: later ones are the same picture again, as of a camera that is frozen.
            let record = try #require(try line.journal.records.first)
            #expect(record.frame == name && record.cause == "decode_failed")
            #expect(try line.journal.lines.allSatisfy { $0.contains(#""detail":""#) && !$0.contains("\u{1B}") })
            try await eventually("the warning in the log") {
                line.daemonMessages.contains { $0.contains(#"\u{1B}[2J OK.jpg"#) }
            }
            #expect(!line.daemonMessages.contains { $0.contains("\u{1B}") || $0.hasPrefix("OK.jpg") })
            let path = "\(line.frames)/\(name)"
            for arguments in [["tail"], ["status"], ["add-normal", path], ["score", path, "--shots", line.frames]] {
                let socket = arguments[0] == "score" ? [] : ["--socket", line.socket]
                let output = try await Program.run("fsacctl", arguments + socket, folder: line.folder)
                #expect(!(output.standardOutput + output.standardError).contains("\u{1B}"), "\(arguments)")
            }
        }

        @Test func offlineCommandsRefuseThemToo() async throws {
            let folder = "/tmp/fsac-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            for (number, bad) in Self.cases.enumerated() where bad.testDescription != "1 x 1" {
                let path = "\(folder)/bad-\(number).jpg"
                try bad.make(path)
                let reply = try await Program.run(
                    "fsacctl",
                    ["embed", path, "--models", Weights.directory, "--output", "\(folder)/out.safetensors"],
                    folder: folder, within: .seconds(10))
                #expect(reply.exitCode != 0 && reply.exitCode > 0, "\(bad.testDescription): \(reply.exitCode)")
                #expect(!reply.standardError.isEmpty, "\(bad.testDescription)")
                #expect(!FileManager.default.fileExists(atPath: "\(folder)/out.safetensors"), "\(bad.testDescription)")
            }
        }
    }
}
