import Core
import Foundation
import Testing

@Suite struct FittedModelStorageTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private var settings: MethodSettings { .memory(layers: [1, 2], rotations: 2, coresetBudget: 40) }

    private func fit() throws -> FittedModel {
        try FittedModel.fit(shots: (1...3).map(MadeUpPart.shot), extractor: madeUpExtractor(), settings: settings)
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(filePath: "\(folder.path)/\(name)")))
    }

    private func replace(_ old: String, _ new: String) throws {
        let text = String(decoding: try folder.document(), as: UTF8.self)
        try #require(text.contains(old))
        try folder.seal([UInt8](text.replacing(old, with: new).utf8))
    }

    private func isRefusedAsDamaged(naming word: String) -> Bool {
        do {
            _ = try FittedModel.load(from: folder.path)
            return false
        } catch {
            guard case .damaged = error else { return false }
            return "\(error)".contains(word)
        }
    }

    @Test func aLoadedModelScoresAsTheSavedOne() throws {
        let model = try fit().withLimit(0.625)
        try model.save(to: folder.path)
        let loaded = try FittedModel.load(from: folder.path)
        #expect(loaded == model)
        let features = madeUpExtractor().features(of: MadeUpPart.defective(8), FeatureRequest(layers: [1, 2]))
        #expect(loaded.score(features) == model.score(features))
        #expect(try folder.contents == ["model.json", "model.safetensors"])
    }

    @Test func equalShotsGiveEqualBytes() throws {
        try fit().save(to: folder.path)
        let other = try ScratchFolder()
        try fit().save(to: other.path)
        for name in ["model.json", "model.safetensors"] {
            #expect(try bytes(name) == [UInt8](Data(contentsOf: URL(filePath: "\(other.path)/\(name)"))))
        }
    }

    @Test func aMemoryCutAnywhereIsRefused() throws {
        try fit().save(to: folder.path)
        let whole = try bytes("model.safetensors")
        for length in [0, 1, 8, 60, whole.count / 2, whole.count - 1] {
            _ = try folder.file("model.safetensors", Array(whole.prefix(length)))
            #expect(isRefusedAsDamaged(naming: "\(length) bytes"))
        }
    }

    @Test func aFlippedBitIsRefused() throws {
        try fit().save(to: folder.path)
        var tensors = try bytes("model.safetensors")
        tensors[tensors.count - 7] ^= 1
        _ = try folder.file("model.safetensors", tensors)
        #expect(isRefusedAsDamaged(naming: "sha-256"))
    }

    /// Among them the one that made the unit of the scores 8 larger, and so every reject a good part.
    @Test func aFlippedBitOfTheDocumentIsRefusedWhereverItIs() throws {
        try fit().save(to: folder.path)
        let whole = try bytes("model.json")
        for place in stride(from: 0, to: whole.count, by: 7) {
            var damaged = whole
            damaged[place] ^= 1 << (place % 8)
            _ = try folder.file("model.json", damaged)
            #expect(isRefusedAsDamaged(naming: "model.json"), "byte \(place)")
        }
    }

    @Test func aDocumentWithoutItsChecksumIsRefusedAlsoWhenItSaysThatItIsOlder() throws {
        try fit().save(to: folder.path)
        let document = try folder.document()
        _ = try folder.file("model.json", document)
        #expect(isRefusedAsDamaged(naming: "checksum"))
        let older = String(decoding: document, as: UTF8.self).replacing("\"version\" : 5", with: "\"version\" : 3")
        _ = try folder.file("model.json", [UInt8](older.utf8))
        // Nobody else can tell; the daemon knows which documents it found at its first start.
        _ = try FittedModel.load(from: folder.path)
        #expect(throws: FitError.self) { try FittedModel.load(from: folder.path) { _ in false } }
    }

    @Test func aDocumentCutAnywhereIsRefused() throws {
        try fit().save(to: folder.path)
        let whole = try bytes("model.json")
        for length in stride(from: 0, to: whole.count, by: 97) {
            _ = try folder.file("model.json", Array(whole.prefix(length)))
            #expect(isRefusedAsDamaged(naming: "model.json"))
        }
    }

    @Test func numbersThatMakeNoModelAreRefused() throws {
        try fit().save(to: folder.path)
        let document = try folder.document()
        for (old, new, word) in [
            ("\"rows\" : 5", "\"rows\" : -5", "grid"), ("\"rotations\" : 2", "\"rotations\" : 3", "settings"),
            ("\"patch_memory\"", "\"other\"", "scorer"),
            ("\"name\" : \"patch-memory\"", "\"name\" : \"other\"", "method"),
            ("\"input_size\" : 32", "\"input_size\" : 0", "backbone"), ("\"limit\" :", "\"lid\" :", "limit"),
            (" 13,", " 9223372036854775807,", "shot_patches"), ("\"unit\" :", "\"unit\" : 0, \"was\" :", "calibration"),
        ] {
            try folder.seal(document)
            try replace(old, new)
            #expect(isRefusedAsDamaged(naming: word), "\(new)")
        }
    }

    /// The document with `area` and `frame` put in, left out or made up.
    private func edit(_ change: (inout [String: Any], inout [String: Any]) -> Void) throws {
        let old = try JSONSerialization.jsonObject(with: Data(folder.document()))
        var document = try #require(old as? [String: Any])
        var settings = try #require(document["settings"] as? [String: Any])
        change(&document, &settings)
        document["settings"] = settings
        try folder.seal([UInt8](JSONSerialization.data(withJSONObject: document)))
    }

    @Test func anAreaThatCannotBeIsRefused() throws {
        let whole = [[["x": -1, "y": -1], ["x": 99, "y": -1], ["x": 99, "y": 99], ["x": -1, "y": 99]]]
        let roi = ["x": 8, "y": 8, "width": 40, "height": 24]
        let frame = ["height": 40, "width": 56]
        for (area, frame, word) in [
            (["roi": roi, "ignore": []], nil, "frame"),
            (["roi": roi, "ignore": []], ["height": 20, "width": 56], "frame"),
            (["roi": roi, "ignore": []], ["height": 1 << 62, "width": 56], "frame"),
            (["ignore": whole], frame, "frame"),
            (["ignore": [[]]], frame, "settings"),
        ] as [([String: Any], [String: Int]?, String)] {
            try fit().save(to: folder.path)
            try edit { document, settings in
                settings["area"] = area
                document["frame"] = frame
            }
            #expect(isRefusedAsDamaged(naming: word))
        }
    }

    @Test func anotherFormatVersionIsNamed() throws {
        try fit().save(to: folder.path)
        try replace("\"version\" : 5", "\"version\" : 1")
        #expect(throws: FitError.unsupportedVersion(path: folder.path + "/model.json", found: 1, supported: 5)) {
            try FittedModel.load(from: folder.path)
        }
    }

    @Test func aMissingFolderIsNamed() {
        #expect {
            try FittedModel.load(from: folder.path + "/none")
        } throws: { error in
            if case .unreadable = error as? FitError { "\(error)".contains("none/model.json") } else { false }
        }
        #expect {
            try fit().save(to: folder.path + "/none")
        } throws: { error in
            if case .unwritable = error as? FitError { true } else { false }
        }
    }
}
