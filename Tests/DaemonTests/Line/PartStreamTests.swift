import Capture
import ControlProtocol
import Core
import Daemon
import Foundation
import Synchronization
import TestSupport
import Testing

/// Parts that are kept to teach a model by.
@Suite struct PartStreamTests {
    /// A model that rejects bright pictures, of whose parts something can be kept.
    private func model(generation: Int = 1, isMuted: Bool = false, scene: SceneMonitor? = nil) -> ActiveModel {
        var model = TestLine.model(generation: generation, limit: 100, scene: scene)
        model.isMuted = isMuted
        model.commissionParts = isMuted ? 5 : 0
        model.streamPart = { features, number, score in
            features.layers[1].map { map in
                StreamPart(number: number, score: score, PatchFeatures(grid: map.grid, rows: map.tokens))
            }
        }
        return model
    }

    private func slot(_ model: ActiveModel) -> ModelSlot {
        let slot = ModelSlot()
        slot.activate(model)
        return slot
    }

    /// Inspects pictures of this shade, or of both in turn.
    private func station(_ models: ModelSlot, _ shade: UInt8, _ other: UInt8? = nil, teachParts: Int) throws
        -> TestStation
    {
        let camera = TestCamera()
        camera.change { ($0.level, $0.secondLevel) = (shade, other) }
        let recipe = LineRecipe(name: "default", models: models, teachParts: teachParts)
        let station = try TestStation([TestStation.setup("cam0", camera, recipe: recipe)])
        // As the recipe makes it.
        try FileManager.default.createDirectory(
            atPath: "\(station.folder.path)/recipes/default", withIntermediateDirectories: true)
        return station
    }

    private func files(_ station: TestStation) -> [String] {
        let folder = "\(station.folder.path)/recipes/default/stream"
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".part") }
    }

    private func until(_ condition: () throws -> Bool) async throws {
        while try !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func theFirstPartsThatAreOKAreKeptAndNoMore() async throws {
        let station = try station(slot(model()), 20, 200, teachParts: 10)
        try await station.run {
            try await until { station.stream.count("default", generation: 1) == 10 }
            let records = try station.records.count
            try await until { try station.records.count > records + 10 }
            let kept = Set(files(station))
            #expect(kept.count == 10)
            for record in try station.records where record.verdict == .ng {
                #expect(!kept.contains("1-\(record.seq).part"))
            }
        }
    }

    @Test func anOKPartInAnotherLightIsNotKept() async throws {
        let scene = SceneMonitor(SceneStatistics(shots: [TestLine.picture(20)]))
        let station = try station(slot(model(scene: scene)), 20, 90, teachParts: 10)
        try await station.run {
            try await until { station.stream.count("default", generation: 1) == 10 }
            let kept = Set(files(station))
            let shifted = try station.records.filter { $0.sceneShift != nil }
            #expect(shifted.contains { $0.verdict == .ok })
            for record in shifted { #expect(!kept.contains("1-\(record.seq).part")) }
        }
    }

    @Test func nothingIsKeptUnlessItIsAskedFor() async throws {
        let station = try station(slot(model()), 20, teachParts: 0)
        try await station.run {
            try await until { try station.records.count > 10 }
            #expect(files(station).isEmpty)
        }
    }

    @Test func partsOfACommissioningAreKeptThoughTheyHaveNoVerdict() async throws {
        let station = try station(slot(model(isMuted: true)), 20, teachParts: 0)
        try await station.run {
            try await until { station.stream.count("default", generation: 1) == 5 }
        }
        #expect(files(station).count == 5)
    }

    @Test func anotherGenerationBeginsAnew() async throws {
        let slot = slot(model())
        let station = try station(slot, 20, teachParts: 10)
        try await station.run {
            try await until { station.stream.count("default", generation: 1) == 10 }
            slot.activate(model(generation: 2))
            try await until { station.stream.count("default", generation: 2) == 10 }
            #expect(station.stream.count("default", generation: 1) == 0)
            #expect(files(station).allSatisfy { $0.hasPrefix("2-") })
        }
    }

    @Test func whatWasKeptIsKnownAfterARestart() async throws {
        let station = try station(slot(model()), 20, teachParts: 10)
        try await station.run { try await until { station.stream.count("default", generation: 1) == 10 } }
        let again = PartStream(stateDirectory: station.folder.path, logger: .silent)
        #expect(again.count("default", generation: 1) == 0)
        again.expect("default", generation: 1)
        #expect(again.count("default", generation: 1) == 10 && again.count("default", generation: 2) == 0)
        // Together they would be more than a recipe may keep.
        again.expect("default", generation: 2)
        #expect(files(station).isEmpty)
    }

    @Test func aDiskThatTakesNoPartIsToldAndEveryPartHasItsVerdict() async throws {
        let station = try station(slot(model()), 20, teachParts: 10)
        let folder = "\(station.folder.path)/recipes/default"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // A file where the folder should be.
        try Data().write(to: URL(filePath: "\(folder)/stream"))
        try await station.run {
            try await until { station.line.readings.health.warnings.contains { $0.place == "teaching" } }
            #expect(try station.records.allSatisfy { $0.verdict == .ok })
        }
    }
}
