import Glibc
package import Logging
import Platform
import Synchronization

/// Why this daemon may not use the state directory.
package enum InstanceLockError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another daemon uses it; `holder` is its process number, when it could be read.
    case held(path: String, holder: Int?)
    /// A link could lead to a directory, or a file, that is somebody else's.
    case linked(path: String)
    /// Something else is in the lock's place.
    case notAFile(path: String)
    case operationFailed(_ operation: String, path: String, errno: CInt)

    package var description: String {
        switch self {
        case .held(let path, let holder):
            "state directory: \(path) is held by another fsacd\(holder.map { " (process \($0))" } ?? ""): "
                + "stop it or give this one a state_directory of its own"
        case .linked(let path):
            "state directory: \(path) is a symbolic link, which is not followed: "
                + "let state_directory name the place it leads to"
        case .notAFile(let path): "state directory: \(path): expected the lock, a regular file: remove what is there"
        case .operationFailed(let operation, let path, let code):
            "state directory: \(operation) \(path)\(Self.owner(path)): \(ErrnoText.describe(code)): "
                + Self.remedy(code)
        }
    }

    /// Whether somebody has to change something before a start can succeed; else trying again may help, for a disk can
    /// come back.
    package var isForSomebodyToMend: Bool {
        switch self {
        case .held: false
        case .linked, .notAFile: true
        case .operationFailed(_, _, let code): !ErrnoText.mayPass(code)
        }
    }

    private static func remedy(_ code: CInt) -> String {
        switch code {
        case EROFS:
            "fsacd.service may write only to /var/lib/fsac and to what ReadWritePaths= names: add it with "
                + "`systemctl edit fsacd`, or mount the disk for writing"
        case _ where ErrnoText.mayPass(code): "the disk fails: see the kernel's messages"
        default: "the user fsacd runs as (uid \(getuid())) has to own state_directory"
        }
    }

    /// ` (uid 0, mode 755)`, when that can be read.
    private static func owner(_ path: String) -> String {
        var status = stat()
        guard lstat(path, &status) == 0 else { return "" }
        return " (uid \(status.st_uid), mode \(String(status.st_mode & 0o7777, radix: 8)))"
    }
}

