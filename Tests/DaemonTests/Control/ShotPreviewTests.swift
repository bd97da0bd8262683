import ControlProtocol
import Core
import Daemon
import Foundation
import TestSupport
import Testing

/// What is said of a shot before it is one, and when that keeps it out.
@Suite(.timeLimit(.minutes(1))) struct ShotPreviewTests {
    /// Each more shot moves the limit ten up and lowers all scores. A picture's score is its shade, divided by the generation.
    private func desensitised() -> RecipeMethod {
        var method = RecipeMethod.tiny { shots, _, _ in
            try .tiny(shots: shots.map(\.sha256), limit: 10 * Float(shots.count))
        }
        method.activeModel = { active in
            TestLine.model(generation: active.generation, limit: active.limit) { $0 / Float(active.generation) }
        }
        return method
    }

    /// It is certain of every shade, so that no shot is doubted.
    private func shades() -> RecipeMethod {
        var method = RecipeMethod.tiny(method: "patch-memory") { shots, _, _ in try .ofShades(shots) }
        method.activeModel = { TestLine.model(generation: $0.generation, score: { _ in 0 }) }
        return method
    }

    /// Parts that the line has seen, with their pictures.
    private func inspect(_ shades: [UInt8], on line: ControlHarness) throws {
        for (sequence, shade) in zip(UInt64(1)..., shades) {
            let image = "\(sequence).png"
            try Data(TestLine.picture(shade).pngBytes()).write(to: URL(filePath: "\(line.folder.path)/\(image)"))
            try line.verdicts.append(
                InspectionRecord(
                    seq: sequence, time: "", camera: "cam0", recipe: "bottle", generation: 1, frame: "\(shade)",
                    part: nil,
                    verdict: shade < 10 ? .ok : .ng, cause: nil, score: Float(shade), limit: 10, regions: [],
                    latency: .init(), image: image, heatmap: nil, stored: .synced))
        }
    }

    @Test func aShotWithWhichARejectedPartWouldPassNeedsAPersonsWord() async throws {
        try await ControlHarness.serve(method: desensitised()) { line async throws in
            try await line.add(TestPicture.png(1))
            try inspect([15, 4, 30, 5, 4], on: line)
            let refused = try await line.add(TestPicture.png(6), query: "?preview=20")
            #expect(refused.shots.map(\.outcome) == [.refused] && refused.generation == nil)
            let message = try #require(refused.shots.first?.refusal?.message)
            // 15 / 2 is below 20 as is 30 / 2.
            #expect(message.contains("parts 3, 1 would be OK and are NG") && message.contains("--force"), "\(message)")
            #expect(line.recipe.view.normals.count == 1 && line.recipe.view.active?.generation == 1)
            // Before, and without it, nothing stands against the same picture.
            #expect(try await line.add(TestPicture.png(6), query: "?preview=20&force=true").generation == 2)
        }
    }

    @Test func howFarAShotMovesTheScoreScaleIsSaidInWords() async throws {
        try await ControlHarness.serve(method: desensitised()) { line async throws in
            try await line.add(TestPicture.png(1))
            try inspect([15, 4, 30, 5, 4], on: line)
            let change = try #require(
                try await line.add(TestPicture.png(6), query: "?preview=20&force=true&dry_run=true").change)
            #expect(change.parts == 5 && change.passing.map(\.seq) == [3, 1])
            let warnings = try #require(change.warnings)
            #expect(warnings.first == "2 of the last 5 parts, which are NG, would pass")
            // (20 / 2) / (10 / 4)
            #expect(
                warnings.last
                    == "the score scale moves: recent parts that are OK score 2.00 instead of 4.00 at a limit of "
                    + "20.00 instead of 10.00, so that a defect could be 4.0 times as strong and pass")
            #expect(warnings.count == 2)
        }
    }

    @Test func aShotThatMovesNothingIsNoWarning() async throws {
        try await ControlHarness.serve(method: .tiny(limit: 100)) { line async throws in
            try await line.add(TestPicture.png(1))
            try inspect([15, 4, 30], on: line)
            let change = try #require(try await line.add(TestPicture.png(6), query: "?preview=20").change)
            #expect(change.parts == 3 && change.flips.isEmpty && change.warnings == nil)
        }
    }

    @Test func aShotThatWouldBeLeftOutAsOddIsSaidToBe() async throws {
        try await ControlHarness.serve(method: shades()) { line async throws in
            for shade in UInt8(104)...107 { try await line.add(TestPicture.png(shade), query: "?force=true") }
            let first = try await line.add(TestPicture.png(20), query: "?preview=20&force=true")
            let warning = try #require(first.change?.warnings?.first)
            #expect(warning.contains("nothing would be learnt from this picture"), "\(warning)")
            #expect(warning.contains("by the other 4 shots"), "\(warning)")
            #expect(line.recipe.view.active?.summary.oddShots.count == 1)
            // A second one like it.
            let second = try await line.add(TestPicture.png(36), query: "?preview=20&force=true")
            #expect(second.change?.warnings == nil, "\(second.change?.warnings ?? [])")
            #expect(line.recipe.view.active?.summary.oddShots == [])
        }
    }

    @Test func aShotByWhichOthersAreTakenForOnePartIsSaidTo() async throws {
        try await ControlHarness.serve(method: shades()) { line async throws in
            // 104 and 112 are somewhat alike, as are 105 and 113. Three shots are three parts, whatever they are.
            for shade: UInt8 in [104, 112, 105] { try await line.add(TestPicture.png(shade), query: "?force=true") }
            let another = try await line.add(TestPicture.png(106), query: "?preview=20&force=true&dry_run=true")
            #expect(another.change != nil && another.change?.warnings == nil)
            let twin = try await line.add(TestPicture.png(113), query: "?preview=20&force=true&dry_run=true")
            #expect(
                twin.change?.warnings == ["shots that show 3 parts now would be taken for pictures of 2"],
                "\(twin.change?.warnings ?? [])")
        }
    }
}
