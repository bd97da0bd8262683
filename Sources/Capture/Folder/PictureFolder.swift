import Core
import Glibc
import Platform

/// A folder of picture files, looked at without trusting that it is there.
/// Every call waits for the disk, or for the network that the folder is on: on a thread that may wait.
struct PictureFolder: Sendable {
    let path: String
    /// Whether pictures in folders below it count, too.
    let isRecursive: Bool
    /// Left out: where judged files go.
    let excluded: FileName?

    init(path: String, isRecursive: Bool = false, excluding excluded: FileName? = nil) {
        self.path = path
        self.isRecursive = isRecursive
        self.excluded = excluded
    }

    static func isPicture(_ name: FileName) -> Bool { !name.isHidden && ImageFormat.fileEndings.contains(name.ending) }

    struct Listing {
        /// In order.
        var pictures: [FileName] = []
        /// Files that are no pictures, and folders where those are not looked into.
        var others: [FileName] = []
        /// That are looked into, the folder itself first.
        var folders: [FileName] = []
    }

    /// What is there. What begins with a dot is nobody's.
    func list() throws(CaptureError) -> Listing {
        var (listing, open) = (Listing(), [FileName("")])
        while let folder = open.popLast() {
            listing.folders.append(folder)
            guard let stream = pathBytes(folder).withCString({ opendir($0) }) else {
                // One below may have been removed in between.
                if !folder.bytes.isEmpty, errno == ENOENT || errno == ENOTDIR { continue }
                throw .folderUnreadable(path: path, reason: ErrnoText.describe(errno))
            }
            defer { closedir(stream) }
            // The only way to tell the end from an error, which would leave names out.
            errno = 0
            while let entry = readdir(stream) {
                let name = folder.appending(dirent.name(in: entry))
                defer { errno = 0 }
                guard !name.isHidden, name != excluded else { continue }
                if isFolder(name, entry.pointee.d_type) {
                    if isRecursive { open.append(name) } else { listing.others.append(name) }
                } else if Self.isPicture(name) {
                    listing.pictures.append(name)
                } else {
                    listing.others.append(name)
                }
            }
            guard errno == 0 else { throw .folderUnreadable(path: path, reason: ErrnoText.describe(errno)) }
        }
        listing.pictures.sort()
        listing.others.sort()
        return listing
    }

    private func isFolder(_ name: FileName, _ type: UInt8) -> Bool {
        switch Int(type) {
        case Int(DT_DIR): true
        case Int(DT_UNKNOWN): status(of: name).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
        default: false
        }
    }

    /// What tells the folder from another one that is made or mounted in its place.
    struct Root: Equatable {
        let device: UInt64
        let inode: UInt64
    }

    /// Nil when it is not there.
    var root: Root? {
        status(of: FileName("")).map { Root(device: UInt64($0.st_dev), inode: UInt64($0.st_ino)) }
    }

    /// No folder, pipe or the like.
    func isFile(_ name: FileName) -> Bool { status(of: name).map { $0.st_mode & S_IFMT == S_IFREG } ?? false }

    /// Nil when there is no such file any more. Follows links: the target's contents count.
    func identity(of name: FileName) -> FileIdentity? { status(of: name).map(FileIdentity.init) }

    /// When anything of it was last changed, its owner and names included, in microseconds since 1970.
    func changedMicroseconds(_ name: FileName) -> Int64? {
        status(of: name).map { Int64($0.st_ctim.tv_sec) * 1_000_000 + Int64($0.st_ctim.tv_nsec) / 1000 }
    }

    private func status(of name: FileName) -> stat? {
        var status = stat()
        return pathBytes(name).withCString({ stat($0, &status) == 0 || lstat($0, &status) == 0 }) ? status : nil
    }

    func open(_ name: FileName) throws(RegularFile.Refusal) -> RegularFile {
        try RegularFile(bytes: pathBytes(name), shown: shownPath(name))
    }

    func pathBytes(_ name: FileName) -> [UInt8] {
        name.bytes.isEmpty ? Array(path.utf8) : Array("\(path)/".utf8) + name.bytes
    }

    func shownPath(_ name: FileName) -> String { "\(path)/\(name.text)" }
}

extension [UInt8] {
    /// As a path for the C library.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (self + [0]).map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { buffer in
            guard let path = buffer.baseAddress else { preconditionFailure("a path of no bytes") }
            return body(path)
        }
    }
}
