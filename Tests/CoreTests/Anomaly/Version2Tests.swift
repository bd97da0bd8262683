import Core
import Foundation
import Testing

/// Generations as version 2 of the model document has them, written by the program of before version 3: each of some shots of
/// ``MadeUpPart``, by ``madeUpReader()`` with the anchors below, and what that program said of them.
@Suite struct Version2Tests {
    private struct Generation: Decodable {
        let name: String
        /// What the model's kind was called: backbone, method.
        let kind: [String]
        /// Of the eighth part with a defect.
        let image: Float
        let values: [Float]
        let limit: Float
        let unit: Float
        let heldOut: [Float]
    }

    private static let anchors = TextAnchors(normal: [0.5, 0.5, 0.5, 0.5, 0, 0], abnormal: [0, 0.8, 0, 0, 0.6, 0])

    private let folder: URL

    init() throws {
        folder = URL(
            filePath: try #require(Bundle.module.path(forResource: "Fixtures/version2/expected.json", ofType: nil))
        )
        .deletingLastPathComponent()
    }

    private func generations() throws -> [Generation] {
        try JSONDecoder().decode([Generation].self, from: Data(contentsOf: folder.appending(path: "expected.json")))
    }

    private func load(_ generation: Generation) throws -> FittedModel {
        try FittedModel.load(from: folder.appending(path: generation.name).path)
    }

    @Test func everyGenerationLoadsAndScoresAsItDid() throws {
        for generation in try generations() {
            let model = try load(generation)
            let map = model.score(model.features(of: MadeUpPart.defective(8), by: madeUpReader()))
            // The made-up backbone's good patches are much alike: of their distances, some 1e-5, few digits are known.
            let smallest = 1e-3 * (generation.values.max() ?? 1)
            #expect(
                agree([map.imageScore] + map.values, [generation.image] + generation.values, absolute: smallest),
                "\(generation.name)")
            #expect(model.calibration.limit == generation.limit && model.calibration.unit == generation.unit)
        }
    }

    @Test func aFitOfTodayMakesTheSameModel() throws {
        for generation in try generations() {
            let old = try load(generation)
            let shots = try old.shots.map { shot in
                try MadeUpPart.shot(#require(Int(shot.dropFirst("shot-".count))), area: old.settings.area)
            }
            let model = try FittedModel.fit(
                shots: shots, extractor: madeUpReader(), settings: old.requested,
                anchors: old.settings.wording == nil && generation.name == "auto-one" ? nil : Self.anchors)
            #expect(model.settings == old.settings && model.kind == old.kind, "\(generation.name)")
            // Its components have added up otherwise since: what it made still scores as it did.
            if old.settings.method is AutoMethod { continue }
            // That program could take different parts for one, where one of three was farther.
            guard model.calibration.evidence.partCount == old.calibration.evidence.partCount else {
                #expect(model.calibration.evidence.partCount == shots.count, "\(generation.name)")
                continue
            }
            // That program expected a little more spread of several parts.
            #expect(
                (0.94...1.03).contains(model.calibration.limit / generation.limit), "\(generation.name)")
            #expect(agree(model.calibration.evidence.scores, generation.heldOut, relative: 0.03), "\(generation.name)")
        }
    }

    @Test func whatIsSavedAgainIsOfTheVersionOfToday() throws {
        for generation in try generations() {
            let (model, scratch) = (try load(generation), try ScratchFolder())
            try model.save(to: scratch.path)
            let text = try String(contentsOfFile: scratch.path + "/model.json", encoding: .utf8)
            #expect(text.contains("\"version\" : 5"))
            #expect(try FittedModel.load(from: scratch.path) == model)
        }
    }

    @Test func aKindIsKnownByTheWordsOfThen() throws {
        for generation in try generations() {
            var requested = try load(generation).requested
            requested.inputSize = nil
            let kind = ModelKind(backbone: "made-up", sha256: "0123456789abcdef", requested: requested)
            let text = ModelKindText(kind)
            #expect([text.backbone, text.method] == generation.kind)
        }
    }

    @Test func aMethodOrAnOptionThatThereIsNotIsDamage() throws {
        for (old, new, word) in [
            ("\"method\" : \"padim\"", "\"method\" : \"other\"", "other"),
            ("\"dimensions\" : 4,", "", "dimensions"),
            ("\"dimensions\" : 4,", "\"dimensions\" : 5000,", "dimensions"),
        ] {
            let scratch = try ScratchFolder()
            for name in ["model.json", "model.safetensors"] {
                let data = try Data(contentsOf: folder.appending(path: "padim/" + name))
                _ = try scratch.file(name, [UInt8](data))
            }
            let text = try String(contentsOfFile: scratch.path + "/model.json", encoding: .utf8)
            try #require(text.contains(old))
            _ = try scratch.file("model.json", [UInt8](text.replacing(old, with: new).utf8))
            #expect {
                try FittedModel.load(from: scratch.path)
            } throws: { error in
                if case .damaged = error as? FitError { "\(error)".contains(word) } else { false }
            }
        }
    }
}
