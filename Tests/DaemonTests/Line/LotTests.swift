import ControlProtocol
import Daemon
import Logging
import TestSupport
import Testing

/// Of which lot parts are.
@Suite struct LotTests {
    private func desk(_ folder: TemporaryFolder) -> LotDesk {
        LotDesk(cameras: ["side", "top"], stateDirectory: folder.path, logger: .silent)
    }

    @Test func aPartIsOfTheLotThatWasSetWhenItsFrameWasTaken() throws {
        let folder = try TemporaryFolder()
        let desk = desk(folder)
        let before = ContinuousClock.now
        #expect(desk.lot(of: "top", at: before) == nil)
        try desk.set("L-1", for: "top")
        let between = ContinuousClock.now
        try desk.set("L-2", for: nil)
        let after = ContinuousClock.now
        try desk.set(nil, for: "top")
        #expect(desk.lot(of: "top", at: before) == nil && desk.lot(of: "top", at: between) == "L-1")
        #expect(desk.lot(of: "top", at: after) == "L-2" && desk.lot(of: "top", at: .now) == nil)
        #expect(desk.lot(of: "side", at: between) == nil && desk.lot(of: "side", at: .now) == "L-2")
        #expect(desk.lots == [LotReply(camera: "side", lot: "L-2"), LotReply(camera: "top", lot: nil)])
    }

    @Test func aLotOutlivesARestart() throws {
        let folder = try TemporaryFolder()
        try desk(folder).set("L-1", for: "top")
        #expect(desk(folder).lot(of: "top", at: .now) == "L-1")
        try desk(folder).set(nil, for: nil)
        #expect(desk(folder).lots.allSatisfy { $0.lot == nil })
    }

    @Test func lotsThatCannotBeReadAreNoneAndSaidSo() throws {
        let folder = try TemporaryFolder()
        try folder.write(#"{"top":"L-1"}"#, to: "lots.json")
        let desk = desk(folder)
        #expect(desk.lots.allSatisfy { $0.lot == nil } && desk.findings.count == 1)
        try desk.set("L-2", for: nil)
        #expect(desk.findings.isEmpty && self.desk(folder).lots.allSatisfy { $0.lot == "L-2" })
    }
}
