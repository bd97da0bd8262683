import Core
import Foundation
import Testing

@Suite struct ModelKindTests {
    private func kind(
        _ method: any Core.Method = CLIPFSACMethod(), name: String = "clip", sha256: String = "ab",
        _ change: (inout MethodSettings) -> Void = { _ in }
    ) -> ModelKind {
        var settings = MethodSettings(method: method, layers: [3], inputSize: 224)
        change(&settings)
        return ModelKind(backbone: name, sha256: sha256, requested: settings)
    }

    @Test func weightsAreToldApartByTheirDigestAndNotByTheirName() {
        #expect(kind(name: "other") == kind() && kind(name: "other").sharesScale(with: kind()))
        #expect(!kind(sha256: "ac").sharesScale(with: kind()))
        #expect(!kind { $0.inputSize = 448 }.sharesScale(with: kind()))
    }

    @Test func anotherPrecisionIsAnotherBackboneAndIsToldInWords() throws {
        let settings = MethodSettings(method: CLIPFSACMethod(), layers: [3], inputSize: 224)
        let single = kind()
        let integers = ModelKind(backbone: "clip", sha256: "ab", precision: .int8, requested: settings)
        #expect(!integers.sharesScale(with: single))
        #expect(
            integers.difference(from: single)
                == "backbone clip at 224 px (weights ab), not clip at 224 px (weights ab) in int8")
        #expect(try JSONDecoder().decode(ModelKind.self, from: JSONEncoder().encode(integers)) == integers)
        // Models of before there was a choice say nothing of it.
        let text = String(decoding: try JSONEncoder().encode(single), as: UTF8.self)
        #expect(!text.contains("precision"))
    }

    @Test func everySettingThatChangesScoresIsAnotherScale() {
        let others = [
            kind(CLIPFSACMethod().with { $0.rotations = 2 }), kind(CLIPFSACMethod().with { $0.training.batch = 1 }),
            kind(FSACMethod()), kind { $0.layers = [4] }, kind { $0.wording = Wording(object: "cap") },
            kind { $0.area = InspectionArea(roi: PixelRectangle(x: 0, y: 0, width: 9, height: 9)) },
        ]
        for other in others { #expect(!other.sharesScale(with: kind()), "\(other)") }
    }

    @Test func aLimitHoldsWhereNoScoreChanges() throws {
        let sensitive = try #require(Sensitivity(0.75))
        for other in [
            kind(CLIPFSACMethod().with { $0.training.map = .similarity }), kind { $0.sensitivity = sensitive },
        ] {
            #expect(other != kind() && other.sharesScale(with: kind()))
            #expect(other.difference(from: kind()) != nil)
        }
        #expect(kind { $0.smoothing = 3 } == kind())
        #expect(kind().difference(from: kind()) == nil)
    }

    @Test func aKindReadsAsItIsWritten() throws {
        let kind = kind { $0.wording = Wording(object: "cap") }
        #expect(try JSONDecoder().decode(ModelKind.self, from: JSONEncoder().encode(kind)) == kind)
    }
}
