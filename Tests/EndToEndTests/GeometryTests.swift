import ControlProtocol
import Core
import Foundation
import Testing

extension EndToEndTests {
    @Suite struct GeometryTests {
        private static let frames: [String: [UInt8]] = [
            "1-shot.jpg": Pictures.rod(1, degrees: 10), "2-shot.jpg": Pictures.rod(2, degrees: 100),
            "3-shot.jpg": Pictures.rod(3, degrees: 250), "4-good.jpg": Pictures.rod(4, degrees: 40),
            "5-empty.jpg": Pictures.rod(5, degrees: nil),
        ]

        @Test func aPartThatLiesAnyhowIsFollowedAndAFrameWithoutOneIsInvalid() async throws {
            let line = try Line(frames: Self.frames)
            // This machine may be busy, and nothing here hangs on how well the model knows the part.
            try line.configure(method: "auto", extra: "coreset_budget = 256\nfit_budget = 1.0")
            try await line.start()
            try await line.addShots()
            let records = try await line.inspectByModel(next: 10)
            #expect(records.contains { $0.frame.contains("empty") } && records.contains { $0.frame.contains("good") })
            for record in records {
                if record.frame.contains("empty") {
                    #expect(record.verdict == .invalid && record.cause == "part_not_found", "\(record)")
                } else {
                    #expect(record.verdict != .invalid, "\(record)")
                }
            }
            // Learnt as a shot, it would be good.
            let refused = try await line.fsacctl("add-normal", "\(line.frames)/5-empty.jpg")
            #expect(refused.exitCode == 1 && refused.standardError.contains("finds none in this picture"), "\(refused)")
            let warned = try await line.fsacctl(
                "add-normal", "\(line.frames)/5-empty.jpg", "--force", "--dry-run", "--preview", "1")
            #expect(warned.standardOutput.contains("what is looked at closely would change"), "\(warned)")
            let picture = "\(line.folder)/shots.png"
            let shown = try await line.fsacctl("models", "show", "--picture", picture)
            #expect(shown.exitCode == 0, "\(shown.standardError)")
            #expect(shown.standardOutput.contains("along the part"), "\(shown.standardOutput)")
            #expect(shown.standardOutput.contains("shots.png: 3 of 3 shots"), "\(shown.standardOutput)")
            let sheet = try Image(decoding: [UInt8](Data(contentsOf: URL(filePath: picture))))
            // Two lines of two pictures of 96 x 128, with 8 pixels around each.
            #expect(sheet.height == 216 && sheet.width == 280)
            let yellow = stride(from: 0, to: sheet.pixels.count, by: 3).count {
                sheet.pixels[$0] > 230 && sheet.pixels[$0 + 1] > 180 && sheet.pixels[$0 + 2] < 60
            }
            #expect(yellow > 200)
            #expect(try await line.stop() == 0)
        }

        @Test func whatChoseNothingHasNothingToDraw() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            try await line.addShots()
            let shown = try await line.fsacctl("models", "show", "--picture", "\(line.folder)/shots.png")
            #expect(shown.exitCode == 1 && shown.standardError.contains("nothing to draw"), "\(shown)")
            #expect(try await line.stop() == 0)
        }
    }
}
