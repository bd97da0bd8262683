package import Glibc

/// A file that appears whole or not at all: written beside its place, synced, renamed, and the rename synced. One that is not
/// finished is removed; what a power cut leaves of it is called `tmp-*` and may be removed by anybody.
package struct ReplacementFile: ~Copyable {
    /// Readers of a folder leave such names out.
    package static let temporaryPrefix = "tmp-"

    private let path: String
    private let disk: Disk
    private let file: AppendFile
    private var isInPlace = false

    /// - Parameters:
    ///   - path: where the file will be; replaced when it exists.
    ///   - mode: see ``AppendFile/init(creating:mode:disk:)``.
    package init(_ path: String, mode: mode_t? = nil, disk: Disk = Disk()) throws(DiskError) {
        let (folder, name) = FilePath.split(path)
        // A number of its own: two programs may write the same file at once, and the last one stays.
        let unique = UInt32.random(in: 0 ... .max)
        self.path = path
        self.disk = disk
        file = try AppendFile(
            creating: "\(folder)/\(Self.temporaryPrefix)\(name).\(unique)", mode: mode, disk: disk)
    }

    deinit {
        if !isInPlace { unlink(file.path) }
    }

    package func append(_ bytes: UnsafeRawBufferPointer) throws(DiskError) { try file.append(bytes) }

    package func append(_ bytes: [UInt8]) throws(DiskError) { try file.append(bytes) }

    /// Puts the file in its place; it is there for good when this returns.
    /// When it throws, the file that was there before or the new one is there, whole.
    package mutating func finish() throws(DiskError) {
        // In this order: a rename may reach the disk before the bytes that it names.
        try file.sync()
        try file.rename(to: path)
        isInPlace = true
        try disk.syncFolder(FilePath.split(path).folder)
    }
}

/// Paths as the system writes them.
package enum FilePath {
    /// The folder that holds a path (`.` for a bare name), and the name after the last slash.
    package static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
