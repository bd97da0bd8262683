import Glibc
import Journal
import Platform

/// Segments-to-be, whose room is set aside before it is needed: on a disk that others have filled the journal goes on
/// in them, for some 32 MiB or one segment, and a disk without a free inode has theirs.
///
/// Used by the journal's thread. They are files without content called `spare-N`; one becomes the next segment by its
/// name.
struct SpareSegments {
    /// Less is not worth a file.
    private static let fewestBytes = 64 << 10
    private static let mostFiles = 32
    /// Of the free room, and of the free inodes, all but this part is left to others.
    private static let share: UInt64 = 4

    private let folder: String
    private let disk: Disk
    /// Of each, unless the disk is too small for it.
    private let segmentBytes: Int
    /// Of all of them: of verdicts some 100,000.
    private let bytesInAll: Int
    private var numbers: [Int] = []

    /// Takes over what an older run left.
    init(folder: String, settings: JournalSettings, disk: Disk) {
        self.folder = folder
        self.disk = disk
        (segmentBytes, bytesInAll) = (settings.segmentBytes, settings.spareBytes)
        // A folder that cannot be listed has none; the writer finds out what is wrong with it.
        for name in (try? disk.names(in: folder)) ?? [] {
            guard let number = JournalNames.spare(name) else { continue }
            // One that a power cut left without its room, or with the beginning of a segment, is made again.
            let status = try? disk.status(of: path(number))
            if let status, number <= wanted, status.st_size == 0, status.st_blocks > 0 {
                numbers.append(number)
            } else {
                try? disk.remove(path(number))
            }
        }
    }

    private var wanted: Int { max(1, min(Self.mostFiles, bytesInAll / segmentBytes)) }

    /// Whether all are there.
    var isComplete: Bool { numbers.count >= wanted }

    private func path(_ number: Int) -> String { "\(folder)/\(JournalNames.spare(number))" }

    /// The file for the next segment, still under its own name; nil = there is none.
    mutating func take() -> AppendFile? {
        while let number = numbers.popLast() {
            // Somebody may have removed it.
            if let file = try? AppendFile(continuing: path(number), length: 0, disk: disk) { return file }
        }
        return nil
    }

    /// Makes those that are missing, as far as there is room.
    ///
    /// - Throws: ``DiskError`` when the disk is too full for what is missing, or fails.
    mutating func fill() throws(DiskError) {
        while !isComplete {
            let room = try disk.freeBytes(at: folder) / Self.share
            let bytes = min(segmentBytes, Int(min(room, UInt64(Int.max))))
            let files = try disk.inodes(at: folder).map { $0.free / Self.share } ?? .max
            guard bytes >= Self.fewestBytes, files > UInt64(numbers.count) else {
                throw DiskError(operation: .setAside, path: folder, errno: ENOSPC)
            }
            guard let number = (1...wanted).first(where: { !numbers.contains($0) }) else { return }
            do {
                try AppendFile(creating: path(number), disk: disk).setAside(bytes)
            } catch {
                try? disk.remove(path(number))
                throw error
            }
            numbers.append(number)
        }
    }
}
