import ControlProtocol
import Hummingbird
import Platform
import Settings

extension ControlRoutes {
    var recipeRoutes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.recipes) { _ in
                try Response.json(RecipesReply(recipes: await recipes(line.cameraReadings)))
            },
            ControlRoute(.post, ControlPath.recipeCopy, CopyRecipeRequest.self) { request, wanted in
                let copy = try await WorkLane.slow.run {
                    try events.record(by: request.author) {
                        Change(.recipeCopy, recipe: wanted.from, after: ["recipe": .text(wanted.to)])
                    } _: {
                        try book.copy(wanted.from, to: wanted.to)
                    }
                }
                return try Response.json(RecipeReply(copy, refit, cameras: []), status: .created)
            },
            ControlRoute(.post, ControlPath.recipeUse, UseRecipeRequest.self) { request, wanted in
                let camera = try line.cameraName(wanted.camera)
                let entry = try await WorkLane.slow.run {
                    try events.record(by: request.author) {
                        let inUse = line.cameraReadings.first { $0.name == camera }?.recipe
                        return Change(
                            .recipeUse, recipe: wanted.recipe, camera: camera,
                            before: inUse.map { ["recipe": .text($0)] } ?? [:], after: ["recipe": .text(wanted.recipe)])
                    } _: {
                        try use(wanted.recipe, for: camera)
                    }
                }
                let readings = line.cameraReadings
                var reply = RecipeReply(entry, refit, cameras: users(of: entry.name, readings))
                reply.waiting = readings.first { $0.name == camera }?.waiting.flatMap { $0 > 0 ? $0 : nil }
                return try Response.json(reply)
            },
        ]
    }

    private func use(_ name: String, for camera: String) throws -> RecipeBook.Entry {
        _ = try book.entry(name)
        if line.cameraReadings.contains(where: { $0.name == camera && $0.recipe != name }) {
            try line.keepBacklog(of: camera)
        }
        // First on disk: a choice that was answered outlives a power cut.
        try book.remember(name, for: camera)
        var entry = try book.entry(name)
        try line.use(entry.line, for: camera)
        // A reload may have given it other settings in the meantime.
        while case let new = try book.entry(name), new.line.models !== entry.line.models {
            entry = new
            try line.use(entry.line, for: camera)
        }
        return entry
    }

    /// - Parameter cameras: as they were read before, so that one answer fits together.
    func recipes(_ cameras: [CameraReply]) async throws -> [RecipeReply] {
        var replies: [RecipeReply] = []
        // Only a recipe that is being commissioned needs the journal.
        for entry in book.entries {
            var reply = RecipeReply(entry, refit, cameras: users(of: entry.name, cameras))
            if entry.recipe.view.active?.commission != nil {
                // Status asks, too: it does not wait behind scores.
                reply.commission = try await WorkLane.quick.run { try commission(entry) }
            }
            reply.teach = teaching.summary(entry)
            replies.append(reply)
        }
        return replies
    }

    /// The recipe that a request names, else the one in use.
    ///
    /// - Parameter camera: by which; nil = by all of them.
    func entry(_ request: ControlRequest, camera: String? = nil) throws -> RecipeBook.Entry {
        if let name = request.query.text("recipe") { return try book.entry(name) }
        // What is in use is asked of the line and not of the book: a camera may still run by a recipe that was just
        // replaced.
        let names = Set(line.cameraReadings.filter { $0.name == camera ?? $0.name }.map(\.recipe))
        guard let name = names.first, names.count == 1 else { throw StoreError.severalRecipes(names.sorted()) }
        return try book.entry(name)
    }

    private func users(of recipeName: String, _ cameras: [CameraReply]) -> [String] {
        cameras.filter { $0.recipe == recipeName }.map(\.name)
    }
}

extension RecipeReply {
    init(_ entry: RecipeBook.Entry, _ refit: RefitService, cameras: [String]) {
        let view = entry.recipe.view
        self.init(
            name: entry.name, settingsFrom: entry.settings.name, shots: view.normals.count,
            model: view.active.map(GenerationReply.init),
            // Also in the state of its cameras, which may have other worries first.
            hindrance: view.hindrance.map(\.detail), fit: refit.status(of: entry.name), cameras: cameras,
            settingsDigest: entry.settingsDigest, imported: entry.origin == .imported ? true : nil)
    }
}
