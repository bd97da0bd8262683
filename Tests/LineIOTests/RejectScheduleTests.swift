import LineIO
import Testing

@Suite struct RejectScheduleTests {
    @Test func aPartThatOthersWereMergedWithTakesNoneOfThemWithIt() {
        var schedule = RejectSchedule(pulse: .milliseconds(80), gap: .milliseconds(5))
        for number in 1...RejectSchedule.limit { schedule.add(UInt64(number), at: .seconds(10)) }
        let isTaken = schedule.add(5000, at: .seconds(12))
        #expect(!isTaken)
        for number in 1...RejectSchedule.limit { schedule.cancel(UInt64(number)) }
        _ = schedule.advance(to: .seconds(10))
        #expect(schedule.isActive(at: .seconds(12)) && schedule.isActive(at: .milliseconds(12_079)))
        #expect(!schedule.isActive(at: .milliseconds(12_080)))
    }
}
