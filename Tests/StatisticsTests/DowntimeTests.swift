import ControlProtocol
import Platform
import Statistics
import Testing

@Suite struct DowntimeTests {
    private static let lost = ["place": EventValue.text("camera top"), "state": .text("camera_lost")]

    private func event(
        _ kind: EventRecord.Kind, at second: Int64, before: [String: EventValue] = [:],
        after: [String: EventValue] = [:]
    ) -> EventRecord {
        EventRecord(seq: 1, time: time(second), event: kind, origin: .daemon, before: before, after: after)
    }

    private func time(_ second: Int64) -> String { WallTime(microsecondsSince1970: second * 1_000_000).rfc3339 }

    /// - Parameter lastSign: the newest verdict of a daemon that was killed, in seconds.
    private func downtime(_ events: [EventRecord], lastSign: Int64? = nil) -> Downtime {
        var downtime = Downtime()
        for event in events { downtime.add(event) { _ in lastSign.map { $0 * 1_000_000 } } }
        return downtime
    }

    private func result(_ downtime: Downtime, from: Int64 = 0, to: Int64 = 1000, now: Int64 = 1000) -> [String] {
        let result = downtime.result(from: from * 1_000_000, to: to * 1_000_000, now: now * 1_000_000)
        return result.states.map { "\($0.state) \($0.count) \($0.seconds)" } + ["\(result.seconds)"]
    }

    @Test func aFaultCountsFromWhenItBeganAndNotFromWhenItWasWrittenDown() {
        let events = [
            event(.start, at: 0),
            event(.state, at: 103, after: Self.lost.merging(["since": .text(time(100))]) { $1 }),
            event(.state, at: 163, before: Self.lost.merging(["until": .text(time(160))]) { $1 }),
        ]
        #expect(result(downtime(events)) == ["camera_lost 1 60.0", "60.0"])
        // Of a stretch that holds a piece of it, the piece.
        #expect(result(downtime(events), from: 150) == ["camera_lost 1 10.0", "10.0"])
        #expect(result(downtime(events), from: 200) == ["0.0"])
    }

    @Test func aFaultThatGoesOnCountsUntilNow() {
        let events = [event(.start, at: 0), event(.state, at: 100, after: Self.lost)]
        #expect(result(downtime(events), now: 130) == ["camera_lost 1 30.0", "30.0"])
    }

    @Test func whatOverlapsCountsOnceInAll() {
        let other = ["place": EventValue.text("camera side"), "state": .text("camera_stalled")]
        let events = [
            event(.start, at: 0), event(.state, at: 100, after: Self.lost), event(.state, at: 110, after: other),
            event(.state, at: 120, before: Self.lost), event(.state, at: 150, before: other),
        ]
        #expect(result(downtime(events)) == ["camera_stalled 1 40.0", "camera_lost 1 20.0", "50.0"])
    }

    @Test func aDaemonThatWasStoppedIsNotRunningUntilItsStart() {
        let events = [
            event(.start, at: 0), event(.state, at: 90, after: Self.lost), event(.stop, at: 100),
            event(.start, at: 160),
        ]
        #expect(result(downtime(events)) == ["not_running 1 60.0", "camera_lost 1 10.0", "70.0"])
        #expect(
            result(downtime(Array(events.prefix(3))), now: 105) == ["camera_lost 1 10.0", "not_running 1 5.0", "15.0"])
    }

    @Test func aDaemonThatWasKilledIsNotRunningFromItsNewestVerdictOn() {
        let events = [event(.start, at: 0), event(.start, at: 160)]
        #expect(result(downtime(events, lastSign: 130)) == ["not_running 1 30.0", "30.0"])
    }

    @Test func aFirstStartEndsNothing() {
        #expect(result(downtime([event(.start, at: 500)], lastSign: 100)) == ["0.0"])
    }
}

@Suite struct ClockWatchTests {
    @Test func aClockThatIsSetIsSeenAndOneThatIsSlowIsNot() {
        var watch = ClockWatch()
        let start = ContinuousClock.now
        func look(_ wall: Double, _ passed: Double) -> Int64? {
            watch.look(
                WallTime(microsecondsSince1970: Int64(wall * 1e6)), at: start + .microseconds(Int64(passed * 1e6)))
        }
        #expect(look(1000, 0) == nil)
        #expect(look(1000.5, 0.6) == nil)
        #expect(look(4601, 1.1) == 3_600_000_000)
        #expect(look(4602, 2.1) == nil)
        #expect(look(4590, 3.1) == -13_000_000)
        // The computer slept.
        #expect(look(9590, 5003.1) == nil)
    }
}
