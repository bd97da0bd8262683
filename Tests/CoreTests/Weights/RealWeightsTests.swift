import Core
import Foundation
import Testing

/// What `make weights` leaves, when it has been run.
private let madeModels = ModelsDirectory(
    path: URL(filePath: #filePath).deletingLastPathComponent().path + "/../../../models")

@Suite struct RealWeightsTests {
    @Test(
        .enabled(if: !madeModels.names.isEmpty, "no models/: run `make weights`"),
        arguments: WeightArchitecture.fixed)
    func theWeightsOfMakeWeightsLoad(architecture: WeightArchitecture) throws {
        let clock = ContinuousClock()
        let start = clock.now
        let model = try ModelWeights.load(architecture.rawValue, modelsDirectory: madeModels)
        let elapsed = clock.now - start
        #expect(model.sidecar.architecture == architecture)
        // 40 ms here; the bound is for a machine that does something else as well.
        #expect(elapsed < .milliseconds(500), "\(elapsed)")
    }

    @Test func theTablesHaveAsManyNumbersAsTheNetworks() {
        let counts = WeightArchitecture.fixed.map { $0.expectedTensors.values.reduce(0) { $0 + $1.reduce(1, *) } }
        // 4,652,008 parameters and 42,016 running statistics; dinov2-small without the mask token, and its first eight blocks.
        #expect(counts == [4_694_024, 22_056_192, 14_954_496])
    }
}
