import Glibc
import Platform
import Synchronization

/// A disk that does not answer until it is let go.
final class StuckDisk: Sendable {
    private let isStuck = Mutex(false)

    func stick() { isStuck.withLock { $0 = true } }
    func letGo() { isStuck.withLock { $0 = false } }

    var disk: Disk {
        Disk { [self] operation, _ in
            while operation == .sync, isStuck.withLock({ $0 }) { usleep(1000) }
            return nil
        }
    }
}
