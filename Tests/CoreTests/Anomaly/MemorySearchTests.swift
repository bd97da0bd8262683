import Core
import Foundation
import Testing

@Suite struct MemorySearchTests {
    private func memory(_ way: MemorySearch) -> PatchMemory {
        var seed = SplitMix64(seed: 1)
        let rows = ByteSearchTests.clustered(2000, 160, noise: 0.5, &seed)
        return PatchMemory(
            bank: MemoryBank(blocks: [rows]), aggregation: .topPercent, way: way, isFast: true)
    }

    private func scores(_ scorer: any Scorer) -> [Float] {
        var seed = SplitMix64(seed: 2)
        let grid = PatchGrid(rows: 20, columns: 21)
        let features = PatchFeatures(grid: grid, rows: ByteSearchTests.clustered(420, 160, noise: 0.5, &seed))
        return scorer.score(features, counting: PatchMask(all: grid), .serial).values
    }

    /// What a model's document has of a memory.
    private func document(_ memory: PatchMemory) throws -> Data {
        try JSONEncoder().encode(#require(memory.stored.header as? PatchMemory.Header))
    }

    @Test(arguments: [MemorySearch.projected, .bytes])
    func aMemoryIsLookedThroughAsItWasWhenItIsReadAgain(way: MemorySearch) throws {
        let memory = memory(way)
        let header = try JSONDecoder().decode(PatchMemory.Header.self, from: document(memory))
        #expect(scores(try header.scorer(memory.stored.tensors)) == scores(memory))
    }

    @Test func aModelThatDoesNotSaySoIsNotSearchedInBytes() throws {
        // Models of earlier versions go on to score as they did.
        #expect(try !String(decoding: document(memory(.projected)), as: UTF8.self).contains("search"))
        #expect(try String(decoding: document(memory(.bytes)), as: UTF8.self).contains("bytes"))
        #expect(scores(memory(.projected)) != scores(memory(.bytes)))
    }
}
