import Foundation
import Statistics
import Testing

@Suite struct ShiftPlanTests {
    private struct Plan: Decodable {
        struct Row: Decodable {
            var day: String
            var name: String
            var from: Int64
            var to: Int64
        }

        var zone: String
        var shifts: [String: String]
        var rows: [Row]
    }

    @Test func theNightBelongsToTheDayItBegan() throws {
        let night = try ShiftPlan.berlin().shift(at: try moment("2026-11-28T01:00:00Z"))
        #expect(night.name == "night" && night.day == "2026-11-27")
        #expect(try night.from == moment("2026-11-27T21:00:00Z") && night.to == moment("2026-11-28T05:00:00Z"))
    }

    @Test func aNightOverAChangeOfTheClockLastsSevenOrNineHours() throws {
        let plan = try ShiftPlan.berlin()
        for (day, hours) in [("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-01", 8)] {
            let night = try #require(plan.shift("night", on: day, now: 0))
            #expect(night.to - night.from == Int64(hours) * 3_600_000_000)
        }
    }

    @Test func anHourThatComesTwiceIsTwoHours() throws {
        let plan = try ShiftPlan.berlin()
        let hours = try ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map { plan.hour(of: try moment($0)) }
        #expect(hours.map(plan.local) == ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"])
        #expect(hours[1] - hours[0] == 3_600_000_000)
    }

    @Test func aShiftThatHasNotBegunTodayIsThatOfYesterday() throws {
        let (plan, noon) = (try ShiftPlan.berlin(), try moment("2026-06-02T10:00:00Z"))
        #expect(plan.newest("late", by: noon)?.day == "2026-06-01")
        #expect(plan.newest("early", by: noon)?.day == "2026-06-02")
        #expect(plan.shift("early", on: "today", now: noon)?.day == "2026-06-02")
        #expect(plan.shift("early", on: "yesterday", now: noon)?.day == "2026-06-01")
        #expect(plan.newest("evening", by: noon) == nil && plan.shift("early", on: "2026-02-30", now: noon) == nil)
    }

    @Test func shiftsBeginAndEndWhenPythonSaysInSixZones() throws {
        for plan in try Fixture.decode([Plan].self, "shifts.json") {
            let shifts = try ShiftPlan.of(plan.zone, plan.shifts)
            for row in plan.rows {
                let found = try #require(shifts.shift(row.name, on: row.day, now: 0))
                #expect(found.from == row.from && found.to == row.to, "\(plan.zone) \(row)")
                // Of one that a change of the clock leaves nothing of there is no time.
                guard row.from < row.to else { continue }
                #expect(
                    shifts.shift(at: row.from) == found && shifts.shift(at: row.to - 1) == found, "\(plan.zone) \(row)")
            }
        }
    }
}
