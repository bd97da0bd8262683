import Glibc
import Platform

/// Why the control socket cannot be opened: the daemon does not start, or ends.
package enum ControlSocketError: Error, Equatable, Sendable, CustomStringConvertible {
    case pathTooLong(String, limit: Int)
    case notASocket(path: String)
    case inUse(path: String)
    case noSuchFolder(path: String)
    case noSuchGroup(String)
    /// The user fsacd runs as may give the socket only to a group of its own.
    case notAMember(group: String, path: String)
    case operationFailed(_ operation: String, path: String, errno: CInt)

    package var description: String {
        switch self {
        case .pathTooLong(let path, let limit):
            "control socket: \(path): \(path.utf8.count) bytes, the system allows \(limit): choose a shorter path"
        case .notASocket(let path):
            "control socket: \(path) exists and is not a socket: remove it or choose another path"
        case .inUse(let path):
            "control socket: \(path): another program listens there: stop it or choose another path"
        case .noSuchFolder(let path):
            "control socket: \(path): its folder is not there: make it, or change control.socket"
        case .noSuchGroup(let group):
            "control socket: no group '\(group)' on this system: make it with `groupadd \(group)`, or change "
                + "control.socket_group"
        case .notAMember(let group, let path):
            "control socket: \(path): cannot be given to the group '\(group)': the user fsacd runs as has to be a "
                + "member of it: `usermod -aG \(group) fsac`, then restart fsacd"
        case .operationFailed(let operation, let path, let code):
            "control socket: \(operation) \(path): \(ErrnoText.describe(code))"
        }
    }

    /// Starting again does not help before somebody has changed something.
    package var isForSomebodyToMend: Bool {
        switch self {
        case .pathTooLong, .notASocket, .noSuchFolder, .noSuchGroup, .notAMember: true
        // The other program may end.
        case .inUse: false
        case .operationFailed(_, _, let code): [EACCES, EPERM, ENOTDIR, ENAMETOOLONG, ELOOP, EROFS].contains(code)
        }
    }
}

/// The file of the control socket: found free before it is bound, opened to its group after.
struct ControlSocket: Sendable {
    /// Bytes, without the zero at the end.
    static let pathLimit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    let path: String
    /// Nil = the daemon's own group.
    let group: String?

    /// Makes sure that binding removes nothing but the stale socket of a dead daemon, and that it can be had. The caller
    /// holds the instance lock, so a socket that answers belongs to another program.
    func prepare() throws(ControlSocketError) {
        guard path.utf8.count <= Self.pathLimit else { throw .pathTooLong(path, limit: Self.pathLimit) }
        _ = try groupNumber()
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw failure("look at") }
            guard stat(FilePath.split(path).folder, &status) == 0 else { throw .noSuchFolder(path: path) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        // Refused means that nobody listens: the server removes the file when it binds.
        guard try !answers() else { throw .inUse(path: path) }
    }

    /// Lets the group talk to the daemon, and nobody else.
    func open() throws(ControlSocketError) {
        if let group, let number = try groupNumber(), chown(path, uid_t.max, number) != 0 {
            throw errno == EPERM ? .notAMember(group: group, path: path) : failure("chown")
        }
        // Last, after the group is right. Until here the umask lets only the daemon's user connect.
        guard chmod(path, 0o660) == 0 else { throw failure("chmod") }
    }

    func remove() {
        unlink(path)
    }

    private func groupNumber() throws(ControlSocketError) -> gid_t? {
        guard let group else { return nil }
        // Not safe for threads, and asked by one, before there are clients.
        guard let entry = getgrnam(group) else { throw .noSuchGroup(group) }
        return entry.pointee.gr_gid
    }

    private func answers() throws(ControlSocketError) -> Bool {
        // Without waiting: a program that listens and takes nobody keeps who connects waiting for ever.
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw failure("open a socket for") }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isConnected = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        return isConnected || ![ECONNREFUSED, ENOENT].contains(errno)
    }

    private func failure(_ operation: String) -> ControlSocketError {
        .operationFailed(operation, path: path, errno: errno)
    }
}
