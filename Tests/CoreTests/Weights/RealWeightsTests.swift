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
        let model = try ModelWeights.load(architecture.rawValue, modelsDirectory: madeModels)
        #expect(model.sidecar.architecture == architecture)
    }

    @Test func theTablesHaveAsManyNumbersAsTheNetworks() {
        let counts = WeightArchitecture.fixed.map { $0.expectedTensors.values.reduce(0) { $0 + $1.reduce(1, *) } }
        // 4,652,008 parameters and 42,016 running statistics; dinov2-small without the mask token, and its first eight blocks.
        #expect(counts == [4_694_024, 22_056_192, 14_954_496])
    }
}
