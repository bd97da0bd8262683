import Core
import Platform

extension RecipeStore {
    /// Older generations that stay beside the one in use.
    static let olderGenerationsKept = 2
    /// Of a generation's folder.
    static let modelDocument = FittedModel.documentName

    private var currentPath: String { path(Self.currentName) }

    /// Numbers of the generations on disk, newest first.
    func generations() throws(DiskError) -> [Int] {
        try disk.names(in: modelsFolder).compactMap { CurrentGeneration.number($0) }.sorted(by: >)
    }

    /// Nil before the first fit.
    ///
    /// - Parameter generations: that there are.
    /// - Throws: also when it is not there and could have named one or the other of several.
    func current(of generations: [Int]) throws(DocumentError) -> CurrentGeneration? {
        if let bytes = try documents.bytes(of: currentPath) { return try CurrentGeneration(bytes, path: currentPath) }
        // One alone is the first fit, whose last step was cut off.
        guard generations.count < 2 else {
            throw .missing(path: currentPath, reason: "there are generations \(generations)")
        }
        return nil
    }

    func folder(of generation: Int) -> String { "\(modelsFolder)/\(generation)" }

    func load(_ generation: Int) throws(StoreError) -> FittedModel {
        do {
            return try FittedModel.load(from: folder(of: generation)) { documents.isTakenOver($0) }
        } catch {
            throw .generationUnreadable(generation, reason: "\(error)")
        }
    }

    /// Makes a new generation out of what `write` puts into the folder it is given, and names it as current.
    ///
    /// - Parameter current: so far; nil = none, or nobody knows.
    func install(
        after current: CurrentGeneration?, _ write: (_ folder: String) throws -> Void
    ) throws -> CurrentGeneration {
        // Never a number that was there: after a roll-back the newest stays, and is not overwritten.
        let generation = (try generations().first ?? 0) + 1
        let temporary = "\(modelsFolder)/\(ReplacementFile.temporaryPrefix)\(generation)"
        try disk.discard(temporary)
        try disk.createFolder(temporary)
        try write(temporary)
        try disk.syncContents(of: temporary)
        try disk.move(temporary, to: folder(of: generation))
        var new = current?.next(generation) ?? CurrentGeneration(generation: generation)
        new.shotsAtRollback = nil
        // Last. When it fails, the generation is there and counts at the next start: newer than `current`, and nobody
        // went back.
        try select(new)
        return new
    }

    func select(_ current: CurrentGeneration) throws { try documents.write(current, to: currentPath) }

    /// Removes generations older than the current one, save two: first of those that are known to be good, the newest first.
    func prune(_ current: CurrentGeneration) throws(DiskError) {
        let older = try generations().filter { $0 < current.generation }
        let kept = (older.filter(current.before.contains) + older.filter { !current.before.contains($0) })
            .prefix(Self.olderGenerationsKept)
        for old in older where !kept.contains(old) {
            // Renamed first, so that a half-removed generation is never taken for a whole one.
            let doomed = "\(modelsFolder)/\(ReplacementFile.temporaryPrefix)\(old)"
            try disk.discard(doomed)
            try disk.move(folder(of: old), to: doomed)
            try disk.discard(doomed)
        }
    }
}
