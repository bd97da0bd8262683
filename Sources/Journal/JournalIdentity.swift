import ControlProtocol
import Glibc
package import Platform

/// What tells the journals of a state directory from all others: numbers alone do not, for they begin anew with a new directory.
/// Made by chance with the first line, kept beside the journal's folder (`journal.id`), and never changed.
///
/// One that is there and cannot be believed is replaced by nothing: with another one receivers would take every line that they have
/// for a new one, and with a wrong one they would take new lines for old.
package struct JournalIdentity: Sendable, Equatable {
    /// 16 hexadecimal digits.
    package let text: String
    private static let byteCount = 8

    /// What the file of a journal folder says.
    package enum Reading: Equatable, Sendable {
        case known(JournalIdentity)
        /// A new journal, or one of a version that had none.
        case missing
        case damaged(reason: String)
    }

    private struct Document: Codable {
        var journal: String
    }

    package static func path(of folder: String) -> String { "\(folder).id" }

    package static func random() -> JournalIdentity {
        JournalIdentity(text: hexadecimal((0..<byteCount).map { _ in UInt8.random(in: .min ... .max) }))
    }

    /// - Throws: ``DiskError`` when nobody knows: the disk does not answer.
    package static func read(of folder: String, disk: Disk) throws(DiskError) -> Reading {
        let bytes: [UInt8]
        do {
            bytes = try disk.read(path(of: folder))
        } catch {
            if error.errno == ENOENT { return .missing }
            if error.isOfTheFile { return .damaged(reason: "\(error)") }
            throw error
        }
        guard case .sound(let content) = Seal.open(bytes) else {
            return .damaged(reason: "\(path(of: folder)): its checksum does not hold")
        }
        guard let document = try? ControlCoding.decode(Document.self, from: content),
            isHexadecimal(document.journal, bytes: byteCount)
        else {
            return .damaged(reason: "\(path(of: folder)): expected 16 hexadecimal digits as `journal`")
        }
        return .known(JournalIdentity(text: document.journal))
    }

    /// On the disk when it returns.
    package func write(of folder: String, disk: Disk) throws(DiskError) {
        let path = Self.path(of: folder)
        try disk.createFolder(FilePath.split(path).folder)
        try disk.replace(path, with: Seal.sealed(Array(#"{"journal":"\#(text)"}"#.utf8)))
    }
}
