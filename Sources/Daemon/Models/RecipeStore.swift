import Platform

/// The normal shots and fitted generations of one recipe on disk (DESIGN, "On disk").
///
/// A crash at any instant leaves the old state or the new one: every change is one rename. All calls block on the disk
/// and expect one caller at a time; ``Recipe`` sees to both.
struct RecipeStore: Sendable {
    /// Documents of a recipe that end with their checksum; each generation's ``modelDocument`` does, too.
    static let documentNames = [currentName, limitName, commissionName, settingsName, importedName]
    static let currentName = "current"
    static let limitName = "limit.json"
    static let commissionName = "commission.json"
    /// In a copy: names the table of the configuration whose settings it uses.
    static let settingsName = "settings"
    /// In a recipe of another station: the table that it came with.
    static let importedName = "imported.toml"

    /// The folder of all recipes.
    let recipes: String
    let folder: String
    let documents: StateDocuments
    var disk: Disk { documents.disk }
    var normalsFolder: String { "\(folder)/normals" }
    /// Shots that a roll-back took out.
    var setAsideFolder: String { "\(folder)/set-aside" }
    var modelsFolder: String { "\(folder)/models" }
    private var folders: [String] { [normalsFolder, setAsideFolder, modelsFolder] }

    /// Creates the folders where they are missing and removes what an interrupted change left behind.
    ///
    /// - Precondition: ``PlainName/isValid(_:)`` holds for `name`.
    /// - Throws: when a folder cannot be made, listed or tidied; what is unreadable in it is not looked at yet.
    init(stateDirectory: String, recipe name: String, documents: StateDocuments) throws(DiskError) {
        precondition(PlainName.isValid(name), "recipe name \(name)")
        try self.init(recipes: "\(stateDirectory)/recipes", folder: name, documents: documents)
    }

    /// - Parameter name: of the folder, which may be one that no recipe can have.
    private init(recipes: String, folder name: String, documents: StateDocuments) throws(DiskError) {
        self.documents = documents
        self.recipes = recipes
        folder = "\(recipes)/\(name)"
        do throws(DiskError) {
            for path in folders { try disk.createFolderForGood(path) }
            for path in [folder] + folders {
                for name in try disk.names(in: path) where name.hasPrefix(ReplacementFile.temporaryPrefix) {
                    try disk.discard("\(path)/\(name)")
                }
            }
        } catch {
            discardIfEmpty()
            throw error
        }
    }

    /// Where a recipe of another station is made, beside the recipes.
    static let importInProgress = ".import"

    /// An empty one that is no recipe yet: what an earlier one left there is removed.
    ///
    /// - Parameter recipes: the folder of all recipes.
    static func beginImport(in recipes: String, documents: StateDocuments) throws(DiskError) -> RecipeStore {
        try documents.disk.discardTree("\(recipes)/\(importInProgress)")
        return try RecipeStore(recipes: recipes, folder: importInProgress, documents: documents)
    }

    /// Removes the folders if nothing is in them.
    func discardIfEmpty() {
        // The system removes no folder that holds something; an empty one that stays does no harm.
        for path in folders + [folder] { try? disk.removeFolder(path) }
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }
}

/// One normal shot as it lies on disk.
package struct StoredNormal: Sendable, Equatable {
    /// Of the bytes, lower-case hexadecimal.
    package let sha256: String
    /// `jpg` or `png`.
    package let fileExtension: String
    package let byteCount: Int
    /// Whether it was NG or uncertain by the model in use when it was added; see ``Shot/isDoubted``. Its file's name says so, in
    /// a way that older versions do not take for a shot.
    package var isDoubted = false

    var fileName: String { "\(sha256)\(isDoubted ? Self.doubted : "").\(fileExtension)" }

    private static let doubted = ".doubted"
}

extension StoredNormal {
    /// - Returns: nil when it is the name of no shot.
    fileprivate init?(fileName: String, byteCount: () throws(DiskError) -> Int) throws(DiskError) {
        let pieces = fileName.split(separator: ".", omittingEmptySubsequences: false)
        let isDoubted = pieces.count == 3 && ".\(pieces[1])" == Self.doubted
        guard pieces.count == 2 || isDoubted, pieces[0].utf8.count == 64 else { return nil }
        self.init(
            sha256: String(pieces[0]), fileExtension: String(pieces[pieces.count - 1]), byteCount: try byteCount(),
            isDoubted: isDoubted)
    }
}

// MARK: Normal shots

extension RecipeStore {
    /// Sorted by name.
    func normals() throws(DiskError) -> [StoredNormal] { try shots(in: normalsFolder) }

    /// Those that a roll-back took out, sorted by name.
    func setAside() throws(DiskError) -> [StoredNormal] { try shots(in: setAsideFolder) }

    private func shots(in folder: String) throws(DiskError) -> [StoredNormal] {
        var shots: [StoredNormal] = []
        for name in try disk.names(in: folder) {
            // Other files are left alone.
            let shot = try StoredNormal(fileName: name) { () throws(DiskError) in
                try disk.byteCount(of: "\(folder)/\(name)")
            }
            if let shot { shots.append(shot) }
        }
        return shots
    }

    /// Stores a picture that has been checked; the same bytes again change nothing.
    func addNormal(_ bytes: [UInt8], fileExtension: String, isDoubted: Bool) throws(DiskError) -> StoredNormal {
        let normal = StoredNormal(
            sha256: Self.sha256(of: bytes), fileExtension: fileExtension, byteCount: bytes.count, isDoubted: isDoubted)
        try disk.replace(path(of: normal), with: bytes)
        return normal
    }

    func removeNormal(_ normal: StoredNormal) throws(DiskError) {
        try disk.removeForGood(path(of: normal))
    }

    func removeSetAside(_ normal: StoredNormal) throws(DiskError) {
        try disk.removeForGood(setAsidePath(of: normal))
    }

    /// Nobody learns from it until it is restored.
    func setAside(_ normal: StoredNormal) throws(DiskError) {
        try disk.moveForGood(path(of: normal), to: setAsidePath(of: normal))
    }

    func restore(_ normal: StoredNormal) throws(DiskError) {
        try disk.moveForGood(setAsidePath(of: normal), to: path(of: normal))
    }

    /// - Throws: ``StoreError/normalUnreadable(sha256:reason:)`` also when they are not those that its name stands for.
    func bytes(of normal: StoredNormal, isSetAside: Bool = false) throws(StoreError) -> [UInt8] {
        let path = isSetAside ? setAsidePath(of: normal) : path(of: normal)
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try disk.read(path)
        } catch {
            throw .normalUnreadable(sha256: normal.sha256, reason: "\(error)")
        }
        let sha256 = Self.sha256(of: bytes)
        guard sha256 == normal.sha256 else {
            throw .normalUnreadable(
                sha256: normal.sha256, reason: "\(path): changed since it was stored: its sha-256 is \(sha256)")
        }
        return bytes
    }

    /// Lower-case hexadecimal.
    static func sha256(of bytes: [UInt8]) -> String { hexadecimal(SHA256.digest(of: bytes)) }

    private func path(of normal: StoredNormal) -> String {
        "\(normalsFolder)/\(normal.fileName)"
    }

    private func setAsidePath(of normal: StoredNormal) -> String {
        "\(setAsideFolder)/\(normal.fileName)"
    }
}
