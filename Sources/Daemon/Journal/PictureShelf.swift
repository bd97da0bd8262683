package import ControlProtocol
import Glibc
package import Platform

/// The stored pictures by class and age, and what they take; removes those that say least, the oldest first, when they take
/// too much, and those of judged parts last.
///
/// Used by the store's thread alone; keeps a list of everything in memory, some 100 bytes a picture. Which of two is older is
/// told by the sequence number: the clock may have been set.
package struct PictureShelf {
    private struct Entry {
        let seq: UInt64
        let path: String
        let bytes: Int

        /// Whether its folders name an earlier day; false for a path without one.
        func isBefore(_ day: String?) -> Bool {
            guard let day else { return false }
            let folders = path.split(separator: "/").dropFirst().dropLast()
            return folders.count == 3 && folders.joined(separator: "/") < day
        }
    }

    /// The pictures of one class.
    private struct Row {
        /// Oldest first; those before `first` are gone, or aside.
        var entries: [Entry] = []
        var first = 0
        /// Pinned ones whose turn has come.
        var aside: [Entry] = []
        /// Of all.
        var bytes = 0

        /// The oldest that is not pinned.
        mutating func oldest(but pins: Set<UInt64>) -> Entry? {
            while first < entries.count, pins.contains(entries[first].seq) {
                aside.append(entries[first])
                first += 1
            }
            return first < entries.count ? entries[first] : nil
        }

        /// Those aside that are not pinned any more are among the others again.
        mutating func putBack(but pins: Set<UInt64>) {
            let free = aside.filter { !pins.contains($0.seq) }
            guard !free.isEmpty else { return }
            aside.removeAll { !pins.contains($0.seq) }
            entries = (free + entries[first...]).sorted { $0.seq < $1.seq }
            first = 0
        }

        mutating func removeOldestAside() {
            bytes -= aside[0].bytes
            aside.removeFirst()
        }

        mutating func add(_ entry: Entry) {
            entries.append(entry)
            bytes += entry.bytes
        }

        mutating func removeOldest() {
            bytes -= entries[first].bytes
            first += 1
            // Not at each picture: removing the first of many moves the rest.
            guard first > entries.count / 2 else { return }
            entries.removeFirst(first)
            first = 0
        }
    }

    private let root: String
    private let disk: Disk
    private var rows: [PictureClass: Row]
    /// Parts whose pictures go only when all others have.
    private var pins: Set<UInt64> = []

    /// Looks at what is there, and removes what a crash left unfinished.
    ///
    /// - Parameter classOf: of the pictures with these numbers, which older versions stored without their class in the name;
    ///   nothing is said of those that nobody knows.
    package init(
        stateDirectory: String, disk: Disk = Disk(),
        classOf: (_ numbers: Set<UInt64>) -> [UInt64: PictureClass] = { _ in [:] }
    ) throws(DiskError) {
        root = stateDirectory
        self.disk = disk
        rows = Dictionary(uniqueKeysWithValues: PictureClass.allCases.map { ($0, Row()) })
        var unknown: [Entry] = []
        for folder in PicturePaths.folders {
            try disk.createFolder("\(root)/\(folder)")
            for path in try files(in: folder, depth: 3) {
                if path.hasSuffix(PictureShelf.temporarySuffix) {
                    try disk.remove("\(root)/\(path)")
                } else if let name = PicturePaths.Name(path) {
                    let bytes = try disk.byteCount(of: "\(root)/\(path)")
                    let entry = Entry(seq: name.seq, path: path, bytes: bytes)
                    if let pictureClass = name.pictureClass {
                        rows[pictureClass]?.add(entry)
                    } else {
                        unknown.append(entry)
                    }
                }
            }
        }
        let classes = unknown.isEmpty ? [:] : classOf(Set(unknown.map(\.seq)))
        // A picture whose verdict is gone is evidence of little: it goes after those that are known to be OK.
        for entry in unknown { rows[classes[entry.seq] ?? .invalid]?.add(entry) }
        for pictureClass in PictureClass.allCases { rows[pictureClass]?.entries.sort { $0.seq < $1.seq } }
    }

    private static let temporarySuffix = ".tmp"

    package var totalBytes: Int { rows.values.reduce(0) { $0 + $1.bytes } }

    package func bytes(of pictureClass: PictureClass) -> Int { rows[pictureClass]?.bytes ?? 0 }

    /// Puts a picture under its path, complete or not at all.
    ///
    /// Rejects are synced before they have their name, for they are evidence. Others come too fast for that: after a power cut
    /// the newest of them may be empty (``Disk/place(_:at:temporary:isSynced:)``), their verdicts are not.
    package mutating func store(_ bytes: [UInt8], at path: String, seq: UInt64, as pictureClass: PictureClass)
        throws(DiskError)
    {
        let target = "\(root)/\(path)"
        if let slash = target.lastIndex(of: "/") { try disk.createFolder(String(target[..<slash])) }
        try disk.place(
            bytes, at: target, temporary: target + Self.temporarySuffix, isSynced: pictureClass == .ng)
        rows[pictureClass]?.add(Entry(seq: seq, path: path, bytes: bytes.count))
    }

    /// - Parameter numbers: of parts whose pictures are to stay; of others they may go again.
    package mutating func pin(_ numbers: Set<UInt64>) {
        pins = numbers
        for pictureClass in PictureClass.allCases { rows[pictureClass]?.putBack(but: pins) }
    }

    /// Removes the oldest of the classes that say least until all take at most `maxBytes`.
    package mutating func prune(to maxBytes: Int) throws(DiskError) {
        while totalBytes > maxBytes, try removeOldest() {}
    }

    /// Removes the oldest of a class: those of days before `day`, and until the class takes at most `maxBytes`.
    ///
    /// - Parameter day: `2026/01/02`; nil = age does not count.
    package mutating func prune(_ pictureClass: PictureClass, to maxBytes: Int, before day: String?) throws(DiskError) {
        while let oldest = rows[pictureClass]?.oldest(but: pins),
            bytes(of: pictureClass) > maxBytes || oldest.isBefore(day)
        {
            try removeOldest(of: pictureClass)
        }
    }

    /// Removes the oldest of the classes that say least until the file system has room.
    ///
    /// - Returns: whether it has.
    package mutating func makeRoom(for bytes: Int, leaving reserve: Int) throws(DiskError) -> Bool {
        while try disk.isShort(at: root, of: bytes + reserve) {
            // Others fill the disk: nothing of ours is left to remove.
            guard try removeOldest() else { return false }
        }
        return true
    }

    private mutating func removeOldest() throws(DiskError) -> Bool {
        if let pictureClass = PictureClass.allCases.first(where: { rows[$0]?.oldest(but: pins) != nil }) {
            try removeOldest(of: pictureClass)
            return true
        }
        // Only pinned ones are left, and verdicts need the room.
        guard let pictureClass = PictureClass.allCases.first(where: { rows[$0]?.aside.isEmpty == false }),
            let entry = rows[pictureClass]?.aside.first
        else { return false }
        try remove(entry)
        rows[pictureClass]?.removeOldestAside()
        return true
    }

    private mutating func removeOldest(of pictureClass: PictureClass) throws(DiskError) {
        guard let entry = rows[pictureClass]?.oldest(but: pins) else { return }
        try remove(entry)
        rows[pictureClass]?.removeOldest()
    }

    private func remove(_ entry: Entry) throws(DiskError) {
        let path = "\(root)/\(entry.path)"
        do {
            try disk.remove(path)
        } catch {
            // Somebody else may clean up, too.
            guard error.errno == ENOENT else { throw error }
        }
        // Fails while the day has more pictures.
        if let slash = path.lastIndex(of: "/") { rmdir(String(path[..<slash])) }
    }

    private func files(in folder: String, depth: Int) throws(DiskError) -> [String] {
        var files: [String] = []
        for name in try disk.names(in: "\(root)/\(folder)") {
            let path = "\(folder)/\(name)"
            if try disk.status(of: "\(root)/\(path)").st_mode & S_IFMT != S_IFDIR {
                files.append(path)
            } else if depth > 0 {
                files += try self.files(in: path, depth: depth - 1)
            }
        }
        return files
    }
}

extension Disk {
    /// Inodes that pictures leave free; on a small file system a sixteenth.
    private static let inodeReserve: UInt64 = 1024

    /// Whether pictures have to make room: for bytes, or for inodes. A disk without a free inode takes no new segment,
    /// however many bytes are free.
    func isShort(at path: String, of bytes: Int) throws(DiskError) -> Bool {
        if try freeBytes(at: path) < UInt64(bytes) { return true }
        guard let inodes = try inodes(at: path) else { return false }
        return inodes.free < min(Self.inodeReserve, inodes.all / 16)
    }
}
