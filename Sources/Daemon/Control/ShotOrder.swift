import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore

/// What a client asks for: pictures that shall become normal shots, and what is done with them.
struct ShotOrder: Sendable {
    enum Source: Sendable {
        case picture([UInt8])
        case verdict(UInt64)
        case camera(String, count: Int)
    }

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
    private static let orderParameters = ["recipe", "dry_run", "refit", "force", "preview"]

    /// Reads and checks everything that can be told without looking at the picture.
    func order(_ request: Request) async throws -> ShotOrder {
        try request.checkParameters(known: Self.orderParameters)
        let parts = try request.number("preview") ?? 0
        guard (0...ControlLimits.previewParts).contains(parts) else {
            throw ControlError.invalidRequest("normals: preview=\(parts): expected 0 to \(ControlLimits.previewParts)")
        }
        let isDryRun = try request.flag("dry_run", default: false)
        let refits = try request.flag("refit", default: true)
        let isForced = try request.flag("force", default: false)
        let source = try await source(request)
        let camera: String? = if case .camera(let name, _) = source { name } else { nil }
        return ShotOrder(
            entry: try entry(request, camera: camera), source: source, isDryRun: isDryRun, refits: refits,
            isForced: isForced, previewParts: parts)
    }

    private func source(_ request: Request) async throws -> ShotOrder.Source {
        let type = request.headers[.contentType]?.lowercased() ?? ""
        if type.hasPrefix("image/") {
            return .picture([UInt8](try await request.wholeBody(upTo: ControlLimits.imageBytes).readableBytesView))
        }
        guard type.hasPrefix("application/json") else {
            throw ControlError(
                code: .unsupportedType,
                message: "normals: content-type: expected image/jpeg or image/png, or application/json")
        }
        switch try await request.decoded(ShotSource.self) {
        case .verdict(let sequence): return .verdict(sequence)
        case .camera(let name, let count): return .camera(try line.cameraName(name), count: count)
        }
    }
}