/// The lock on the state directory: one daemon at a time. The kernel releases it when the process ends, however it
/// ends.
///
/// The directory itself is locked, which nobody can take away without taking away the directory, and the file `lock` in
/// it, which an older version knows, and which names the holder. ``renew(_:)`` notices when either was removed or
/// exchanged.
package final class InstanceLock: Sendable {
    private struct Held {
        /// Both closed on exec: a child that outlives the daemon does not hold the lock.
        var directory: DescriptorBox
        /// Nil while the disk takes no file; the directory is locked, then.
        var file: DescriptorBox?
    }

    private let stateDirectory: String
    private let held: Mutex<Held>

    /// Takes the lock, or says who has it. Creates the state directory when only its last component is missing.
    package init(stateDirectory: String) throws(InstanceLockError) {
        self.stateDirectory = stateDirectory
        held = Mutex(try Self.take(stateDirectory))
    }

    /// Makes sure that the lock is on what the path names now, and takes it again where that was removed or exchanged.
    /// Waits for the file system.
    ///
    /// - Throws: ``InstanceLockError`` when the path is not this daemon's any more: nothing may be written there.
    package func renew(_ logger: Logger) throws(InstanceLockError) {
        do {
            try held.withLock { (held) throws(InstanceLockError) in
                guard Self.isSame(held.directory, stateDirectory) else {
                    held = try Self.take(stateDirectory)
                    logger.critical(
                        "the state directory was removed or exchanged under the daemon: it goes on in the new one",
                        metadata: ["path": "\(stateDirectory)"])
                    return
                }
                if let file = held.file, Self.isSame(file, "\(stateDirectory)/lock") { return }
                let wasThere = held.file != nil
                held.file = try Self.lockFile(of: stateDirectory, isLocked: true)
                guard wasThere else { return }
                logger.warning(
                    "the lock was removed or exchanged under the daemon: it is put back",
                    metadata: ["path": "\(stateDirectory)/lock"])
            }
        } catch {
            // A disk that fails takes nobody's lock away.
            if case .operationFailed(_, _, let code) = error, ErrnoText.mayPass(code) { return }
            throw error
        }
    }

    private static func take(_ stateDirectory: String) throws(InstanceLockError) -> Held {
        var status = stat()
        if lstat(stateDirectory, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
            throw .linked(path: stateDirectory)
        }
        guard mkdir(stateDirectory, 0o750) == 0 || errno == EEXIST else {
            throw .operationFailed("create", path: stateDirectory, errno: errno)
        }
        let directory = try open(stateDirectory, O_RDONLY | O_DIRECTORY)
        let isLocked = try lock(directory, stateDirectory, of: stateDirectory)
        return Held(directory: directory, file: try lockFile(of: stateDirectory, isLocked: isLocked))
    }

    /// - Parameter isLocked: whether the directory is, so that a disk that takes no file is no reason to end.
    private static func lockFile(of stateDirectory: String, isLocked: Bool) throws(InstanceLockError) -> DescriptorBox?
    {
        let path = "\(stateDirectory)/lock"
        let file: DescriptorBox
        do throws(InstanceLockError) {
            file = try open(path, O_RDWR | O_CREAT | O_NONBLOCK)
        } catch {
            guard case .operationFailed(_, _, let code) = error, isLocked, ErrnoText.mayPass(code) else { throw error }
            return nil
        }
        var status = stat()
        guard fstat(file.descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .notAFile(path: path)
        }
        guard try lock(file, path, of: stateDirectory) || isLocked else {
            throw .operationFailed("lock", path: path, errno: EOPNOTSUPP)
        }
        // The process number is for the message above; the lock does not depend on it.
        let text = "\(getpid())\n"
        // Written after the lock is held: who does not get it reads the holder's.
        if ftruncate(file.descriptor, 0) == 0 { _ = pwrite(file.descriptor, text, text.utf8.count, 0) }
        return file
    }

    private static func open(_ path: String, _ flags: CInt) throws(InstanceLockError) -> DescriptorBox {
        do throws(DiskError) {
            return try DescriptorBox(.open, path, Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o640))
        } catch {
            switch error.errno {
            case ELOOP: throw .linked(path: path)
            case EISDIR, ENXIO: throw .notAFile(path: path)
            default: throw .operationFailed("open", path: path, errno: error.errno)
            }
        }
    }

    /// - Returns: whether it is locked; false where the file system cannot, as NFS cannot lock directories.
    private static func lock(
        _ file: DescriptorBox, _ path: String, of stateDirectory: String
    ) throws(InstanceLockError) -> Bool {
        // Of the open file, not of the process (fcntl's would be lost by closing any other descriptor of it).
        if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        switch errno {
        case EWOULDBLOCK: throw .held(path: "\(stateDirectory)/lock", holder: holder(of: stateDirectory))
        case EBADF, EINVAL, ENOLCK, EOPNOTSUPP: return false
        default: throw .operationFailed("lock", path: path, errno: errno)
        }
    }

    private static func holder(of stateDirectory: String) -> Int? {
        guard let bytes = try? Disk().read("\(stateDirectory)/lock") else { return nil }
        return Int(String(decoding: bytes.prefix(32), as: UTF8.self).prefix { $0.isNumber })
    }

    private static func isSame(_ file: DescriptorBox, _ path: String) -> Bool {
        var (mine, named) = (stat(), stat())
        guard fstat(file.descriptor, &mine) == 0 else { return false }
        guard lstat(path, &named) == 0 else { return errno != ENOENT && errno != ENOTDIR }
        return mine.st_dev == named.st_dev && mine.st_ino == named.st_ino
    }
}
