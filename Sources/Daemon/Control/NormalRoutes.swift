import ControlProtocol
import Core
import HTTPTypes
import Hummingbird
import NIOCore
import Platform
import Settings

extension ControlRoutes {
    var normalRoutes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.normals, parameters: ["recipe"]) { request in
                try Response.json(normals(entry(request).recipe))
            },
            .withPicture(
                .post, ControlPath.normals, parameters: ["recipe", "dry_run", "refit", "force", "preview"]
            ) { request in
                try Response.json(shots.start(await order(request)), status: .accepted)
            },
            ControlRoute(.get, "\(ControlPath.normals)/:sha256", parameters: ["recipe"], answer: show),
            ControlRoute(.delete, "\(ControlPath.normals)/:sha256", parameters: ["recipe", "refit"], answer: remove),
            ControlRoute(
                .post, "\(ControlPath.normals)/:sha256/restore", parameters: ["recipe", "refit"], answer: restore),
            ControlRoute(.get, ControlPath.normalsOperations) { _ in try operation(nil) },
            ControlRoute(.get, "\(ControlPath.normalsOperations)/:operation") { request in
                let text = request.placeholder("operation")
                guard let number = UInt64(text) else {
                    throw ControlError.invalidRequest("normals: operation '\(text.prefix(40))': expected a number")
                }
                return try operation(number)
            },
        ]
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
            normals: view.normals.map { NormalReply($0, isFitted: fitted.contains($0.sha256)) },
            setAside: view.setAside.map { NormalReply($0, isFitted: fitted.contains($0.sha256)) })
    }

    /// The picture itself, byte for byte.
    @Sendable private func show(_ request: ControlRequest) async throws -> Response {
        let recipe = try entry(request).recipe
        let name = request.placeholder("sha256")
        let (normal, bytes) = try await WorkLane.slow.run { try recipe.picture(named: name) }
        return .picture(bytes, fileExtension: normal.fileExtension)
    }

    @Sendable private func remove(_ request: ControlRequest) async throws -> Response {
        let recipe = try entry(request).recipe
        let name = request.placeholder("sha256")
        let refits = try request.query.flag("refit", default: true)
        let (removed, wasInUse) = try await WorkLane.slow.run {
            try events.record(by: request.author) {
                try .shotRemoved(from: recipe, named: name)
            } _: {
                try recipe.removeNormal(name)
            }
        }
        return try .json(
            RemoveNormalReply(removed: removed.sha256, fit: refits && wasInUse ? refit.request(recipe.name) : nil))
    }

    /// Makes a shot that a roll-back set aside a shot again.
    @Sendable private func restore(_ request: ControlRequest) async throws -> Response {
        let recipe = try entry(request).recipe
        let name = request.placeholder("sha256")
        let refits = try request.query.flag("refit", default: true)
        let restored = try await WorkLane.slow.run {
            try events.record(by: request.author) {
                try .shotRestored(in: recipe, named: name)
            } _: {
                try recipe.restoreNormal(name)
            }
        }
        return try .json(
            RestoreNormalReply(restored: restored.sha256, fit: refits ? refit.request(recipe.name) : nil))
    }
}

extension NormalReply {
    init(_ normal: StoredNormal, isFitted: Bool) {
        self.init(
            sha256: normal.sha256, format: ImageFormat(fileExtension: normal.fileExtension).rawValue,
            bytes: normal.byteCount,
            fitted: isFitted)
    }
}

extension Response {
    static func picture(_ bytes: [UInt8], fileExtension: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "image/\(ImageFormat(fileExtension: fileExtension).rawValue)"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
