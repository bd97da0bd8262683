import ControlProtocol
import Core
import Glibc
import Platform

/// Pictures that were complete before another recipe came into use and had no verdict then: `NAME.index.waiting`, on the disk
/// before the other one is in use. What else waits needs no such thing: it is judged by the recipe in use.
final class HeldPictures: Sendable {
    struct Picture: Codable, Sendable, Equatable {
        var inode: UInt64
        var size: Int
        var modified: Int64
        var digest: String?
        /// Nil = by the one in use.
        var recipe: String?
        /// Nil of one that an earlier run took.
        var at: ContinuousClock.Instant?

        private enum CodingKeys: String, CodingKey { case inode, size, modified, digest, recipe }

        init(_ identity: FileIdentity, _ digest: String?, recipe: String? = nil, at: ContinuousClock.Instant? = nil) {
            (inode, size, modified) = (identity.inode, identity.size, identity.modified)
            (self.digest, self.recipe, self.at) = (digest, recipe, at)
        }

        /// Told by the file, or by its contents where somebody touched it.
        func isOf(_ identity: FileIdentity?, _ digest: String?) -> Bool {
            FileIdentity(inode: inode, size: size, modified: modified) == identity
                || digest != nil && digest == self.digest
        }
    }

    enum Finding: Sendable {
        /// By the names as they are shown.
        case pictures([String: Picture])
        case lost(reason: String)
    }

    private let path: String
    private let disk = Disk()
    /// Whether the file is there.
    private let exists = Monitor(false)

    init(path: String) { self.path = path }

    func read() -> Finding {
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try disk.read(path)
        } catch {
            if error.errno == ENOENT { return .pictures([:]) }
            return .lost(reason: "\(error)")
        }
        exists.withLock { $0 = true }
        guard case .sound(let content) = Seal.open(bytes),
            let pictures = try? ControlCoding.decode([String: Picture].self, from: content)
        else { return .lost(reason: "\(path) is damaged") }
        return .pictures(pictures)
    }

    func write(_ pictures: [String: Picture]) throws(DiskError) {
        try disk.createFolder(FilePath.split(path).folder)
        // Texts and numbers: they can be encoded.
        guard let content = try? ControlCoding.encode(pictures) else {
            preconditionFailure("pictures that are no JSON")
        }
        try disk.replace(path, with: Seal.sealed(Array(content)))
        exists.withLock { $0 = true }
    }

    /// - Parameter isHolding: whether some of them have no verdict yet.
    func removeIfDone(_ isHolding: Bool) throws(DiskError) {
        guard !isHolding, exists.read(\.self) else { return }
        try disk.remove(path)
        exists.withLock { $0 = false }
    }
}

extension PictureIndex {
    /// A picture was taken.
    ///
    /// - Parameter wasFound: whether it was there at the first look: an earlier run may have taken it.
    func came(
        _ name: FileName, _ identity: FileIdentity, _ digest: String?, at: ContinuousClock.Instant, wasFound: Bool
    ) -> RecipeOfTheTime {
        state.withLock { state in
            var picture = HeldPictures.Picture(identity, digest, at: at)
            switch state.held {
            case .pictures(var held):
                if let known = held.removeValue(forKey: name.text), known.isOf(identity, digest) {
                    picture.recipe = known.recipe
                }
                state.held = .pictures(held)
            case .lost: if wasFound { picture.recipe = Self.unknownRecipe }
            }
            state.unjudged[name] = picture
            guard let recipe = picture.recipe else { return .inUse }
            return recipe == Self.unknownRecipe ? .lost(reason: state.held.reason) : .named(recipe)
        }
    }

    /// A picture that waits has another name.
    func renameWaiting(_ old: FileName, to new: FileName) {
        state.withLock { state in
            if let picture = state.unjudged.removeValue(forKey: old) { state.unjudged[new] = picture }
        }
    }

    /// Has what waits and was complete before `end` judged by a recipe over a restart, too.
    func keepWaiting(for recipe: String, until end: ContinuousClock.Instant) throws(DiskError) {
        let pictures = state.withLock { state in
            for (name, picture) in state.unjudged where picture.recipe == nil && picture.at.map({ $0 < end }) ?? true {
                state.unjudged[name]?.recipe = recipe
            }
            // Those of an earlier run that were not found again may be on a share that is away.
            var pictures = state.held.pictures
            for (name, picture) in state.unjudged where picture.recipe != nil { pictures[name.text] = picture }
            return pictures
        }
        if !pictures.isEmpty { try heldFile?.write(pictures) }
    }

    /// Of pictures whose recipe is lost.
    static let unknownRecipe = ""
}

extension HeldPictures.Finding {
    var pictures: [String: HeldPictures.Picture] { if case .pictures(let pictures) = self { pictures } else { [:] } }

    var reason: String {
        if case .lost(let reason) = self { reason } else { "the recipe that it was complete under is lost" }
    }
}

extension PictureIndex.State {
    /// Whether some pictures that are kept for a recipe have no verdict yet.
    var isHolding: Bool {
        switch held {
        case .pictures(let pictures): !pictures.isEmpty || unjudged.contains { $0.value.recipe != nil }
        case .lost: !unjudged.isEmpty
        }
    }

    /// What an earlier run still judged needs no recipe any more.
    mutating func releaseJudged() {
        guard case .pictures(let pictures) = held else { return }
        held = .pictures(
            pictures.filter { name, picture in
                guard let entry = entries[FileName(shown: name)] else { return true }
                return !picture.isOf(entry.identity, entry.digest)
            })
    }
}
