import ControlProtocol
import NIOCore

/// What a client asks for: pictures that shall become normal shots, and what is done with them.
struct ShotOrder: Sendable {
    enum Source: Sendable {
        case picture([UInt8])
        case verdict(UInt64)
        case camera(String, count: Int)

        /// For the event journal.
        var words: String {
            switch self {
            case .picture: "picture"
            case .verdict(let sequence): "verdict \(sequence)"
            case .camera(let name, _): "camera \(name)"
            }
        }
    }

    let author: ChangeAuthor
    let entry: RecipeBook.Entry
    let source: Source
    /// Nothing is stored.
    let isDryRun: Bool
    let refits: Bool
    /// A person's word that the part is good counts more than what the picture looks like.
    let isForced: Bool
    /// How many recent parts are judged again, when there is a single new picture; 0 = no preview.
    let previewParts: Int
}

extension ControlRoutes {
    /// Reads and checks everything that can be told without looking at the picture.
    func order(_ request: ControlRequest) throws -> ShotOrder {
        let parts = try request.query.number("preview") ?? 0
        guard (0...ControlLimits.previewParts).contains(parts) else {
            throw ControlError.invalidRequest("normals: preview=\(parts): expected 0 to \(ControlLimits.previewParts)")
        }
        let isDryRun = try request.query.flag("dry_run", default: false)
        let refits = try request.query.flag("refit", default: true)
        let isForced = try request.query.flag("force", default: false)
        let source = try source(request)
        let camera: String? = if case .camera(let name, _) = source { name } else { nil }
        return ShotOrder(
            author: request.author, entry: try entry(request, camera: camera), source: source, isDryRun: isDryRun,
            refits: refits,
            isForced: isForced, previewParts: parts)
    }

    private func source(_ request: ControlRequest) throws -> ShotOrder.Source {
        if request.contentType.hasPrefix("image/") { return .picture([UInt8](request.body.readableBytesView)) }
        guard request.contentType.hasPrefix("application/json") else {
            throw ControlError(
                code: .unsupportedType,
                message: "normals: content-type: expected image/jpeg or image/png, or application/json")
        }
        switch try request.fields(ShotSource.self) {
        case .verdict(let sequence): return .verdict(sequence)
        case .camera(let name, let count): return .camera(try line.cameraName(name), count: count)
        }
    }
}
