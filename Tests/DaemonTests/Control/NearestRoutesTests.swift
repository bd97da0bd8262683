import ControlProtocol
import Core
import Daemon
import Foundation
import Glibc
import TestSupport
import Testing

/// The nearest good patch, as it is asked for.
@Suite(.timeLimit(.minutes(1))) struct NearestRoutesTests {
    private func tracing(_ fit: @escaping @Sendable ([Shot]) throws -> FittedModel = FittedModel.ofShades)
        -> RecipeMethod
    {
        var method = RecipeMethod.tiny(method: "patch-memory") { shots, _, _ in try fit(shots) }
        method.activeModel = { active in
            let extractors = ExtractorSource(
                name: "tiny", sha256: "tiny", layerCount: 1, defaultInputSize: 32, defaultLayers: [1],
                accepts: { $0 == 32 }, make: { _ in .ofShades })
            return ActiveModel(
                generation: active.generation, model: active.model, extractors: extractors, parallelism: .serial)
        }
        return method
    }

    /// A part that the line has seen, of one shade.
    private func inspect(
        _ shade: UInt8, as sequence: UInt64 = 1, generation: Int? = nil, verdict: Verdict = .ng,
        hasPicture: Bool = true,
        on line: ControlHarness
    ) throws {
        let image = "\(sequence).png"
        if hasPicture {
            try Data(TestPicture.png(shade)).write(to: URL(filePath: "\(line.folder.path)/\(image)"))
        }
        try line.verdicts.append(
            InspectionRecord(
                seq: sequence, time: "", camera: "cam0", recipe: "bottle",
                generation: generation ?? line.recipe.view.active?.generation, frame: "", part: nil, verdict: verdict,
                cause: verdict == .invalid ? "frame_dark" : nil, score: verdict == .invalid ? nil : 2, limit: 1,
                regions: [],
                latency: .init(), image: image, heatmap: nil, stored: .synced))
    }

    private func nearest(to sequence: UInt64, on line: ControlHarness) async throws -> NearestReply {
        try await line.request("GET", "/v1/inspections/\(sequence)/nearest?as=json").decoded(NearestReply.self)
    }

    private func shots(_ line: ControlHarness) async throws {
        for shade in UInt8(104)...107 { try await line.add(TestPicture.png(shade), query: "?force=true") }
    }

    @Test func itIsThatOfTheShotThatIsLikeThePartAndAPictureOfBoth() async throws {
        try await ControlHarness.serve(method: tracing(), pageHosts: []) { line async throws in
            try await shots(line)
            for shade in UInt8(104)...107 {
                let sequence = UInt64(shade)
                try inspect(shade, as: sequence, on: line)
                let reply = try await nearest(to: sequence, on: line)
                #expect(reply.way == .nearest && reply.missing == nil && reply.generation == 4)
                #expect(reply.shot == TestPicture.sha256(shade))
                #expect(try #require(reply.distance) < 1e-5)
                #expect(reply.text.contains("shot \(TestPicture.sha256(shade).prefix(12))"), "\(reply.text)")
                let picture = try await line.request("GET", "/v1/inspections/\(sequence)/nearest")
                #expect(picture.head.lowercased().contains("content-type: image/png"))
                let image = try Picture(.file, bytes: picture.body).image()
                #expect(image.height == 320 && image.width == 648)
                // In the middle both halves have the part's shade, for the shot is of the same.
                for column in [160, 488] { #expect(image.pixels[(160 * 648 + column) * 3] == shade) }
                #expect(try await line.page("/v1/inspections/\(sequence)/nearest").body == picture.body)
            }
        }
    }

    @Test func whatWasFoundIsKeptForTheNextWhoAsks() async throws {
        try await ControlHarness.serve(method: tracing()) { line async throws in
            try await shots(line)
            try inspect(105, on: line)
            let found = try await nearest(to: 1, on: line)
            try #require(unlink("\(line.folder.path)/1.png") == 0)
            #expect(try await nearest(to: 1, on: line) == found && found.missing == nil)
        }
    }

    @Test func whatIsGoneIsNamed() async throws {
        try await ControlHarness.serve(method: tracing()) { line async throws in
            try await shots(line)
            try inspect(105, as: 1, on: line)
            try inspect(105, as: 2, hasPicture: false, on: line)
            try inspect(105, as: 3, verdict: .invalid, on: line)
            try inspect(105, as: 4, generation: 99, on: line)
            let sha256 = TestPicture.sha256(105)
            #expect(try await line.request("DELETE", "/v1/normals/\(sha256)?refit=false").status == 200)
            let replies = [
                try await nearest(to: 1, on: line), try await nearest(to: 2, on: line),
                try await nearest(to: 3, on: line),
                try await nearest(to: 4, on: line),
            ]
            #expect(replies.map(\.missing) == [.shot, .picture, .judgement, .generation])
            #expect(replies[0].text.contains(sha256.prefix(12)) && replies[3].text.contains("99"))
            for sequence in 1...4 {
                #expect(try await line.request("GET", "/v1/inspections/\(sequence)/nearest").status == 404)
            }
            #expect(try await line.request("GET", "/v1/inspections/5/nearest?as=json").status == 404)
            #expect(try await line.request("GET", "/v1/inspections/1/nearest?as=xml").status == 400)
        }
    }

    @Test func aModelThatDoesNotKnowShowsTheSamePlaceOfTheShotThatLooksMostLikeThePart() async throws {
        let untraced = tracing { shots in
            let model = try FittedModel.ofShades(shots)
            var stored = model.scorer.stored
            stored.tensors = stored.tensors.filter { !$0.key.hasSuffix(".places") }
            return FittedModel(
                backbone: model.backbone, settings: model.settings, requested: model.requested, shots: model.shots,
                grid: model.grid, scorer: try stored.scorer(), calibration: model.calibration, frame: nil)
        }
        try await ControlHarness.serve(method: untraced) { line async throws in
            try await shots(line)
            try inspect(110, on: line)
            let reply = try await nearest(to: 1, on: line)
            #expect(reply.way == .samePlace && reply.shot == TestPicture.sha256(107) && reply.distance == nil)
            #expect(reply.text.contains("fsacctl refit"), "\(reply.text)")
            #expect(reply.part == reply.good)
        }
    }
}
