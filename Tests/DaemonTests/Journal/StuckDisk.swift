import Glibc
import Platform
import Synchronization

/// A disk that does not answer until it is let go.
final class StuckDisk: Sendable {
    private let isStuck = Mutex(false)
    private let stuck: Disk.Operation

    /// - Parameter stuck: what it does not answer.
    init(at stuck: Disk.Operation = .sync) { self.stuck = stuck }

    func stick() { isStuck.withLock { $0 = true } }
    func letGo() { isStuck.withLock { $0 = false } }

    var disk: Disk {
        Disk { [self] operation, _ in
            while operation == stuck, isStuck.withLock({ $0 }) { usleep(1000) }
            return nil
        }
    }
}
