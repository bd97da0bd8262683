import ControlProtocol
import Daemon
import Platform
import Testing

/// Which faults the event journal tells of.
@Suite struct FaultDiaryTests {
    private static let lost = Finding("camera top", .cameraLost, "unplugged")
    private static let start = ContinuousClock.now

    private func look(_ diary: inout FaultDiary, _ causes: [Finding], at seconds: Double) -> [Change] {
        diary.look(
            causes, at: Self.start + .milliseconds(Int64(seconds * 1000)),
            WallTime(microsecondsSince1970: Int64(seconds * 1_000_000)))
    }

    private func time(_ second: Int64) -> EventValue {
        .text(WallTime(microsecondsSince1970: second * 1_000_000).rfc3339)
    }

    @Test func aFaultIsToldWithWhenItBeganAndWhenItEnded() {
        var diary = FaultDiary()
        #expect(look(&diary, [Self.lost], at: 10).isEmpty)
        let begin = look(&diary, [Self.lost], at: 13)
        #expect(begin.map(\.event) == [.state])
        #expect(
            begin.first?.after == [
                "place": .text("camera top"), "state": .text("camera_lost"), "reason": .text("unplugged"),
                "since": time(10),
            ])
        #expect(look(&diary, [Self.lost], at: 100).isEmpty)
        #expect(look(&diary, [], at: 110).isEmpty)
        let end = look(&diary, [], at: 113)
        #expect(end.first?.before["until"] == time(110) && end.first?.after.isEmpty == true)
        #expect(look(&diary, [], at: 120).isEmpty)
    }

    @Test func aShortFaultAndAShortPauseOfOneAreNotTold() {
        var diary = FaultDiary()
        #expect(look(&diary, [Self.lost], at: 10).isEmpty && look(&diary, [], at: 12).isEmpty)
        #expect(look(&diary, [Self.lost], at: 14).isEmpty)
        #expect(look(&diary, [Self.lost], at: 17).count == 1)
        #expect(look(&diary, [], at: 20).isEmpty)
        #expect(look(&diary, [Self.lost], at: 22).isEmpty)
        #expect(look(&diary, [], at: 30).isEmpty)
        #expect(look(&diary, [], at: 32).isEmpty)
        #expect(look(&diary, [], at: 33).count == 1)
    }

    @Test func warningsAndTheShutdownAreNoFaults() {
        var diary = FaultDiary()
        let findings = [Finding(warning: "pictures", "slow"), Finding("daemon", .stopping, "told to stop")]
        #expect(look(&diary, findings, at: 0).isEmpty && look(&diary, findings, at: 9).isEmpty)
    }
}
