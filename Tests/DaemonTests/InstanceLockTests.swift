import Daemon
import Foundation
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
        let lock = try InstanceLock(stateDirectory: folder.path)
        let holder = Int(ProcessInfo.processInfo.processIdentifier)
        #expect(throws: InstanceLockError.held(path: "\(folder.path)/lock", holder: holder)) { try take(folder.path) }
        _ = consume lock
        try take(folder.path)
    }

    @Test func aLockFileThatADeadDaemonLeftIsTaken() throws {
        try folder.write("4194304\n", to: "lock")
        let lock = try InstanceLock(stateDirectory: folder.path)
        #expect(try folder.text(of: "lock") == "\(ProcessInfo.processInfo.processIdentifier)\n")
        _ = consume lock
    }

    @Test func aFileSystemThatTheServiceMayNotWriteToIsToldWithItsRemedy() {
        let error = InstanceLockError.operationFailed("create", path: "/data/fsac", errno: EROFS)
        #expect("\(error)".contains("ReadWritePaths=") && "\(error)".contains("systemctl edit fsacd"))
        let group = ControlSocketError.notAMember(group: "line", path: "/run/fsac/control.sock")
        #expect("\(group)".contains("usermod -aG line fsac"))
    }

    @Test func aMissingStateDirectoryIsMadeButNotItsParents() throws {
        try take("\(folder.path)/state")
        #expect(throws: InstanceLockError.operationFailed("create", path: "\(folder.path)/a/b", errno: ENOENT)) {
            try take("\(folder.path)/a/b")
        }
    }
}
