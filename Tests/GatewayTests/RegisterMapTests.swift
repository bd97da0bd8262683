import ControlProtocol
import Gateway
import Testing

@Suite struct RegisterMapTests {
    @Test func wordByteAndTextOrderAreSeenAtAGlance() {
        let high = TestDesk()
        #expect(high.read(0, 8) == [1, 0x1234, 0x1234, 0x5678, 0x4049, 0x0FDB, 0x4653, 0x4143])
        let low = TestDesk(order: .lowFirst)
        #expect(low.read(0, 8) == [1, 0x1234, 0x5678, 0x1234, 0x0FDB, 0x4049, 0x4653, 0x4143])
    }

    @Test func aVerdictStandsInTheRegistersAsTheMapSays() {
        let test = TestDesk.live()
        var record = TestDesk.record(0x0001_0203, .ng, id: 4711)
        (record.score, record.uncertain, record.lot) = (0.75, true, "L-1")
        record.regions = [
            .init(x: 1, y: 2, width: 3, height: 4, peak: 1), .init(x: 410, y: 220, width: 64, height: 38, peak: 1),
        ]
        test.verdict(record)
        #expect(test.read(40) == [0x0203] && test.read(99) == [0x0203])
        #expect(test.read(41, 3) == [1, 0x0203, 2])
        // Cause none; uncertain and synced; the trigger's number, recipe, generation, milliseconds.
        #expect(test.read(44, 6) == [0, 0b0101, 4711, 7, 12, 31])
        // 0.75 and 0.5 as floating-point numbers, and 1500 thousandths.
        #expect(test.read(50, 5) == [0x3F40, 0, 0x3F00, 0, 1500])
        #expect(test.read(55, 5) == [2, 410, 220, 64, 38])
        // 2027-01-15 08:00:00 UTC is 1800000000, and a quarter of a second.
        #expect(test.read(60, 4) == [0x6B49, 0xD200, 250, 1])
        #expect(test.read(64, 16) == [0x412D, 0x3437, 0x3131] + [UInt16](repeating: 0, count: 13))
        #expect(test.read(80, 19) == [0x4C2D, 0x3100] + [UInt16](repeating: 0, count: 17))
    }

    @Test func anInvalidPartSaysWhyAndHasNoScore() {
        let test = TestDesk.live()
        test.verdict(TestDesk.record(1, .invalid))
        #expect(test.read(43, 2) == [3, 11])
        #expect(test.read(50, 5) == [0, 0, 0, 0, 0])
        var unheardOf = TestDesk.record(2, .invalid)
        unheardOf.cause = "of_a_newer_version"
        test.verdict(unheardOf)
        #expect(test.read(43, 2) == [3, 99])
    }

    @Test func anOKThatIsInMemoryOnlyReleasesNoPart() {
        let test = TestDesk.live()
        var record = TestDesk.record(1)
        record.stored = .memory
        test.verdict(record)
        #expect(test.read(43, 2) == [3, 26])
    }

    @Test(arguments: [(0.49999, 999), (0.5, 1000), (0.50001, 1000), (100, 65_535)] as [(Float, UInt16)])
    func thousandthsNeverSayOKOfWhatIsAtTheLimit(score: Float, thousandths: UInt16) {
        let test = TestDesk.live()
        var record = TestDesk.record(1)
        record.score = score
        test.verdict(record)
        #expect(test.read(54) == [thousandths])
    }

    @Test func theLineStandsInTheRegistersAsTheMapSays() {
        let test = TestDesk.live()
        // Ready, no fault, READY alone.
        #expect(test.read(9, 3) == [6, 0, 1])
        #expect(test.read(12, 4) == [7, 12, 0, 0])
        #expect(test.read(16, 8) == [1, 4464, 0, 2, 0, 3, 0, 0])
        #expect(test.read(24, 2) == [0x6B49, 0xD200])
        #expect(test.read(27) == [0x5A5A])
        test.take(.state(test.status(trigger: "continuous")))
        #expect(test.read(9) == [8])
    }

    @Test func theChecksumIsAnotherOneWhenALimitIs() {
        let test = TestDesk.live()
        let before = test.read(26)
        #expect(before != [0])
        var status = test.status()
        status.recipes[0].model?.limit.value = 0.6
        test.take(.state(status))
        #expect(test.read(26) != before)
        status = test.status()
        status.recipes[0].settingsDigest = "01"
        test.take(.state(status))
        #expect(test.read(26) != before)
        test.take(.state(test.status()))
        #expect(test.read(26) == before)
    }

    @Test func discreteInputsAreTheFlags() {
        let test = TestDesk.live()
        test.verdict(TestDesk.record(1))
        #expect(test.read(11) == [0b101])
        #expect(test.send([2, 0, 0, 0, 13]).reply == [2, 2, 0b101, 0])
        #expect(test.send([2, 0, 2, 0, 1]).reply == [2, 1, 1])
        #expect(test.send([2, 0, 0, 0, 14]).reply == [0x82, 2])
    }

    @Test func aLongNameIsCutBetweenCharacters() {
        let test = TestDesk.live()
        var record = TestDesk.record(1)
        record.part = String(repeating: "a", count: 31) + "ø"
        test.verdict(record)
        #expect(test.read(64, 16).last == 0x6100)
    }

    @Test func eachUnitHasItsCamera() {
        let test = TestDesk.live(cameras: ["camera1", "camera2"])
        test.verdict(TestDesk.record(1, .ng))
        test.verdict(TestDesk.record(2, .ok, camera: "camera2"))
        #expect(test.read(42, 2, unit: 1) == [1, 2] && test.read(42, 2, unit: 2) == [2, 1])
        #expect(test.read(42, 2, unit: 0) == [1, 2] && test.read(42, 2, unit: 255) == [1, 2])
        #expect(test.send([3, 0, 0, 0, 1], unit: 3).reply == [0x83, 10])
    }
}
