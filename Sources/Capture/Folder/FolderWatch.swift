import Glibc
import Platform

/// The kernel's word that a file in a folder was closed after writing, or moved in: it is complete.
///
/// Files that other computers write to a network share are not announced; who watches has to look from time to time.
struct FolderWatch {
    /// Of inotify(7); does not block.
    private let box: DescriptorBox

    init(path: String) throws(CaptureError) {
        do {
            box = try DescriptorBox(.open, "inotify", inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK)))
        } catch {
            throw .folderUnreadable(path: path, reason: ErrnoText.describe(error.errno))
        }
        // IN_CREATE is not among them: such a file is still being written.
        let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
        guard inotify_add_watch(box.descriptor, path, events) >= 0 else {
            throw .folderUnreadable(path: path, reason: ErrnoText.describe(errno))
        }
    }

    enum Event: Equatable {
        /// Closed after writing. Not whether it is a picture, nor whether it is still there.
        case complete(name: String)
        /// Another file than the one that had the name before.
        case movedIn(name: String)
        /// The folder itself is gone, or events were lost.
        case lookAgain
    }

    /// Waits for events, at most `timeout`.
    func events(timeout: Duration) -> [Event] {
        var descriptor = pollfd(fd: box.descriptor, events: Int16(POLLIN), revents: 0)
        // Rounded up: zero milliseconds for the last of a wait would be a busy loop.
        let milliseconds = CInt(clamping: Int64((timeout / .milliseconds(1)).rounded(.up)))
        // An interrupting signal is as good as a timeout.
        guard poll(&descriptor, 1, milliseconds) > 0 else { return [] }
        // What does not fit is there at the next call; what the kernel could not keep is IN_Q_OVERFLOW, and a look
        // again.
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(box.descriptor, &buffer, buffer.count)
        guard count > 0 else { return [] }
        return Self.events(in: buffer[..<count])
    }

    private static func events(in bytes: ArraySlice<UInt8>) -> [Event] {
        var (events, rest) = ([Event](), bytes)
        let size = MemoryLayout<inotify_event>.size
        while rest.count >= size {
            let header = rest.withUnsafeBytes { $0.loadUnaligned(as: inotify_event.self) }
            let name = rest.dropFirst(size).prefix(Int(header.len))
            rest = rest.dropFirst(size + Int(header.len))
            let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
            if header.mask & UInt32(IN_MOVED_TO) != 0 {
                events.append(.movedIn(name: text))
            } else if header.mask & UInt32(IN_CLOSE_WRITE) != 0 {
                events.append(.complete(name: text))
            } else {
                events.append(.lookAgain)
            }
        }
        return events
    }
}
