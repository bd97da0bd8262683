import Glibc
import Platform

/// The kernel's word on what becomes of the files in a folder and those below it.
///
/// Files that other computers write to a network share are not announced; who watches has to look from time to time.
/// Two moves onto one name with nothing in between are one to the kernel while nobody has read the first: read it soon.
struct FolderWatch {
    /// Of inotify(7); does not block.
    private let box: DescriptorBox
    private let folder: PictureFolder
    /// By the kernel's number.
    private var folders: [CInt: FileName] = [:]

    init(_ folder: PictureFolder) throws(CaptureError) {
        self.folder = folder
        do {
            box = try DescriptorBox(.open, "inotify", inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK)))
        } catch {
            throw .folderUnreadable(path: folder.path, reason: ErrnoText.describe(error.errno))
        }
        try add(FileName(""))
    }

    enum Event: Equatable {
        /// A new name: a file that is made, or linked in.
        case made(FileName)
        /// Written to, or cut. Of several writes in a row it says one.
        case written(FileName)
        /// Closed by one who had it open for writing.
        case closed(FileName)
        /// Another file than the one that had the name before. Both ends of a move have the same cookie.
        case movedIn(FileName, cookie: UInt32)
        case movedOut(FileName, cookie: UInt32)
        case removed(FileName)
        /// A folder below came.
        case folder(FileName)
        /// The kernel could not keep all events.
        case overflow
        /// The folder itself is gone.
        case gone
    }

    /// Watches a folder, too; again changes nothing.
    mutating func add(_ name: FileName) throws(CaptureError) {
        // IN_MODIFY also keeps two closes of one name apart, which the kernel would make one of.
        let events = UInt32(
            IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF
                | IN_MOVE_SELF | IN_ONLYDIR)
        let number = folder.pathBytes(name).withCString { inotify_add_watch(box.descriptor, $0, events) }
        guard number >= 0 else {
            // One below may be gone already.
            if !name.bytes.isEmpty, errno == ENOENT || errno == ENOTDIR { return }
            let reason =
                errno == ENOSPC
                ? "more folders than the system watches: raise fs.inotify.max_user_watches" : ErrnoText.describe(errno)
            throw .folderUnreadable(path: folder.shownPath(name), reason: reason)
        }
        folders[number] = name
    }

    /// Waits for events, at most `timeout`.
    mutating func events(timeout: Duration) -> [Event] {
        var descriptor = pollfd(fd: box.descriptor, events: Int16(POLLIN), revents: 0)
        // Rounded up: zero milliseconds for the last of a wait would be a busy loop.
        let milliseconds = CInt(clamping: Int64((timeout / .milliseconds(1)).rounded(.up)))
        // An interrupting signal is as good as a timeout.
        guard poll(&descriptor, 1, milliseconds) > 0 else { return [] }
        var (events, buffer) = ([Event](), [UInt8](repeating: 0, count: 64 << 10))
        while true {
            let count = Glibc.read(box.descriptor, &buffer, buffer.count)
            guard count > 0 else { return events }
            read(buffer[..<count], into: &events)
        }
    }

    private mutating func read(_ bytes: ArraySlice<UInt8>, into events: inout [Event]) {
        var rest = bytes
        let size = MemoryLayout<inotify_event>.size
        while rest.count >= size {
            let header = rest.withUnsafeBytes { $0.loadUnaligned(as: inotify_event.self) }
            let name = rest.dropFirst(size).prefix(Int(header.len)).prefix { $0 != 0 }
            rest = rest.dropFirst(size + Int(header.len))
            if let event = event(header, name) { events.append(event) }
        }
    }

    private mutating func event(_ header: inotify_event, _ name: ArraySlice<UInt8>) -> Event? {
        let has = { (bit: Int) in header.mask & UInt32(truncatingIfNeeded: bit) != 0 }
        if has(Int(IN_Q_OVERFLOW)) { return .overflow }
        guard let parent = folders[header.wd] else { return nil }
        if has(Int(IN_IGNORED)) || has(Int(IN_DELETE_SELF)) || has(Int(IN_MOVE_SELF)) {
            folders[header.wd] = nil
            return parent.bytes.isEmpty ? .gone : nil
        }
        let file = parent.appending(name)
        if has(Int(IN_ISDIR)) {
            return has(Int(IN_CREATE)) || has(Int(IN_MOVED_TO)) ? .folder(file) : nil
        }
        if has(Int(IN_MOVED_TO)) { return .movedIn(file, cookie: header.cookie) }
        if has(Int(IN_MOVED_FROM)) { return .movedOut(file, cookie: header.cookie) }
        if has(Int(IN_CLOSE_WRITE)) { return .closed(file) }
        if has(Int(IN_DELETE)) { return .removed(file) }
        return has(Int(IN_CREATE)) ? .made(file) : .written(file)
    }
}
