import ControlProtocol
import Journal
import Platform

/// The newest parts of a recipe with their stored pictures, out of the journal.
struct RecentParts: Sendable {
    struct Part: Sendable {
        let record: InspectionRecord
        /// As stored: JPEG.
        let picture: [UInt8]
    }

    /// Lines that are looked through at most.
    private static let depth = 2000
    private static let batch = 256

    let source: any VerdictSource
    let stateDirectory: String

    /// At most `count` parts, the newest first; those whose picture is not stored any more are left out. Reads files.
    func newest(_ count: Int, of recipeName: String, where isWanted: (InspectionRecord) -> Bool) throws -> [Part] {
        try newest(count, of: recipeName) { record in
            isWanted(record) ? picture(of: record).map { Part(record: record, picture: $0) } : nil
        }
    }

    /// What `find` makes of at most `count` parts, the newest first; those that it makes nothing of do not count. Reads files.
    func newest<Found>(
        _ count: Int, of recipeName: String, _ find: (InspectionRecord) -> Found?
    ) throws -> [Found] {
        var parts: [Found] = []
        var (end, seen) = (source.lastSequence + 1, 0)
        while parts.count < count, seen < Self.depth {
            let lines = try source.lines(before: end, count: Self.batch)
            guard let oldest = lines.first else { break }
            (end, seen) = (oldest.sequence, seen + lines.count)
            for line in lines.reversed() {
                // Lines that an older version wrote may lack fields: they are no parts to compare with.
                guard parts.count < count,
                    let record = try? ControlCoding.decode(InspectionRecord.self, from: line.bytes),
                    record.recipe == recipeName, let found = find(record)
                else { continue }
                parts.append(found)
            }
        }
        return parts
    }

    /// Where a verdict's picture lies below the state directory; nil when it is not there, or not any more.
    func storedImage(of sequence: UInt64) throws -> String? {
        guard let record = try record(sequence), picture(of: record) != nil else { return nil }
        return record.image
    }

    /// As stored; nil when it is not there, or not any more.
    func storedPicture(of sequence: UInt64) throws -> [UInt8]? { try record(sequence).flatMap(picture) }

    /// Whether it is stored; reads nothing of it.
    func hasPicture(_ record: InspectionRecord) -> Bool {
        guard let path = path(of: record) else { return false }
        return (try? Disk().byteCount(of: "\(stateDirectory)/\(path)")) ?? 0 > 0
    }

    /// A line is only as trusted as its checksum: no path leads out of the state directory.
    private func path(of record: InspectionRecord) -> String? {
        guard let path = record.image, !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
            return nil
        }
        return path
    }

    private func picture(of record: InspectionRecord) -> [UInt8]? {
        guard let path = path(of: record) else { return nil }
        // Gone with retention, dropped, or not written yet.
        return try? Disk().read("\(stateDirectory)/\(path)")
    }

    /// The line of a verdict, if it is still there.
    func record(_ sequence: UInt64) throws -> InspectionRecord? {
        guard let line = try source.lines(from: sequence, count: 1).first, line.sequence == sequence else { return nil }
        // As above.
        return try? ControlCoding.decode(InspectionRecord.self, from: line.bytes)
    }
}
