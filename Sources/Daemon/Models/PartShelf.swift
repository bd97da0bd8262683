import Core
import Platform

/// The kept parts of one recipe on disk: `recipes/<name>/stream/<generation>-<number>.part`, each a file with its checksum.
///
/// What is damaged or of another generation is no loss: the line brings more parts. Calls block on the disk.
struct PartShelf: Sendable {
    /// Below a recipe's folder.
    static let folderName = "stream"
    private static let ending = ".part"

    struct Name: Sendable, Equatable {
        let generation: Int
        let number: UInt64

        var file: String { "\(generation)-\(number)\(PartShelf.ending)" }

        init(generation: Int, number: UInt64) {
            self.generation = generation
            self.number = number
        }

        /// Nil for another file.
        init?(_ file: String) {
            let pieces =
                file.hasSuffix(PartShelf.ending) ? file.dropLast(PartShelf.ending.count).split(separator: "-") : []
            guard pieces.count == 2, let generation = CurrentGeneration.number(pieces[0]),
                let number = UInt64(pieces[1])
            else { return nil }
            self.init(generation: generation, number: number)
            // Written in another way, it would not be found again.
            guard self.file == file else { return nil }
        }
    }

    let folder: String
    let disk: Disk

    init(stateDirectory: String, recipe: String, disk: Disk) {
        folder = "\(stateDirectory)/recipes/\(recipe)/\(Self.folderName)"
        self.disk = disk
    }

    /// In the order of their numbers; none where nothing was ever kept.
    func names() throws(DiskError) -> [Name] {
        let (recipe, own) = FilePath.split(folder)
        guard try disk.names(in: recipe).contains(own) else { return [] }
        return try disk.names(in: folder).compactMap { Name($0) }
            .sorted { ($0.generation, $0.number) < ($1.generation, $1.number) }
    }

    func byteCount(of name: Name) throws(DiskError) -> Int { try disk.byteCount(of: "\(folder)/\(name.file)") }

    func keep(_ bytes: [UInt8], as name: Name) throws(DiskError) {
        try disk.createFolderForGood(folder)
        try disk.replace("\(folder)/\(name.file)", with: bytes)
    }

    /// The parts of a generation. A file that is not what was written is removed.
    ///
    /// - Returns: also what was wrong with those that were, a line each.
    func parts(of generation: Int) throws(DiskError) -> (parts: [StreamPart], damaged: [String]) {
        var (parts, damaged): ([StreamPart], [String]) = ([], [])
        for name in try names() where name.generation == generation {
            let path = "\(folder)/\(name.file)"
            let bytes = try disk.read(path)
            do throws(StreamPartError) {
                let part = try StreamPart(bytes: bytes)
                guard part.number == name.number else {
                    throw .damaged("expected part \(name.number), got \(part.number)")
                }
                parts.append(part)
            } catch {
                damaged.append("\(path): \(error)")
                try disk.removeForGood(path)
            }
        }
        return (parts, damaged)
    }

    /// Removes all that is not of a generation, and what was never finished; nil = all.
    func clear(but generation: Int?) throws(DiskError) {
        let (recipe, own) = FilePath.split(folder)
        guard try disk.names(in: recipe).contains(own) else { return }
        for file in try disk.names(in: folder) {
            if let name = Name(file), name.generation == generation { continue }
            guard Name(file) != nil || file.hasPrefix(ReplacementFile.temporaryPrefix) else { continue }
            try disk.discard("\(folder)/\(file)")
        }
        try disk.syncFolder(folder)
    }
}
