import Core
import Daemon
import TestSupport
import Testing

@Suite struct ModelSummaryTests {
    private func model(of shades: [UInt8]) throws -> FittedModel {
        try .ofShades(shades.map { try Shot(sha256: "\($0)", picture: Picture(.file, bytes: TestPicture.png($0))) })
    }

    @Test func anOddShotIsNamed() throws {
        let summary = try model(of: [104, 105, 106, 107, 20]).summary
        #expect(summary.oddShots == ["20"] && summary.shots.count == 5)
        #expect(summary.choice?.first?.contains("shot 20 is odd") == true, "\(summary.choice ?? [])")
        #expect(try model(of: [104, 105, 106, 107]).summary.oddShots.isEmpty)
    }
}
