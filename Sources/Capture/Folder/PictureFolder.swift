import Core
import Glibc
import Platform

/// A folder of picture files, looked at without trusting that it is there.
/// Every call waits for the disk, or for the network that the folder is on: on the capture thread.
struct PictureFolder {
    /// What tells one picture from a later one of the same name. Not the inode: a network share that was mounted anew may
    /// number its files differently.
    struct Identity: Hashable {
        let size: Int
        /// Nanoseconds; the system sets it, nobody can backdate it.
        let changed: Int64
    }

    let path: String
    private static let disk = Disk()
    private static let extensions = [".jpg", ".jpeg", ".png"]

    static func isPicture(_ name: String) -> Bool {
        // Names with a dot in front are other programs' temporary files.
        !name.hasPrefix(".") && extensions.contains { name.lowercased().hasSuffix($0) }
    }

    /// Names in order, those of pictures and those of others, be they files or folders. What begins with a dot is nobody's.
    func names() throws(CaptureError) -> (pictures: [String], others: [String]) {
        do {
            let names = try Self.disk.names(in: path).filter { !$0.hasPrefix(".") }
            return (names.filter(Self.isPicture), names.filter { !Self.isPicture($0) })
        } catch {
            throw .folderUnreadable(path: path, reason: ErrnoText.describe(error.errno))
        }
    }

    /// No folder, pipe or the like.
    func isFile(_ name: String) -> Bool {
        var status = stat()
        return stat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Nil when there is no such file any more.
    /// Follows links: the target's change counts.
    func identity(of name: String) -> Identity? {
        var status = stat()
        guard stat("\(path)/\(name)", &status) == 0 else { return nil }
        return Identity(
            size: Int(status.st_size),
            changed: Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec))
    }

    /// A file as a frame, read whole; one that cannot be read becomes a frame that says why, so that its part gets a
    /// verdict.
    func frame(_ name: String, number: UInt64) -> Frame {
        let payload: Result<Picture, FrameFault>
        do throws(ImageError) {
            payload = .success(Picture(.file, bytes: try ImageFile.read(path: "\(path)/\(name)")))
        } catch {
            payload = .failure(.unreadable(error.description))
        }
        return Frame(name: name, number: number, payload: payload)
    }
}
