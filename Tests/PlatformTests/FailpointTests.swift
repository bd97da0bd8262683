import Glibc
import Platform
import TestSupport
import Testing

@Suite struct FailpointTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A disk with a fault, as a program has it that was started with the text in `FSAC_FAILPOINT`.
    private func disk(_ text: String, after startFile: String? = nil) throws -> Disk {
        let failpoint = try #require(Failpoint(text, after: startFile))
        return Disk(failpoint)
    }

    @Test func whatIsNoFailpointIsNotTakenForOne() {
        for text in ["", "fit", "fit.kill", "fit:3", "fit.kill:0", "fit.kill:-1", "fit.kill:x", "fit.die:1"] {
            #expect(Failpoint(text) == nil, "\(text)")
        }
        #expect(Failpoint("inference.hang:25") != nil)
    }

    @Test func theNthOperationFailsOnceOrFromThenOn() throws {
        let path = "\(folder.path)/value"
        func failures(_ text: String) throws -> [Int] {
            let disk = try disk(text)
            return (1...6).filter { _ in (try? disk.check(.rename, path)) == nil }
        }
        #expect(try failures("disk().error:3") == [3])
        #expect(try failures("disk().errors:3") == [3, 4, 5, 6])
        #expect(try failures("disk().error:7").isEmpty)
        #expect(try failures("disk().trace:1").isEmpty)
    }

    @Test func onlyOperationsThatItNamesCount() throws {
        let disk = try disk("disk(rename /s/journal).error:2")
        try disk.check(.rename, "/s/journal/a")
        try disk.check(.sync, "/s/journal/a")
        try disk.check(.rename, "/s/recipes/a")
        #expect(throws: DiskError(operation: .rename, path: "/s/journal/b", errno: EIO)) {
            try disk.check(.rename, "/s/journal/b")
        }
        #expect(throws: Never.self) { try self.disk("fit.error:1").check(.rename, "/s/journal/a") }
    }

    @Test func nothingCountsBeforeTheFileIsThere() throws {
        let disk = try disk("disk().error:1", after: "\(folder.path)/now")
        try disk.check(.write, "/s/a")
        try folder.write("", to: "now")
        #expect(throws: DiskError(operation: .write, path: "/s/a", errno: EIO)) { try disk.check(.write, "/s/a") }
    }

    /// SQLite's way: whichever operation fails, the file is the old one or the new one, and nothing else is left.
    @Test(arguments: ["error", "errors"]) func aReplacementIsOldOrNewWhateverFails(_ action: String) throws {
        for pass in 1... {
            try folder.write("old", to: "value")
            let disk = try disk("disk(value).\(action):\(pass)")
            let isReplaced = (try? disk.replace("\(folder.path)/value", with: Array("new".utf8))) != nil
            #expect(try ["old", "new"].contains(folder.text(of: "value")), "pass \(pass)")
            #expect(try folder.names(in: "") == ["value"], "pass \(pass)")
            if isReplaced { return #expect(pass > 3) }
        }
    }
}
