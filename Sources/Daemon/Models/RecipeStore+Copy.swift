import Glibc
import Platform
import Settings
import TOML

extension RecipeStore {
    /// Where a copy is made, beside the recipes; no recipe can be called so.
    static let copyInProgress = ".copy"

    /// Copies everything into a recipe that does not exist yet: under another name, synced and renamed.
    ///
    /// - Parameter table: nil = the settings lie in the folder, see ``importedName``.
    func copy(to target: String, settingsFrom table: String?) throws(DiskError) {
        let temporary = "\(recipes)/\(Self.copyInProgress)"
        // Of a copy that was cut off in this run.
        try disk.discardTree(temporary)
        try disk.copyTree(folder, to: temporary)
        // Its parts were the original's, those that are kept, too, and so was a fit that is at work.
        try disk.discard("\(temporary)/\(Self.commissionName)")
        try disk.discard("\(temporary)/\(Self.unfinishedFitName)")
        try disk.discard("\(temporary)/\(PartShelf.folderName)")
        // Of a copy of a copy, too: the table, not the copy, is what a start finds in the file.
        if let table { try documents.write(Array(table.utf8), to: "\(temporary)/\(Self.settingsName)") }
        try disk.move(temporary, to: "\(recipes)/\(target)")
    }

    /// Where a recipe without a table of its own in the configuration has its settings.
    enum SettingsPlace {
        /// The table of that name, of a copy.
        case table(String)
        /// Its own folder, of a recipe of another station.
        case imported(Configuration.RecipeSettings)
    }

    /// Nil for a recipe that has a table of its own, or none at all.
    static func settings(
        of recipe: String, in folder: String, _ documents: StateDocuments
    ) throws(DocumentError) -> SettingsPlace? {
        if let bytes = try documents.bytes(of: "\(folder)/\(settingsName)") {
            return .table(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        }
        let path = "\(folder)/\(importedName)"
        guard let bytes = try documents.bytes(of: path) else { return nil }
        do {
            return .imported(
                try Configuration.RecipeSettings(toml: String(decoding: bytes, as: UTF8.self), file: path).named(recipe)
            )
        } catch {
            throw .malformed(path: path, reason: "\(error)")
        }
    }
}

extension Disk {
    /// Copies a folder with the folders in it, synced; what was never finished is left out.
    func copyTree(_ source: String, to target: String) throws(DiskError) {
        try createFolder(target)
        for name in try names(in: source) where !name.hasPrefix(ReplacementFile.temporaryPrefix) {
            let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
            if try isFolder(from) {
                try copyTree(from, to: to)
            } else {
                // One file in memory at a time. Each is synced: the rename of the folder makes all of them count.
                try replace(to, with: read(from))
            }
        }
        try syncFolder(target)
    }

    /// Removes a folder with everything in it; nothing there is as good.
    func discardTree(_ path: String) throws(DiskError) {
        guard exists(path) else { return }
        for name in try names(in: path) where try isFolder("\(path)/\(name)") { try discardTree("\(path)/\(name)") }
        try discard(path)
    }

    private func isFolder(_ path: String) throws(DiskError) -> Bool {
        try status(of: path).st_mode & S_IFMT == S_IFDIR
    }

    private func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}
