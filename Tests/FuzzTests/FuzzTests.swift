import Core
import Foundation
import FuzzTargets
import Testing

/// Hundreds of damaged inputs for each of the readers, the same ones in every run, and all that was found before; `make fuzz` tries
/// millions. A reader that crashes ends the whole test.
@Suite struct FuzzTests {
    private static let runs = 1500

    @Test(arguments: FuzzTarget.allCases) func damagedInputsAreReadOrRefused(target: FuzzTarget) throws {
        let inputs = FuzzCorpus(target).inputs
        try #require(!inputs.isEmpty)
        for input in inputs { target.run(input.bytes) }
        var mutation = Mutation(of: inputs.map(\.bytes), seed: 1)
        let slow: Set<FuzzTarget> = [.state, .segment, .model, .picture]
        for _ in 0..<(slow.contains(target) ? Self.runs / 5 : Self.runs) { target.run(mutation.next()) }
    }
}
