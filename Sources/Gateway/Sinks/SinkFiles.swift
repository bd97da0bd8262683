import ControlProtocol
import Glibc
import Platform

/// What sinks keep in the gateway's state directory: `sink-<name>.json`, up to where each has delivered, and `sinks.json`, how they do.
package struct SinkFiles: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    private func path(of sink: String) -> String { "\(directory)/sink-\(sink).json" }

    /// - Throws: when it cannot be read or believed. To begin anew without being told to could leave out lines.
    package func cursor(of sink: String) throws(CursorError) -> SinkCursor {
        do {
            guard case .sound(let content) = Seal.open(try Disk().read(path(of: sink))) else {
                throw CursorError(path: path(of: sink), reason: "its checksum does not hold")
            }
            return try ControlCoding.decode(SinkCursor.self, from: content)
        } catch let error as DiskError where error.errno == ENOENT {
            return SinkCursor()
        } catch let error as CursorError {
            throw error
        } catch {
            throw CursorError(path: path(of: sink), reason: ErrorWords.of(error))
        }
    }

    /// On the disk when it returns.
    package func keep(_ cursor: SinkCursor, of sink: String) throws {
        try Disk().replace(path(of: sink), with: Seal.sealed([UInt8](ControlCoding.encode(cursor))))
    }

    // MARK: What was refused

    private func asideFolder(of sink: String) -> String { "\(directory)/refused/\(sink)" }

    /// On the disk when it returns, as the receiver would get it.
    package func putAside(_ messages: [SinkMessage], of sink: String) throws -> String {
        let folder = asideFolder(of: sink)
        try Disk().createFolderForGood(folder)
        let batch = SinkBatch(messages)
        let path = "\(folder)/\(batch.fileName)"
        try Disk().replace(path, with: batch.body)
        return path
    }

    /// Oldest first.
    package func aside(of sink: String) throws -> [(batch: SinkBatch, path: String)] {
        let folder = asideFolder(of: sink)
        guard access(folder, F_OK) == 0 else { return [] }
        return try Disk().names(in: folder).compactMap { name in
            try SinkBatch(fileName: name, body: Disk().read("\(folder)/\(name)")).map { ($0, "\(folder)/\(name)") }
        }.sorted { $0.0 < $1.0 }
    }

    // MARK: How they do

    private var reportPath: String { "\(directory)/sinks.json" }

    /// Not synced: after a power cut nothing of it is true any more.
    package func tell(_ report: SinksReport) throws {
        let temporary = "\(directory)/\(ReplacementFile.temporaryPrefix)sinks.json"
        unlink(temporary)
        try Disk().place(
            [UInt8](ControlCoding.encode(report)) + [UInt8(ascii: "\n")], at: reportPath, temporary: temporary)
    }

    package func report() throws -> SinksReport {
        try ControlCoding.decode(SinksReport.self, from: Disk().read(reportPath))
    }
}

/// What `sinks.json` says.
package struct SinksReport: Codable, Sendable, Equatable {
    /// RFC 3339, UTC, by the wall clock: it is written each few seconds.
    package var time: String
    package var sinks: [SinkReport]

    package init(time: String, sinks: [SinkReport]) {
        self.time = time
        self.sinks = sinks
    }

    /// A few words for each, as systemd shows them.
    package var line: String {
        sinks.map { "\($0.name) \($0.state.rawValue)" }.joined(separator: ", ")
    }
}

package struct CursorError: Error, CustomStringConvertible {
    let path: String
    let reason: String

    package var description: String {
        "\(path): \(reason): put it right, or remove it and say where to begin: from = \"start\" (all lines once more) or \"now\""
    }
}
