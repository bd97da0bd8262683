import Glibc
package import Platform

/// This computer's cameras and clocks.
///
/// Without state: as many as one likes.
package struct V4L2System: CameraSystem {
    package init() {}

    package func isLink(_ path: String) -> Bool? {
        var status = stat()
        // Through the link: one that leads nowhere is a camera that is away.
        guard stat(path, &status) == 0, lstat(path, &status) == 0 else { return nil }
        return status.st_mode & S_IFMT == S_IFLNK
    }

    package func open(_ path: String) throws(DeviceFailure) -> any CaptureDevice {
        try V4L2Device(path: path)
    }

    package var now: Moment { .now }

    package func pause(_ duration: Duration) { MonotonicTime.sleep(duration) }

    package func holder(of path: String) -> String? {
        guard let node = Self.resolved(path) else { return nil }
        // Under the service's ProtectProc=invisible other users' processes are not there at all.
        let own = "\(getpid())"
        // Processes come and go, and those of other users do not show their descriptors: what cannot be read is no
        // holder that can be seen.
        for process in Self.names(in: "/proc") where process != own && process.allSatisfy(\.isNumber) {
            let descriptors = "/proc/\(process)/fd"
            guard Self.names(in: descriptors).contains(where: { Self.target(of: "\(descriptors)/\($0)") == node })
            else {
                continue
            }
            return "\(Self.program(of: process) ?? "a program") (pid \(process))"
        }
        return nil
    }

    /// Where a path leads in the end; nil for nowhere.
    static func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// Empty for a folder that is not there or may not be read.
    static func names(in folder: String) -> [String] { (try? Disk().names(in: folder)) ?? [] }

    private static func target(of link: String) -> String? {
        var text = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &text, text.count)
        return count > 0 ? String(decoding: text.prefix(count), as: UTF8.self) : nil
    }

    private static func program(of process: String) -> String? {
        // The process may be gone by now.
        guard let text = try? RegularFile("/proc/\(process)/comm").read(at: 0, count: 64), text.count > 1 else {
            return nil
        }
        return String(decoding: text.dropLast(), as: UTF8.self)
    }
}
