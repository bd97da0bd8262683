import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore

extension ControlRoutes {
    func addNormalRoutes(to router: Router<ControlContext>) {
        router.get("\(ControlPath.normals)") { _, _ in try Response.json(normals()) }
        router.get("\(ControlPath.normals)/:sha256", use: show)
        router.delete("\(ControlPath.normals)/:sha256", use: remove)
        router.post("\(ControlPath.normals)", use: add)
        router.post("\(ControlPath.normalsFromVerdict)", use: addFromVerdict)
    }

    private func normals() -> NormalsReply {
        let view = recipe.view
        let fitted = Set(view.active?.summary.shots ?? [])
        return NormalsReply(
            recipe: recipe.name,
            normals: view.normals.map { NormalReply($0, isFitted: fitted.contains($0.sha256)) })
    }

    /// The picture itself, byte for byte.
    @Sendable private func show(_ request: Request, _ context: ControlContext) async throws -> Response {
        let name = try context.parameters.require("sha256")
        let (normal, bytes) = try await blocking {
            let normal = try recipe.normal(named: name)
            return (normal, try recipe.bytes(of: normal))
        }
        return .picture(bytes, fileExtension: normal.fileExtension)
    }

    @Sendable private func remove(_ request: Request, _ context: ControlContext) async throws -> Response {
        let name = try context.parameters.require("sha256")
        let refits = try request.flag("refit", default: true)
        let removed = try await blocking { try recipe.removeNormal(name) }
        return try .json(RemoveNormalReply(removed: removed.sha256, fit: refits ? refit.request() : nil))
    }

    @Sendable private func add(_ request: Request, _ context: ControlContext) async throws -> Response {
        guard request.headers[.contentType]?.lowercased().hasPrefix("image/") == true else {
            throw ControlError(
                code: .unsupportedType, message: "normals: content-type: expected image/jpeg or image/png")
        }
        let body = try await request.wholeBody(upTo: ControlLimits.imageBytes)
        return try await add([UInt8](body.readableBytesView), as: request)
    }

    @Sendable private func addFromVerdict(_ request: Request, _ context: ControlContext) async throws -> Response {
        let sequence = try await request.decoded(FromVerdictRequest.self).seq
        let picture = try await feed.picture(of: sequence, kind: .image)
        return try await add(picture.bytes, as: request)
    }

    /// Checks everything before anything is stored: a picture that is refused has changed nothing.
    private func add(_ bytes: [UInt8], as request: Request) async throws -> Response {
        let isDryRun = try request.flag("dry_run", default: false)
        let refits = try request.flag("refit", default: true)
        let (outcome, normal) = try await blocking { () -> (AddNormalReply.Outcome, StoredNormal) in
            let fileExtension = try ShotPicture(checking: bytes).fileExtension
            let (sha256, isKnown) = recipe.find(bytes)
            if isDryRun {
                return (
                    isKnown ? .duplicate : .acceptable,
                    StoredNormal(sha256: sha256, fileExtension: fileExtension, byteCount: bytes.count)
                )
            }
            let (normal, isNew) = try recipe.addNormal(bytes, fileExtension: fileExtension)
            return (isNew ? .added : .duplicate, normal)
        }
        let view = recipe.view
        // A repeat after an answer that got lost also makes up for a fit that was never asked for.
        let fit = refits && !isDryRun && (outcome == .added || view.isFitDue) ? refit.request() : nil
        return try .json(
            AddNormalReply(
                outcome: outcome,
                normal: NormalReply(
                    normal, isFitted: view.active?.summary.shots.contains(normal.sha256) ?? false),
                fit: fit),
            status: outcome == .added ? .created : .ok)
    }
}

extension NormalReply {
    init(_ normal: StoredNormal, isFitted: Bool) {
        self.init(
            sha256: normal.sha256, format: normal.fileExtension == "png" ? "png" : "jpeg", bytes: normal.byteCount,
            fitted: isFitted)
    }
}

extension Response {
    static func picture(_ bytes: [UInt8], fileExtension: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: fileExtension == "png" ? "image/png" : "image/jpeg"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
