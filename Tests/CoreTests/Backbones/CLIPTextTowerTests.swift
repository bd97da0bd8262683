import Core
import TestSupport
import Testing

@Suite struct CLIPTextTowerTests {
    @Test(arguments: [CLIPConfiguration.Activation.gelu, .quickGELU], 1...2)
    func embeddingsAreThoseOfOpenCLIP(activation: CLIPConfiguration.Activation, threads: Int) throws {
        let fixture = try CLIPFixture(activation)
        let embeddings = try fixture.textTower(threads: threads).embeddings(of: try fixture.prompts)
        let difference = try fixture.difference(embeddings.values, from: "text.embeddings")
        #expect(difference == nil)
    }

    @Test func manyPromptsAreEmbeddedAsEachAlone() throws {
        let fixture = try CLIPFixture()
        let tower = try fixture.textTower()
        let prompts = try fixture.prompts
        let many = (0..<20).flatMap { _ in prompts }
        #expect(tower.batches(of: many).count > 1)
        var shares: [Double] = []
        let together = tower.embeddings(of: many) { shares.append($0) }
        #expect(shares == shares.sorted() && shares.last == 1 && shares.count == tower.batches(of: many).count)
        for index in [0, 8, 77, 179] {
            let alone = tower.embeddings(of: [many[index]])
            let expected = alone.values.map(Double.init)
            #expect(firstDifference(Array(together.row(index)), expected, atol: 1e-5, rtol: 1e-5) == nil)
        }
    }

    @Test func whatFollowsTheEndOfATextDoesNotMatter() throws {
        let fixture = try CLIPFixture()
        let tower = try fixture.textTower()
        let embedding = tower.embeddings(of: [[48, 3, 4, 49, 0, 0, 0, 0, 0, 0, 0, 0]])
        #expect(tower.embeddings(of: [[48, 3, 4, 49, 7, 7, 7, 7, 7, 7, 7, 7]]) == embedding)
        #expect(tower.embeddings(of: [[48, 3, 5, 49, 0, 0, 0, 0, 0, 0, 0, 0]]) != embedding)
    }
}
