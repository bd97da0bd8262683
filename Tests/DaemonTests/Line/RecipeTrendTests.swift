import ControlProtocol
import Daemon
import Testing

@Suite struct RecipeTrendTests {
    private let start = ContinuousClock.now

    private func events(
        _ trend: inout RecipeTrend, _ position: Double?, count: Int, generation: Int = 1
    ) -> [RecipeTrend.Event] {
        (0..<count).flatMap { _ in trend.note(generation: generation, position: position, shift: nil, at: start) }
    }

    @Test func aScoreIsPlacedBetweenATypicalOneAndTheLimit() throws {
        let scale = try #require(ScoreScale(typical: 1, limit: 3))
        #expect(scale.position(of: 1) == 0 && scale.position(of: 3) == 1 && scale.position(of: 0) == -0.5)
        #expect(ScoreScale(typical: 3, limit: 3) == nil && ScoreScale(typical: .nan, limit: 3) == nil)
    }

    @Test func aDriftIsWarnedOfOnceAndItsEndIsTold() {
        var trend = RecipeTrend()
        #expect(events(&trend, 0.1, count: 100).isEmpty)
        #expect(abs((trend.reply.drift ?? 9) - 0.1) < 1e-9)
        let drift = events(&trend, 0.9, count: 200)
        #expect(drift.count == 1 && trend.reply.isDrifting)
        let end = events(&trend, 0.1, count: 300)
        #expect(end.count == 1 && !trend.reply.isDrifting)
    }

    @Test func aFewOddPartsAreNoDrift() {
        var trend = RecipeTrend()
        #expect(events(&trend, 0.95, count: 29).isEmpty && trend.reply.drift == nil)
        var other = RecipeTrend()
        #expect((events(&other, 0, count: 100) + events(&other, 0.95, count: 20)).isEmpty)
    }

    @Test func scoresThatFallAreADriftToo() {
        var trend = RecipeTrend()
        #expect(events(&trend, 0, count: 50).isEmpty)
        #expect(events(&trend, -3, count: 200).count == 1)
    }

    @Test func anotherGenerationBeginsAnew() {
        var trend = RecipeTrend()
        _ = events(&trend, 0.9, count: 60)
        #expect(trend.reply.isDrifting)
        _ = events(&trend, 0.1, count: 40, generation: 2)
        #expect(!trend.reply.isDrifting && trend.reply.parts == 40)
    }

    @Test func aShiftOfTheSceneIsCountedAlwaysAndLoggedOnceAMinute() {
        var trend = RecipeTrend()
        let first = trend.note(generation: 1, position: nil, shift: "brightness +31 %", at: start)
        #expect(first == [.sceneShifted("brightness +31 %")])
        #expect(trend.note(generation: 1, position: nil, shift: "darker", at: start + .seconds(59)).isEmpty)
        #expect(trend.reply.sceneShift == "darker" && trend.reply.sceneShifts == 2)
        #expect(trend.note(generation: 1, position: nil, shift: "darker", at: start + .seconds(61)).count == 1)
        _ = trend.note(generation: 1, position: 0, shift: nil, at: start + .seconds(62))
        #expect(trend.reply.sceneShift == nil && trend.reply.sceneShifts == 3)
    }
}
