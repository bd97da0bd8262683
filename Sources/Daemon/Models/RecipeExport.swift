import ControlProtocol
import Core
import Platform
import RecipeFile
import Settings
import Synchronization

/// A recipe as it goes to another station: what is in the file, each read when it is written.
struct RecipeExport: Sendable {
    let manifest: RecipeManifest
    private let recipe: Recipe
    /// But for the shots.
    private let documents: [String: [UInt8]]
    private let shots: [String: StoredNormal]

    /// Reads all of it once, so that what cannot be read is told before anything is written.
    ///
    /// - Parameter origin: who makes the file, and where.
    /// - Throws: ``StoreError/notExportable(_:reason:)``, ``StoreError``, ``DiskError``.
    init(_ entry: RecipeBook.Entry, origin: RecipeManifest.Origin) throws {
        let (view, active, golden) = try entry.recipe.exportable()
        recipe = entry.recipe
        let settings = entry.settings.named(entry.name)
            .toml(comment: "recipe \(entry.name) of \(PrintableText.line(origin.station)), \(origin.time)")
        var documents: [(RecipeMember, [UInt8])] = [(.settings, Array(settings.utf8)), (.golden, golden)]
        if let manual = active.manual { documents.append((.limit, [UInt8](try ControlCoding.encode(manual)))) }
        var members = documents.map { RecipeManifest.Member($0, $1) }
        var shots: [String: StoredNormal] = [:]
        var sizes: [PixelSize] = []
        for normal in view.normals {
            let bytes = try recipe.bytes(of: normal)
            let (height, width) = try Picture(.file, bytes: bytes).size()
            let size = PixelSize(height: height, width: width)
            if sizes.last != size { sizes.append(size) }
            let member = RecipeManifest.Member(
                .shot(sha256: normal.sha256, isDoubted: normal.isDoubted, fileExtension: normal.fileExtension), bytes)
            shots[member.name] = normal
            members.append(member)
        }
        let backbone = active.model.backbone
        manifest = RecipeManifest(
            recipe: entry.name, origin: origin,
            backbone: .init(
                name: backbone.name, sha256: backbone.sha256, precision: backbone.precision?.rawValue),
            pictureHeight: sizes.count == 1 ? sizes[0].height : nil,
            pictureWidth: sizes.count == 1 ? sizes[0].width : nil,
            model: .init(active), notCarried: Self.leftBehind(active, view), members: members)
        self.documents = Dictionary(documents.map { ($0.name, $1) }) { first, _ in first }
        self.shots = shots
    }

    private static func leftBehind(_ active: Recipe.Active, _ view: Recipe.View) -> [String] {
        var sentences: [String] = []
        if let lesson = active.model.lesson {
            sentences.append(
                "what \(lesson.parts.count) parts of the line taught the model: its shots alone make the one there")
        }
        if !view.setAside.isEmpty {
            sentences.append("shots that a roll-back had set aside: \(view.setAside.count)")
        }
        return sentences
    }

    func bytes(of member: RecipeManifest.Member) throws -> [UInt8] {
        if let bytes = documents[member.name] { return bytes }
        guard let shot = shots[member.name] else { preconditionFailure("an export without \(member.name)") }
        return try recipe.bytes(of: shot)
    }
}

extension Recipe {
    /// What there is to export, of one moment: the model in use, the very shots that it was fitted from, its golden picture's file.
    fileprivate func exportable() throws -> (View, Active, golden: [UInt8]) {
        try change.withLock { _ in
            let (view, active) = (view, try inUse())
            func refuse(_ reason: String) -> StoreError { .notExportable(name, reason: reason) }
            if let reason = active.withheld { throw refuse(reason.detail) }
            guard active.commission == nil else {
                throw refuse("it is being commissioned: accept its limit or end that with `fsacctl commission`")
            }
            // Also after a roll-back: what the file says has to come of its shots and settings.
            guard Set(view.normals.map(\.sha256)) == Set(active.summary.shots) else {
                throw refuse("the model in use was fitted from other shots: fit it with `fsacctl refit`")
            }
            if let difference = view.kind.difference(from: active.summary.kind) {
                throw refuse("the model in use was fitted with \(difference): fit it with `fsacctl refit`")
            }
            let anew = "fit anew with `fsacctl refit`"
            guard let golden = active.model.golden else { throw refuse("its model has no golden picture: \(anew)") }
            let path = "\(store.folder(of: active.generation))/\(FittedModel.goldenName)"
            let bytes = try store.disk.read(path)
            guard try Golden(bytes: bytes, file: path) == golden else {
                throw refuse("\(path): changed since it was read: \(anew)")
            }
            return (view, active, bytes)
        }
    }
}

extension RecipeManifest.Model {
    fileprivate init(_ active: Recipe.Active) {
        self.init(
            generation: active.generation, fittedLimit: active.summary.limit, evidence: active.summary.evidence,
            choice: active.summary.choice ?? [], limit: active.limit, limitBy: active.limitBy,
            taughtBy: active.model.lesson?.parts.count,
            needsPictureSize: active.model.frame != nil || active.model.partFrame != nil)
    }
}
