import Daemon
import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct InstanceLockTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func take(_ directory: String) throws(InstanceLockError) {
        _ = try InstanceLock(stateDirectory: directory)
    }

    @Test func aSecondDaemonIsToldWhoHoldsTheStateDirectory() throws {
        var lock: InstanceLock? = try InstanceLock(stateDirectory: folder.path)
        let holder = Int(ProcessInfo.processInfo.processIdentifier)
        #expect(throws: InstanceLockError.held(path: "\(folder.path)/lock", holder: holder)) { try take(folder.path) }
        withExtendedLifetime(lock) {}
        lock = nil
        try take(folder.path)
    }

    @Test func aLockFileThatADeadDaemonLeftIsTaken() throws {
        try folder.write("4194304\n", to: "lock")
        let lock = try InstanceLock(stateDirectory: folder.path)
        #expect(try folder.text(of: "lock") == "\(ProcessInfo.processInfo.processIdentifier)\n")
        withExtendedLifetime(lock) {}
    }

    @Test func aFileSystemThatTheServiceMayNotWriteToIsToldWithItsRemedy() {
        let error = InstanceLockError.operationFailed("create", path: "/data/fsac", errno: EROFS)
        #expect("\(error)".contains("ReadWritePaths=") && "\(error)".contains("systemctl edit fsacd"))
        let group = ControlSocketError.notAMember(group: "line", path: "/run/fsac/control.sock")
        #expect("\(group)".contains("usermod -aG line fsac"))
    }

    @Test func aLockThatIsRemovedIsNotFree() throws {
        let lock = try InstanceLock(stateDirectory: folder.path)
        unlink("\(folder.path)/lock")
        #expect(throws: InstanceLockError.held(path: "\(folder.path)/lock", holder: nil)) { try take(folder.path) }
        try lock.renew(.silent)
        // An older version looks at the file.
        #expect(try folder.text(of: "lock") == "\(ProcessInfo.processInfo.processIdentifier)\n")
        withExtendedLifetime(lock) {}
    }

    @Test func aLockThatWasExchangedIsTakenAgain() throws {
        let lock = try InstanceLock(stateDirectory: folder.path)
        try folder.write("another", to: "new")
        rename("\(folder.path)/new", "\(folder.path)/lock")
        try lock.renew(.silent)
        #expect(try folder.text(of: "lock") == "\(ProcessInfo.processInfo.processIdentifier)\n")
        withExtendedLifetime(lock) {}
    }

    @Test func whoMovesTheStateDirectoryAwayEndsTheDaemonOnceAnotherHasTheNewOne() throws {
        let state = "\(folder.path)/state"
        let lock = try InstanceLock(stateDirectory: state)
        rename(state, "\(folder.path)/old")
        // Nobody else: it goes on in a new one.
        try lock.renew(.silent)
        #expect(throws: InstanceLockError.self) { try take(state) }
        rename(state, "\(folder.path)/older")
        let other = try InstanceLock(stateDirectory: state)
        let holder = Int(ProcessInfo.processInfo.processIdentifier)
        #expect(throws: InstanceLockError.held(path: "\(state)/lock", holder: holder)) { try lock.renew(.silent) }
        withExtendedLifetime((lock, other)) {}
    }

    @Test func aLinkIsNotFollowed() throws {
        try folder.write("precious", to: "target")
        symlink("\(folder.path)/target", "\(folder.path)/lock")
        let error = InstanceLockError.linked(path: "\(folder.path)/lock")
        #expect(throws: error) { try take(folder.path) }
        #expect(error.isForSomebodyToMend)
        #expect(try folder.text(of: "target") == "precious")
        symlink("\(folder.path)/elsewhere", "\(folder.path)/state")
        #expect(throws: InstanceLockError.linked(path: "\(folder.path)/state")) { try take("\(folder.path)/state") }
    }

    @Test func aPipeOrAFolderInTheLocksPlaceIsRefusedAtOnce() throws {
        mkfifo("\(folder.path)/lock", 0o600)
        #expect(throws: InstanceLockError.notAFile(path: "\(folder.path)/lock")) { try take(folder.path) }
        unlink("\(folder.path)/lock")
        mkdir("\(folder.path)/lock", 0o700)
        #expect(throws: InstanceLockError.notAFile(path: "\(folder.path)/lock")) { try take(folder.path) }
    }

    @Test(arguments: [(EIO, false), (EROFS, false), (ENOSPC, false), (EACCES, true), (ENOENT, true), (ENOTDIR, true)])
    func onlyWhatSomebodyHasToChangeKeepsTheUnitFromStartingAgain(code: CInt, needsSomebody: Bool) {
        let lock = InstanceLockError.operationFailed("open", path: "/data/fsac/lock", errno: code)
        #expect(lock.isForSomebodyToMend == needsSomebody)
    }

    @Test func aMissingStateDirectoryIsMadeButNotItsParents() throws {
        try take("\(folder.path)/state")
        #expect(throws: InstanceLockError.operationFailed("create", path: "\(folder.path)/a/b", errno: ENOENT)) {
            try take("\(folder.path)/a/b")
        }
    }
}
