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
        router.post("\(ControlPath.normals)", use: add)
        router.post("\(ControlPath.normalsFromVerdict)", use: addFromVerdict)
        router.post("\(ControlPath.normalsFromCamera)", use: addFromCamera)
        router.get("\(ControlPath.normalsPreview)") { _, _ in
            guard let reply = shots.previewReply else {
                throw ControlError.notFound("preview: none has been asked for")
            }
            return try Response.json(reply)
        }
        router.post("\(ControlPath.normalsPreview)", use: preview)
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

    @Sendable private func add(_ request: Request, _ context: ControlContext) async throws -> Response {
        try await add(try await picture(request), as: request)
    }

    private func picture(_ request: Request) async throws -> [UInt8] {
        guard request.headers[.contentType]?.lowercased().hasPrefix("image/") == true else {
            throw ControlError(
                code: .unsupportedType, message: "normals: content-type: expected image/jpeg or image/png")
        }
        let body = try await request.wholeBody(upTo: ControlLimits.imageBytes)
        return [UInt8](body.readableBytesView)
    }

    /// `?seq=N` means the stored picture of that verdict; `?parts=` is how many parts to judge again.
    @Sendable private func preview(_ request: Request, _ context: ControlContext) async throws -> Response {
        let entry = try entry(request)
        let parts = try request.number("parts") ?? 20
        guard (0...1000).contains(parts) else {
            throw ControlError.invalidRequest("preview: parts=\(parts): expected 0 to 1000")
        }
        let sequence: UInt64? = try request.number("seq")
        let bytes =
            if let sequence {
                try await feed.picture(of: sequence, kind: .image).bytes
            } else {
                try await picture(request)
            }
        return try .json(shots.startPreview(bytes, in: entry, parts: parts), status: .accepted)
    }

    @Sendable private func addFromVerdict(_ request: Request, _ context: ControlContext) async throws -> Response {
        let sequence = try await request.decoded(FromVerdictRequest.self).seq
        let picture = try await feed.picture(of: sequence, kind: .image)
        let isForced = try ShotOrder(request).isForced
        try await WorkLane.slow.run { if !isForced { try shots.checkVerdict(sequence) } }
        return try await add(picture.bytes, as: request)
    }

    private func add(_ bytes: [UInt8], as request: Request) async throws -> Response {
        let (entry, order) = (try entry(request), try ShotOrder(request))
        var reply = try await add(bytes, to: entry, order)
        let view = entry.recipe.view
        // A repeat after an answer that got lost also makes up for a fit that was never asked for.
        if order.refits, !order.isDryRun, reply.outcome == .added || view.isFitDue {
            reply.fit = refit.request(entry.name)
        }
        return try .json(reply, status: reply.outcome == .added ? .created : .ok)
    }

    /// The camera's next pictures, checked as files are; those that are refused do not keep the others out.
    @Sendable private func addFromCamera(_ request: Request, _ context: ControlContext) async throws -> Response {
        let order = try ShotOrder(request)
        let wanted = try await request.decoded(FromCameraRequest.self)
        let count = wanted.count ?? 1
        guard (1...ControlLimits.shotsAtOnce).contains(count) else {
            throw ControlError.invalidRequest(
                "normals: count \(count): expected 1 to \(ControlLimits.shotsAtOnce)")
        }
        let camera = try line.cameraName(wanted.camera)
        let entry = try entry(request, camera: camera)
        var replies: [FromCameraReply.Shot] = []
        for picture in try await line.nextPictures(count, of: camera) {
            do {
                let bytes = try await WorkLane.slow.run { try picture.storable(qualityPercent: shotQualityPercent) }
                let added = try await add(bytes, to: entry, order)
                replies.append(FromCameraReply.Shot(added: added, refusal: nil))
            } catch  where error is ImageError || error is ShotRefusal || error is ShotSuspicion {
                let refusal = ErrorReply(code: .imageRefused, message: "\(error)").error
                replies.append(FromCameraReply.Shot(added: nil, refusal: refusal))
            }
        }
        let fits = order.refits && !order.isDryRun && entry.recipe.view.isFitDue
        return try .json(
            FromCameraReply(recipe: entry.name, shots: replies, fit: fits ? refit.request(entry.name) : nil))
    }

    /// Checks everything before anything is stored: a picture that is refused has changed nothing.
    private func add(
        _ bytes: [UInt8], to entry: RecipeBook.Entry, _ order: ShotOrder
    ) async throws -> AddNormalReply {
        let (outcome, normal, score) = try await WorkLane.slow.run { try store(bytes, in: entry, order) }
        let isFitted = entry.recipe.view.active?.summary.shots.contains(normal.sha256) ?? false
        return AddNormalReply(
            outcome: outcome, normal: NormalReply(normal, isFitted: isFitted), score: score, fit: nil)
    }

    private func store(
        _ bytes: [UInt8], in entry: RecipeBook.Entry, _ order: ShotOrder
    ) throws -> (AddNormalReply.Outcome, StoredNormal, score: Float?) {
        let recipe = entry.recipe
        let picture = try ShotPicture(checking: bytes, roi: entry.settings.area.roi)
        let (sha256, isKnown) = recipe.find(bytes)
        let new = StoredNormal(sha256: sha256, fileExtension: picture.fileExtension, byteCount: bytes.count)
        if isKnown { return (.duplicate, new, nil) }
        if !order.isForced, let same = try shots.shot(like: picture.image, in: recipe) {
            return (.duplicate, same, nil)
        }
        let score = try shots.score(bytes, picture.image, in: entry, overrules: order.isForced)
        if order.isDryRun { return (.acceptable, new, score) }
        let (normal, isNew) = try recipe.addNormal(bytes, fileExtension: picture.fileExtension)
        return (isNew ? .added : .duplicate, normal, score)
    }
}

/// What a request for new shots says besides the pictures.
private struct ShotOrder {
    let isDryRun: Bool
    let refits: Bool
    /// A person's word that the part is good counts more than what the picture looks like.
    let isForced: Bool

    init(_ request: Request) throws {
        isDryRun = try request.flag("dry_run", default: false)
        refits = try request.flag("refit", default: true)
        isForced = try request.flag("force", default: false)
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
