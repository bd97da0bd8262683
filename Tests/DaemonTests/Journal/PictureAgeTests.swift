import Daemon
import Testing

@Suite struct PictureAgeTests {
    private static let day = Duration.seconds(86_400)
    /// 2026-01-11T00:00:00Z.
    private static let wall = Duration.seconds(1_768_089_600)

    @Test func picturesOfDaysBeforeThoseThatAreKeptAreTooOld() {
        var age = PictureAge(wall: Self.wall, monotonic: .zero)
        // A clock that is wrong at a start is set soon after it.
        #expect(age.oldestDay(keeping: 3, wall: Self.wall + .seconds(3599), monotonic: .seconds(3599)) == nil)
        #expect(age.oldestDay(keeping: 3, wall: Self.wall + .seconds(3600), monotonic: .seconds(3600)) == "2026/01/08")
        #expect(age.oldestDay(keeping: nil, wall: Self.wall + .seconds(3600), monotonic: .seconds(3600)) == nil)
    }

    @Test(arguments: [400.0, -400, 0.05])
    func aClockThatIsSetMakesNothingOldForADay(days: Double) {
        var age = PictureAge(wall: Self.wall, monotonic: .zero)
        let jump = Self.day * days
        let set = Duration.seconds(7200)
        #expect(age.oldestDay(keeping: 3, wall: Self.wall + jump + set, monotonic: set) == nil)
        let nearly = set + Self.day - .seconds(1)
        #expect(age.oldestDay(keeping: 3, wall: Self.wall + jump + nearly, monotonic: nearly) == nil)
        let later = set + Self.day
        #expect(age.oldestDay(keeping: 3, wall: Self.wall + jump + later, monotonic: later) != nil)
    }

    @Test func aClockThatIsSetByMinutesCounts() {
        var age = PictureAge(wall: Self.wall, monotonic: .zero)
        #expect(age.oldestDay(keeping: 3, wall: Self.wall + .seconds(9000), monotonic: .seconds(7200)) == "2026/01/08")
    }

    @Test func theRateIsThatOfTheLastDay() throws {
        var rate = PictureRate()
        #expect(rate.bytesADay(at: .zero) == nil)
        // A simulated month at 1000 bytes a minute, then ten times as much for two days.
        for minute in 0..<(32 * 1440) {
            rate.add(minute < 30 * 1440 ? 1000 : 10_000, at: .seconds(60 * minute))
        }
        let found = try #require(rate.bytesADay(at: Self.day * 32))
        #expect(abs(found / 14_400_000 - 1) < 0.05)
        #expect(rate.bytesADay(at: Self.day * 34) == nil)
    }

    @Test func aFewSecondsSayNothingOfARate() {
        var rate = PictureRate()
        for second in 0..<60 { rate.add(1000, at: .seconds(second)) }
        #expect(rate.bytesADay(at: .seconds(59)) == nil)
        #expect(rate.bytesADay(at: .seconds(60)) == 86_400_000)
    }
}
