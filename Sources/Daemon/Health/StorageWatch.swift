import ControlProtocol
import Glibc
package import Platform
import ServiceLifecycle

/// Looks at the state directory once a second: whether it is there, is the one that the daemon began with, may be written
/// and answers at all.
///
/// The only thread that asks the file system how it does: everybody else reads what it saw last.
package final class StorageWatch: HealthSource, Service {
    private struct Look {
        /// Why nothing can be kept there; nil while it can.
        var failure: String?
        /// 0 also when it could not be asked: there is no room on it then.
        var freeBytes: UInt64 = 0
    }

    private struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t
    }

    private struct State {
        var look = Look()
        var isClosed = false
    }

    /// A file system that answers takes microseconds, a busy one tenths of a second.
    private static let patience = Duration.milliseconds(1500)
    private static let period = Duration.seconds(1)

    package let stateDirectory: String
    private let disk: Disk
    /// The state directory and what must stay in it, as they were at the start: what is put in their place has not what
    /// the daemon believes to be there, nor its lock.
    private let known: [(path: String, identity: Identity)]
    private let progress = LoopProgress()
    private let state = Monitor(State())

    /// Looks for the first time: on the thread that starts the daemon, which has opened the state directory by then.
    package init(stateDirectory: String, disk: Disk = Disk()) {
        self.stateDirectory = stateDirectory
        self.disk = disk
        known = [stateDirectory, "\(stateDirectory)/recipes"].compactMap { path in
            // What cannot be looked at is told by the look below.
            (try? Self.identity(of: path, disk)).map { (path, $0) }
        }
        let first = look()
        state.withLock { $0.look = first }
    }

    /// Bytes that may still be written.
    package var freeBytes: UInt64 { state.read(\.look.freeBytes) }

    package var findings: [Finding] {
        if let silence = progress.hang(beyond: Self.patience) {
            let reason = "\(stateDirectory): its file system has not answered for \(silence.wholeSeconds)"
            return [Finding("storage", .storageFailed, "state directory: \(reason)")]
        }
        return state.read(\.look.failure).map { [Finding("storage", .storageFailed, $0)] } ?? []
    }

    /// Does not wait for its thread at the end: it may hang where it looks.
    package func run() async {
        NamedThread.start("fsac-storage") { self.watch() }
        // Ends by the shutdown or, thrown, by cancellation: both mean the end.
        try? await gracefulShutdown()
        state.withLock { $0.isClosed = true }
    }

    private func watch() {
        while state.wait(timeout: Self.period, until: { $0.isClosed ? true : nil }) == nil {
            progress.begin()
            let seen = look()
            progress.end()
            state.withLock { $0.look = seen }
        }
    }

    private func look() -> Look {
        var look = Look()
        do {
            for (path, identity) in known where try Self.identity(of: path, disk) != identity {
                look.failure =
                    "state directory: \(path) is not the folder that the daemon began with: put that one back, "
                    + "or restart fsacd"
            }
            var status = statvfs()
            try disk.perform(.status, stateDirectory) { statvfs(stateDirectory, &status) }
            look.freeBytes = UInt64(status.f_bavail) * UInt64(status.f_frsize)
            try disk.perform(.write, stateDirectory) { access(stateDirectory, W_OK | X_OK) }
        } catch {
            look.failure = look.failure ?? "state directory: \(error)"
        }
        return look
    }

    private static func identity(of path: String, _ disk: Disk) throws(DiskError) -> Identity {
        var status = stat()
        try disk.perform(.status, path) { stat(path, &status) }
        return Identity(device: status.st_dev, inode: status.st_ino)
    }
}
