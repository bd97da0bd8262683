import Glibc
import Platform

/// Why this daemon may not use the state directory.
package enum InstanceLockError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another daemon uses it; `holder` is its process number, when it could be read.
    case held(path: String, holder: Int?)
    case operationFailed(_ operation: String, path: String, errno: CInt)

    package var description: String {
        switch self {
        case .held(let path, let holder):
            "state directory: \(path) is held by another fsacd\(holder.map { " (process \($0))" } ?? ""): "
                + "stop it or give this one a state_directory of its own"
        case .operationFailed(let operation, let path, let code):
            "state directory: \(operation) \(path): \(ErrnoText.describe(code)): "
                + (code == EROFS
                    ? "fsacd.service may write only to /var/lib/fsac and to what ReadWritePaths= names: "
                        + "add it with `systemctl edit fsacd`, or mount the disk for writing"
                    : "the user fsacd runs as (uid \(getuid())) has to own state_directory")
        }
    }
}

/// The lock on the state directory (`lock` in it): one daemon at a time. The kernel releases it when the process ends,
/// however it ends; the file stays.
package struct InstanceLock: ~Copyable {
    /// Closed on exec: a child that outlives the daemon does not hold the lock.
    private let descriptor: CInt

    /// Takes the lock, or says who has it. Creates the state directory when only its last component is missing.
    package init(stateDirectory: String) throws(InstanceLockError) {
        guard mkdir(stateDirectory, 0o750) == 0 || errno == EEXIST else {
            throw .operationFailed("create", path: stateDirectory, errno: errno)
        }
        let path = "\(stateDirectory)/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .operationFailed("open", path: path, errno: errno) }
        // Of the open file, not of the process (fcntl's would be lost by closing any other descriptor of it).
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let (code, holder) = (errno, Self.holder(descriptor))
            close(descriptor)
            guard code == EWOULDBLOCK else { throw .operationFailed("lock", path: path, errno: code) }
            throw .held(path: path, holder: holder)
        }
        // The process number is for the message above; the lock does not depend on it.
        let text = "\(getpid())\n"
        // Written after the lock is held: who does not get it reads the holder's.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.utf8.count, 0) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func holder(_ descriptor: CInt) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count], as: UTF8.self).prefix { $0.isNumber })
    }
}
