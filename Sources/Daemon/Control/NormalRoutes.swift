import ControlProtocol
import Core
import HTTPTypes
import Hummingbird
import NIOCore
import Platform
import Settings

extension ControlRoutes {
    func addNormalRoutes(to router: Router<ControlContext>) {
        router.get("\(ControlPath.normals)") { request, _ in try Response.json(normals(entry(request).recipe)) }
        router.get("\(ControlPath.normals)/:sha256", use: show)
        router.delete("\(ControlPath.normals)/:sha256", use: remove)
        router.post("\(ControlPath.normals)") { request, _ in
            try Response.json(shots.start(await order(request)), status: .accepted)
        }
        router.get("\(ControlPath.normalsOperations)") { _, _ in try operation(nil) }
        router.get("\(ControlPath.normalsOperations)/:operation") { _, context in
            let text = try context.parameters.require("operation")
            guard let number = UInt64(text) else {
                throw ControlError.invalidRequest("normals: operation '\(text)': expected a number")
            }
            return try operation(number)
        }
    }

    private func operation(_ number: UInt64?) throws -> Response {
        guard let reply = shots.reply(number) else {
            throw ControlError.notFound(
                "normals: no operation" + (number.map { " \($0), or it is forgotten" } ?? " yet"))
        }
        return try .json(reply)
    }

    private func normals(_ recipe: Recipe) -> NormalsReply {
        let view = recipe.view
        let fitted = Set(view.active?.summary.shots ?? [])
        return NormalsReply(
            recipe: recipe.name,
            normals: view.normals.map { NormalReply($0, isFitted: fitted.contains($0.sha256)) })
    }

    /// The picture itself, byte for byte.
    @Sendable private func show(_ request: Request, _ context: ControlContext) async throws -> Response {
        let recipe = try entry(request).recipe
        let name = try context.parameters.require("sha256")
        let (normal, bytes) = try await WorkLane.slow.run {
            let normal = try recipe.normal(named: name)
            return (normal, try recipe.bytes(of: normal))
        }
        return .picture(bytes, fileExtension: normal.fileExtension)
    }

    @Sendable private func remove(_ request: Request, _ context: ControlContext) async throws -> Response {
        let recipe = try entry(request).recipe
        let name = try context.parameters.require("sha256")
        let refits = try request.flag("refit", default: true)
        let removed = try await WorkLane.slow.run { try recipe.removeNormal(name) }
        return try .json(
            RemoveNormalReply(removed: removed.sha256, fit: refits ? refit.request(recipe.name) : nil))
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
