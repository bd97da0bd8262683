import Core
import Foundation
import Testing

extension EndToEndTests {
    /// Pictures of few bytes and many pixels.
    @Suite struct LargePictureTests {
        /// Of the daemon, the most memory that it has ever had, in MiB.
        private func peak(_ line: Line) throws -> Int {
            let id = try #require(line.daemon).processIdentifier
            let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
            let kilobytes = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/)).1
            return try #require(Int(kilobytes)) / 1024
        }

        @Test func aPictureOf49MegapixelsCostsAFractionOfItsPixels() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let before = try peak(line)
            let picture = Image(height: 7000, width: 7000, pixels: [UInt8](repeating: 90, count: 7000 * 7000 * 3))
            for (name, bytes) in [
                ("large.png", picture.pngBytes()), ("large.jpg", picture.jpegBytes(qualityPercent: 80)),
            ] {
                let reply = try await line.fsacctl("add-normal", line.file(name, bytes), "--dry-run", "--force")
                #expect(reply.exitCode == 0, "\(reply.standardError)")
            }
            // Its pixels are 140 MiB. The scene's statistics and the features are of the reduced picture.
            #expect(try peak(line) - before < 140)
        }

        @Test func whatTheLineRefusesEndsWith1AndTheCommandsName() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            for arguments in [
                ["normals", "show", "123456", "--json"], ["normals", "show", "123456", "--output", "/dev/null"],
                ["models", "rollback"], ["refit"],
            ] {
                let reply = try await Program.run(
                    "fsacctl", arguments + ["--socket", line.socket], folder: line.folder)
                #expect(reply.exitCode == 1 && reply.standardError.hasPrefix("fsacctl: "), "\(arguments): \(reply)")
            }
            let usage = try await line.fsacctl("limit", "set", "-1")
            #expect(usage.exitCode == 64 && usage.standardError.hasPrefix("fsacctl: "), "\(usage)")
        }
    }
}
