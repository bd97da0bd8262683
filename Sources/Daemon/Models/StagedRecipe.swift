import ControlProtocol
import Core
import Platform
import RecipeFile
import Settings
import Synchronization

/// A recipe of another station on its way in: in a folder that no recipe can have, until it is complete, checked and fitted
/// (``RecipeBook/adopt(_:as:_:)``). A start removes what a kill has left of one.
struct StagedRecipe: Sendable {
    let store: RecipeStore
    /// Its name here.
    let name: String
    /// Each nil until it has come.
    private(set) var manifest: RecipeManifest?
    private(set) var settings: Configuration.RecipeSettings?
    private(set) var golden: Golden?
    /// Nil also of a recipe whose limit is calibration's.
    private(set) var limit: ManualLimit?

    /// - Parameter manifest: of the file.
    init(_ store: RecipeStore, name: String, _ manifest: RecipeManifest) {
        (self.store, self.name, self.manifest) = (store, name, manifest)
    }

    /// Takes the next member, whose digest is the manifest's. What was made of it by the other station is held to what this one would
    /// take from a person.
    ///
    /// - Throws: ``ImportRefusal``, ``ShotRefusal``, ``DiskError``.
    mutating func take(_ member: RecipeMember, _ bytes: [UInt8]) throws {
        switch member {
        case .settings:
            let settings: Configuration.RecipeSettings
            do {
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw ImportRefusal("no text in UTF-8")
                }
                settings = try Configuration.RecipeSettings(toml: text, file: member.name).named(name)
                // What people may look up later: as it came.
                try store.documents.write(Array(text.utf8), to: store.path(RecipeStore.importedName))
            } catch let error as DiskError {
                throw error
            } catch {
                throw ImportRefusal("\(member.name): \(error)")
            }
            self.settings = settings
        case .golden:
            do {
                golden = try Golden(bytes: bytes, file: member.name)
            } catch {
                throw ImportRefusal("\(error)")
            }
        case .limit: limit = try Self.limit(bytes)
        case .shot(let sha256, let isDoubted, let fileExtension):
            let shot: ShotPicture
            do {
                shot = try ShotPicture(checking: bytes, roi: settings?.area.roi)
                try checkSize(of: bytes)
            } catch {
                throw ImportRefusal("shot \(sha256): \(error)")
            }
            guard shot.fileExtension == fileExtension else {
                throw ImportRefusal("shot \(sha256): expected .\(fileExtension), got .\(shot.fileExtension)")
            }
            _ = try store.addNormal(bytes, fileExtension: fileExtension, isDoubted: isDoubted)
        }
    }

    private func checkSize(of shot: [UInt8]) throws {
        guard let height = manifest?.pictureHeight, let width = manifest?.pictureWidth else { return }
        let size = try Picture(.file, bytes: shot).size()
        guard size == (height, width) else {
            throw ImportRefusal(
                "expected \(height) x \(width) (height x width), got \(size.height) x \(size.width)")
        }
    }

    private static func limit(_ bytes: [UInt8]) throws -> ManualLimit {
        let name = RecipeMember.limit.name
        let (limit, again): (ManualLimit, [UInt8])
        do {
            limit = try ControlCoding.decode(ManualLimit.self, from: bytes)
            again = [UInt8](try ControlCoding.encode(limit))
        } catch {
            throw ImportRefusal("\(name): \(ErrorWords.of(error))")
        }
        // A key that this version does not know may say that the limit means something else.
        guard again == bytes else { throw ImportRefusal("\(name): expected what this version writes, got other keys") }
        try ManualLimit.check(limit.value)
        return limit
    }

    /// Nothing of it is left. A folder that stays is removed by the next import or start.
    func discard() { try? store.disk.discardTree(store.folder) }
}

/// Why a recipe of another station is not taken; nothing was changed. The message stands for itself.
package struct ImportRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ reason: String) { description = "import: \(reason)" }
}

// MARK: Into the book

extension RecipeBook {
    /// Free on the disk while an import has to be written, beside what it takes.
    private static let reserve = 256 << 20

    /// An empty folder for a recipe that is to come.
    ///
    /// - Parameter bytes: that it takes at most.
    /// - Throws: ``StoreError`` when no recipe can have the name here, or one has; ``ImportRefusal``, ``DiskError``.
    func stage(_ manifest: RecipeManifest, as name: String, bytes: Int) throws -> StagedRecipe {
        try checkIsFree(name)
        let free = try disk.freeBytes(at: stateDirectory)
        guard free >= UInt64(bytes + Self.reserve) else {
            throw ImportRefusal("\(stateDirectory): expected \(bytes + Self.reserve) free bytes, got \(free)")
        }
        return StagedRecipe(
            try RecipeStore.beginImport(in: folder, documents: documents), name: name, manifest)
    }

    /// - Throws: `invalidRecipeName`, `recipeExists`; nothing is ever overwritten.
    func checkIsFree(_ name: String) throws {
        guard PlainName.isValid(name) else { throw StoreError.invalidRecipeName(name) }
        // The folder counts, not the entry: one of a table that was removed still holds its shots.
        guard try !disk.names(in: folder).contains(name) else { throw StoreError.recipeExists(name) }
    }

    /// Makes a complete recipe one of this station. No camera uses it.
    func adopt(_ staged: StagedRecipe, _ settings: Configuration.RecipeSettings, _ method: RecipeMethod) throws -> Entry
    {
        try change.withLock { _ in
            try checkIsFree(staged.name)
            try disk.syncFolder(staged.store.folder)
            try disk.move(staged.store.folder, to: "\(folder)/\(staged.name)")
            return try openNew(Plan(name: staged.name, origin: .imported, table: settings, method: method))
        }
    }
}
