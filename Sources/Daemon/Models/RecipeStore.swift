import Platform

/// The normal shots and fitted generations of one recipe on disk (DESIGN, "On disk").
///
/// A crash at any instant leaves the old state or the new one: every change is one rename. All calls block on the disk
/// and expect one caller at a time; ``Recipe`` sees to both.
struct RecipeStore: Sendable {
    /// Older generations that stay beside the one in use.
    static let olderGenerationsKept = 2

    /// The folder of all recipes.
    let recipes: String
    let folder: String
    let disk: Disk
    private var normalsFolder: String { "\(folder)/normals" }
    private var modelsFolder: String { "\(folder)/models" }
    private var currentPath: String { "\(folder)/current" }

    /// Creates the folders where they are missing and removes what an interrupted change left behind.
    ///
    /// - Precondition: ``PlainName/isValid(_:)`` holds for `name`.
    /// - Throws: when a folder cannot be made, listed or tidied; what is unreadable in it is not looked at yet.
    init(stateDirectory: String, recipe name: String, disk: Disk) throws(DiskError) {
        precondition(PlainName.isValid(name), "recipe name \(name)")
        self.disk = disk
        recipes = "\(stateDirectory)/recipes"
        folder = "\(recipes)/\(name)"
        for path in [normalsFolder, modelsFolder] {
            try disk.createFolder(path)
        }
        for path in [folder, normalsFolder, modelsFolder] {
            for name in try disk.names(in: path) where name.hasPrefix(ReplacementFile.temporaryPrefix) {
                try disk.discard("\(path)/\(name)")
            }
        }
    }
}

/// One normal shot as it lies on disk.
package struct StoredNormal: Sendable, Equatable {
    /// Of the bytes, lower-case hexadecimal.
    package let sha256: String
    /// `jpg` or `png`.
    package let fileExtension: String
    package let byteCount: Int
}

// MARK: Normal shots

extension RecipeStore {
    /// Sorted by name.
    func normals() throws(DiskError) -> [StoredNormal] {
        var normals: [StoredNormal] = []
        for name in try disk.names(in: normalsFolder) {
            let pieces = name.split(separator: ".")
            // Other files are left alone.
            guard pieces.count == 2, pieces[0].utf8.count == 64 else { continue }
            normals.append(
                StoredNormal(
                    sha256: String(pieces[0]), fileExtension: String(pieces[1]),
                    byteCount: try disk.byteCount(of: "\(normalsFolder)/\(name)")))
        }
        return normals
    }

    /// Stores a picture that has been checked; the same bytes again change nothing.
    func addNormal(_ bytes: [UInt8], fileExtension: String) throws(DiskError) -> StoredNormal {
        let normal = StoredNormal(
            sha256: Self.sha256(of: bytes), fileExtension: fileExtension, byteCount: bytes.count)
        try disk.replace(path(of: normal), with: bytes)
        return normal
    }

    func removeNormal(_ normal: StoredNormal) throws(DiskError) {
        try disk.removeForGood(path(of: normal))
    }

    func bytes(of normal: StoredNormal) throws(DiskError) -> [UInt8] {
        try disk.read(path(of: normal))
    }

    /// Lower-case hexadecimal. Not checked when a shot is read: the fit decodes it, and says when it cannot.
    static func sha256(of bytes: [UInt8]) -> String { hexadecimal(SHA256.digest(of: bytes)) }

    private func path(of normal: StoredNormal) -> String {
        "\(normalsFolder)/\(normal.sha256).\(normal.fileExtension)"
    }
}

// MARK: Generations

/// Which shots there are, in short.
struct ShotList: Equatable, Sendable {
    /// Of a roll-back that an older version wrote down without them.
    static let unknown = Self(digest: "")

    /// Lower-case hexadecimal.
    let digest: String

    init(_ normals: [StoredNormal]) {
        let names = normals.map(\.sha256).sorted().joined(separator: "\n")
        digest = hexadecimal(SHA256.digest(of: names.utf8))
    }

    fileprivate init(digest: String) {
        self.digest = digest
    }
}

/// What the file `current` says: the generation in use, and whether an operator went back to it. After a roll-back a
/// newer generation is on disk on purpose; otherwise one newer than `current` is a fit whose last step was cut off.
struct CurrentGeneration: Equatable, Sendable {
    var generation: Int
    /// Those that were there at the roll-back: once there are others a fit is due. Nil = nobody went back.
    var shotsAtRollback: ShotList?

    init(generation: Int, shotsAtRollback: ShotList?) {
        self.generation = generation
        self.shotsAtRollback = shotsAtRollback
    }

    init?(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let generation = words.first.flatMap(Self.number) else { return nil }
        let isRolledBack = words.dropFirst().first == "rolled-back"
        self.init(
            generation: generation,
            shotsAtRollback: isRolledBack
                ? words.dropFirst(2).first.map { ShotList(digest: String($0)) } ?? .unknown : nil)
    }

    /// Nil = no fit has made so many: what claims it is no generation, and numbers never run out.
    static func number(_ digits: some StringProtocol) -> Int? {
        Int(digits).flatMap { (1...1 << 53).contains($0) ? $0 : nil }
    }

    var text: String {
        shotsAtRollback.map { "\(generation) rolled-back \($0.digest)\n" } ?? "\(generation)\n"
    }
}

extension RecipeStore {
    /// Numbers of the generations on disk, newest first.
    func generations() throws(DiskError) -> [Int] {
        try disk.names(in: modelsFolder).compactMap(CurrentGeneration.number).sorted(by: >)
    }

    /// Nil when the file is missing or does not read.
    func current() -> CurrentGeneration? {
        // An unreadable `current` is answered by looking at the generations themselves, see Recipe.restore.
        guard let bytes = try? disk.read(currentPath) else { return nil }
        return CurrentGeneration(String(decoding: bytes, as: UTF8.self))
    }

    func folder(of generation: Int) -> String { "\(modelsFolder)/\(generation)" }

    /// Makes a new generation out of what `write` puts into the folder it is given, and names it as current.
    func install(_ write: (_ folder: String) throws -> Void) throws -> Int {
        // Never a number that was there: after a roll-back the newest stays, and is not overwritten.
        let generation = (try generations().first ?? 0) + 1
        let temporary = "\(modelsFolder)/\(ReplacementFile.temporaryPrefix)\(generation)"
        try disk.discard(temporary)
        try disk.createFolder(temporary)
        try write(temporary)
        try disk.syncContents(of: temporary)
        try disk.move(temporary, to: folder(of: generation))
        // Last. When it fails, the generation is there and counts at the next start: newer than `current`, and nobody
        // went back.
        try select(CurrentGeneration(generation: generation, shotsAtRollback: nil))
        return generation
    }

    func select(_ current: CurrentGeneration) throws(DiskError) {
        try disk.replace(currentPath, with: Array(current.text.utf8))
    }

    /// Removes generations older than the current one, save the newest two of them.
    func prune(current: Int) throws(DiskError) {
        for old in try generations().filter({ $0 < current }).dropFirst(Self.olderGenerationsKept) {
            // Renamed first, so that a half-removed generation is never taken for a whole one.
            let doomed = "\(modelsFolder)/\(ReplacementFile.temporaryPrefix)\(old)"
            try disk.discard(doomed)
            try disk.move(folder(of: old), to: doomed)
            try disk.discard(doomed)
        }
    }
}
