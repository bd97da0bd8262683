import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore
import Platform
import RecipeFile

/// Recipes to other stations and from them.
extension ControlRoutes {
    var transferRoutes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.recipeExport, parameters: ["recipe"], answer: export),
            ControlRoute(.post, ControlPath.recipeImports, ImportRecipeRequest.self) { request, wanted in
                let reply = try await WorkLane.slow.run { try imports.begin(wanted, by: request.author) }
                return try Response.json(reply, status: .accepted)
            },
            ControlRoute(.get, "\(ControlPath.recipeImports)/:import") { request in
                try Response.json(imports.reply(number(request)))
            },
            .withPiece(.post, "\(ControlPath.recipeImports)/:import", parameters: ["offset"]) { request in
                let number = try number(request)
                guard let offset: Int = try request.query.number("offset") else {
                    throw ControlError.invalidRequest("import: no offset: expected where in the file the bytes are")
                }
                return try Response.json(
                    await WorkLane.slow.run {
                        try imports.take(number, at: offset, [UInt8](request.body.readableBytesView))
                    })
            },
            ControlRoute(.delete, "\(ControlPath.recipeImports)/:import") { request in
                let number = try number(request)
                return try Response.json(await WorkLane.slow.run { try imports.cancel(number) })
            },
        ]
    }

    private func number(_ request: ControlRequest) throws(ControlError) -> UInt64 {
        let text = request.placeholder("import")
        guard let number = UInt64(text) else {
            throw .invalidRequest("import: '\(text.prefix(40))': expected a number")
        }
        return number
    }

    /// The file. What it is made of is read before the answer begins, and a shot at a time again while it is sent.
    @Sendable private func export(_ request: ControlRequest) async throws -> Response {
        let entry = try entry(request)
        let (export, start) = try await WorkLane.slow.run {
            let origin = RecipeManifest.Origin(
                station: station, version: FsacVersion.text, time: WallTime.now.rfc3339, user: request.author.user)
            let export = try RecipeExport(entry, origin: origin)
            return (export, try RecipeFileWriter.start(export.manifest))
        }
        return Response(
            status: .ok, headers: [.contentType: "application/x-tar"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(bytes: start))
                for member in export.manifest.members {
                    let section = try await WorkLane.slow.run {
                        RecipeFileWriter.section(member, try export.bytes(of: member))
                    }
                    try await writer.write(ByteBuffer(bytes: section))
                }
                try await writer.write(ByteBuffer(bytes: RecipeFileWriter.end))
                try await writer.finish(nil)
            })
    }
}
