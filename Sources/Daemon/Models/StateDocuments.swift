import ControlProtocol
package import Logging
package import Platform

/// Why a document of the state directory is not believed. What it says is unknown then, and nothing laxer takes its place.
package enum DocumentError: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadable(DiskError)
    /// Its checksum is not that of what it says.
    case changed(path: String)
    /// It has no checksum, and is none of those that an older version left here.
    case unsealed(path: String)
    /// It is whole, and no such document.
    case malformed(path: String, reason: String)
    /// It is not there, and has to be.
    case missing(path: String, reason: String)

    package var description: String {
        switch self {
        case .unreadable(let error): "\(error)"
        case .changed(let path): "\(path): changed since it was written: its checksum does not hold"
        case .unsealed(let path): "\(path): expected a checksum in its last line, got none: cut, or not fsacd's"
        case .malformed(let path, let reason): "\(path): \(reason)"
        case .missing(let path, let reason): "\(path): not there, though \(reason)"
        }
    }
}

/// The small documents of a state directory that decide how parts are judged: each ends with its checksum (``Seal``), which is
/// verified whenever it is read.
///
/// Those of a version that wrote none are believed by their digest: the first start with this version notes all that it
/// finds in `taken-over.json`, once. What loses its checksum later is on no such list.
package struct StateDocuments: Sendable {
    let disk: Disk
    /// SHA-256 of documents without a checksum that are believed.
    private let takenOver: Set<String>

    package init(disk: Disk = Disk()) { self.init(disk: disk, takenOver: []) }

    private init(disk: Disk, takenOver: Set<String>) {
        self.disk = disk
        self.takenOver = takenOver
    }

    /// Nil when there is no such file.
    func bytes(of path: String) throws(DocumentError) -> [UInt8]? {
        let (folder, name) = FilePath.split(path)
        let bytes: [UInt8]
        do throws(DiskError) {
            // Asked for by name: one that is there and cannot be read is an error, not the absence of a decision.
            guard try disk.names(in: folder).contains(name) else { return nil }
            bytes = try disk.read(path)
        } catch {
            throw .unreadable(error)
        }
        switch Seal.open(bytes) {
        case .sound(let content): return content
        case .broken: throw .changed(path: path)
        case .missing(let sha256):
            guard isTakenOver(sha256) else { throw .unsealed(path: path) }
            return bytes
        }
    }

    func isTakenOver(_ sha256: String) -> Bool { takenOver.contains(sha256) }

    /// A document of JSON; nil when there is no such file.
    func read<Value: Decodable>(_ type: Value.Type, from path: String) throws(DocumentError) -> Value? {
        guard let bytes = try bytes(of: path) else { return nil }
        do {
            return try ControlCoding.decode(type, from: bytes)
        } catch {
            throw .malformed(path: path, reason: ErrorWords.of(error))
        }
    }

    func write(_ content: [UInt8], to path: String) throws(DiskError) {
        try disk.replace(path, with: Seal.sealed(content))
    }

    /// - Parameter value: nil = the document goes, whatever it says.
    func write(_ value: (some Encodable)?, to path: String) throws {
        if let value { return try write([UInt8](ControlCoding.encode(value)), to: path) }
        let (folder, name) = FilePath.split(path)
        if try disk.names(in: folder).contains(name) { try disk.removeForGood(path) }
    }
}

// MARK: Documents of older versions

extension StateDocuments {
    static let listName = "taken-over.json"

    private struct List: Codable {
        /// SHA-256 of whole files, sorted.
        var documents: [String]
    }

    /// Documents as they are to be read in this state directory; makes the folder of its recipes where there is none, and
    /// removes what was never finished.
    ///
    /// - Throws: when folders cannot be made or listed.
    package static func opened(
        in stateDirectory: String, disk: Disk, logger: Logger
    ) throws(DiskError) -> StateDocuments {
        let (documents, path) = (StateDocuments(disk: disk), "\(stateDirectory)/\(listName)")
        try disk.createFolderForGood("\(stateDirectory)/recipes")
        // Left by a kill; those in the recipes' folders are theirs to remove.
        for name in try disk.names(in: stateDirectory) where name.hasPrefix(ReplacementFile.temporaryPrefix) {
            try disk.discard("\(stateDirectory)/\(name)")
        }
        do throws(DocumentError) {
            if let list = try documents.read(List.self, from: path) {
                return StateDocuments(disk: disk, takenOver: Set(list.documents))
            }
        } catch {
            logger.error(
                "documents of an older version are not believed: their list cannot be read",
                metadata: ["error": "\(error)"])
            return documents
        }
        let found = try digests(in: stateDirectory, disk)
        // Written before any document with a checksum: if there is one, the list is lost and not yet to be made.
        if found.isSealed {
            logger.error(
                "documents of an older version are not believed: their list is lost",
                metadata: ["file": "\(path)"])
        }
        let list = List(documents: found.isSealed ? [] : found.unsealed.sorted())
        do {
            try documents.write(list, to: path)
        } catch {
            // The next start does the same.
            logger.error("the list of older documents cannot be written", metadata: ["error": "\(error)"])
        }
        return StateDocuments(disk: disk, takenOver: Set(list.documents))
    }

    private static func digests(
        in stateDirectory: String, _ disk: Disk
    ) throws(DiskError) -> (unsealed: Set<String>, isSealed: Bool) {
        var paths = ["\(stateDirectory)/\(RecipesInUse.fileName)"]
        for recipe in try disk.names(in: "\(stateDirectory)/recipes") where PlainName.isValid(recipe) {
            let folder = "\(stateDirectory)/recipes/\(recipe)"
            paths += RecipeStore.documentNames.map { "\(folder)/\($0)" }
            // A folder that is none of a recipe's has none.
            for generation in (try? disk.names(in: "\(folder)/models")) ?? [] {
                paths.append("\(folder)/models/\(generation)/\(RecipeStore.modelDocument)")
            }
        }
        var (unsealed, isSealed) = (Set<String>(), false)
        for path in paths {
            // What is not there, or cannot be read now, is not taken over.
            guard let bytes = try? disk.read(path) else { continue }
            if case .missing(let sha256) = Seal.open(bytes) { unsealed.insert(sha256) } else { isSealed = true }
        }
        return (unsealed, isSealed)
    }
}
