import ControlProtocol
import Core
import Daemon
import Foundation
import Platform
import TestSupport
import Testing

/// What kept parts of the line would make of a model, and what stands against it.
@Suite(.timeLimit(.minutes(1))) struct TeachRoutesTests {
    /// Of a backbone that sees four kinds of patches, and no two parts quite alike; `strange` ones have four others.
    private static func features(_ number: Int, strange: Bool = false) -> Features {
        var (random, rows) = (SplitMix64(seed: UInt64(number)), Matrix(rows: 16, columns: 9))
        for patch in 0..<16 {
            rows.values[patch * 9 + patch % 4 + (strange ? 4 : 0)] = 1
            rows.values[patch * 9 + 8] = Float(random.integer(0...100)) / 250
        }
        return Features(layers: [1: FeatureMap(grid: PatchGrid(rows: 4, columns: 4), tokens: rows)])
    }

    /// Fits real models; a picture's score is its shade, a hundredth of it after a teaching.
    private func method() -> RecipeMethod {
        var method = RecipeMethod.tiny(method: "auto") { shots, _, _ in
            let identity = BackboneIdentity(name: "tiny", sha256: "tiny", inputSize: 32)
            let extractor = FeatureExtractor(identity: identity, layerCount: 1) { image, _, _ in
                Self.features(Int(image.pixels[0]))
            }
            var auto = AutoMethod()
            (auto.views, auto.rotations) = (.coarse, 1)
            return try .fit(
                shots: shots, extractor: extractor, settings: MethodSettings(method: auto, layers: [1]),
                requested: .tiny("auto"))
        }
        method.activeModel = { active in
            let isTaught = active.model.lesson != nil
            return TestLine.model(generation: active.generation, limit: active.limit) { $0 / (isTaught ? 100 : 1) }
        }
        return method
    }

    /// With a model of three shots in use.
    private func serve(_ body: (ControlHarness) async throws -> Void) async throws {
        try await ControlHarness.serve(method: method()) { line async throws in
            for shade in UInt8(1)...3 { try await line.add(TestPicture.png(shade), query: "?refit=false&force=true") }
            #expect(try await line.request("POST", "/v1/refit").status == 202)
            try await line.waitForFit(1)
            #expect(line.recipe.view.active?.generation == 1)
            try await body(line)
        }
    }

    private func keep(_ numbers: ClosedRange<Int>, strange: Bool = false, on line: ControlHarness) throws {
        let folder = "\(line.folder.path)/recipes/bottle/stream"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for number in numbers {
            let patches = PatchFeatures(
                Self.features(100 + number, strange: strange), layers: [1], localAveraging: false)
            let part = StreamPart(number: UInt64(number), score: 1, patches)
            try Data(part.bytes).write(to: URL(filePath: "\(folder)/1-\(number).part"))
        }
    }

    /// A part with its picture; NG when it is bright.
    private func inspect(_ sequence: UInt64, _ shade: UInt8, on line: ControlHarness) throws {
        let image = "\(sequence).png"
        try Data(TestLine.picture(shade).pngBytes()).write(to: URL(filePath: "\(line.folder.path)/\(image)"))
        try line.verdicts.append(
            InspectionRecord(
                seq: sequence, time: "", camera: "cam0", recipe: "bottle", generation: 1, frame: "\(shade)",
                part: nil, verdict: shade < 10 ? .ok : .ng, cause: nil, score: Float(shade), limit: 10, regions: [],
                latency: .init(), image: image, heatmap: nil, stored: .synced))
    }

    /// Asks, and waits for what becomes of it.
    private func teach(_ line: ControlHarness, _ query: String = "") async throws -> TeachReply {
        let reply = try await line.request("POST", "/v1/teach\(query)")
        #expect(reply.status == 202, "\(reply.text)")
        while true {
            let reply = try await line.request("GET", "/v1/teach").decoded(TeachReply.self)
            if reply.state != .working { return reply }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func whatWasLookedAtIsWhatIsAcceptedThoughMorePartsWereKeptSince() async throws {
        try await serve { line async throws in
            try keep(1...14, on: line)
            let proposed = try await teach(line)
            #expect(proposed.state == .proposed && proposed.generation == 1, "\(proposed)")
            #expect(proposed.proposal?.objection == nil, "\(proposed.proposal?.objection ?? "")")
            try keep(15...30, strange: true, on: line)
            let last = line.events.lastSequence
            let accepted = try await teach(line, "?accept=true")
            #expect(accepted.state == .accepted && accepted.generation == 2, "\(accepted)")
            #expect(accepted.proposal?.parts == proposed.proposal?.parts)
            #expect(line.recipe.view.active?.model.lesson?.parts.count == 14)
            let event = try #require(try line.eventRecords(from: last + 1).first)
            #expect(event.event == .generation && event.after["parts"] != nil, "\(event)")
        }
    }

    @Test func partsThatAreLikeOneAnotherAndUnlikeTheShotsNeedAPersonsWord() async throws {
        try await serve { line async throws in
            try keep(1...14, strange: true, on: line)
            let refused = try await teach(line, "?accept=true")
            #expect(refused.state == .failed && refused.error?.code == .conflict, "\(refused)")
            #expect(refused.error?.message.contains("unlike what it knows") == true, "\(refused)")
            #expect(line.recipe.view.active?.generation == 1 && refused.proposal?.installed == nil)
            #expect(try await teach(line, "?accept=true&force=true").generation == 2)
        }
    }

    @Test func aLimitByHandThatWouldBeLaxNeedsAPersonsWord() async throws {
        try await serve { line async throws in
            try keep(1...14, on: line)
            #expect(try await line.request("PUT", "/v1/limit?force=true", body: #"{"value":50}"#).status == 200)
            let refused = try await teach(line, "?accept=true")
            #expect(refused.state == .failed && line.recipe.view.active?.generation == 1, "\(refused)")
            #expect(refused.error?.message.contains("limit 50.0 that was set by hand stays in use") == true)
            #expect(try await line.request("PUT", "/v1/limit", body: #"{"value":null}"#).status == 200)
            #expect(try await teach(line, "?accept=true").generation == 2)
        }
    }

    @Test func aRejectThatWouldPassIsFoundBehindManyGoodParts() async throws {
        try await serve { line async throws in
            try inspect(1, 50, on: line)
            for sequence in UInt64(2)...40 { try inspect(sequence, 0, on: line) }
            try keep(41...54, on: line)
            let refused = try await teach(line, "?accept=true")
            #expect(refused.state == .failed && line.recipe.view.active?.generation == 1, "\(refused)")
            #expect(refused.error?.message.contains("part 1 would be OK and is NG") == true, "\(refused)")
            #expect(refused.proposal?.change.flips.map(\.seq) == [1])
            #expect(try await teach(line, "?accept=true&force=true").generation == 2)
        }
    }

    @Test func withoutAStoredPictureItIsSaidThatNobodyCanSeeWhatWouldPass() async throws {
        try await serve { line async throws in
            try keep(1...24, on: line)
            let blind = try await teach(line).proposal?.change.warnings
            #expect(blind?.first?.contains("no picture of a recent part is stored") == true, "\(blind ?? [])")
            try inspect(1, 0, on: line)
            let sighted = try await teach(line).proposal?.change.warnings ?? []
            #expect(!sighted.contains { $0.contains("no picture") }, "\(sighted)")
        }
    }

    @Test func nothingIsTaughtWhoseEventCannotBeWritten() async throws {
        try await serve { line async throws in
            try keep(1...14, on: line)
            line.eventDisk.follow(.from(0, errno: ENOSPC))
            let refused = try await teach(line, "?accept=true")
            #expect(refused.state == .failed && refused.error?.code == .storageFailed, "\(refused)")
            #expect(line.recipe.view.active?.generation == 1)
            line.eventDisk.follow(.never)
            #expect(try await teach(line, "?accept=true").generation == 2)
        }
    }

    @Test func forgottenPartsTeachNothing() async throws {
        try await serve { line async throws in
            try keep(1...14, on: line)
            #expect(try await teach(line).state == .proposed)
            #expect(try await line.request("DELETE", "/v1/teach").decoded(TeachReply.self).state == .idle)
            let nothing = try await teach(line, "?accept=true")
            #expect(nothing.state == .failed && nothing.error?.message.contains("got 0") == true, "\(nothing)")
            #expect(line.recipe.view.active?.generation == 1)
        }
    }
}
