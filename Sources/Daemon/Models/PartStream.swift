import Core
package import Logging
package import Platform
import ServiceLifecycle

/// A part that could be kept, on its way from the inspection.
struct PartOffer: Sendable {
    let recipe: String
    let generation: Int
    /// Of its verdict.
    let number: UInt64
    /// Computes; nil when it is nothing to learn from.
    let part: @Sendable () -> StreamPart?
}

/// Keeps what a model can learn from of recent parts, beside the line, on a thread of low priority: the first ones that a
/// generation judged (`teach_parts`), or those of a commissioning. No more than ``StreamLimits`` says, and no pictures.
///
/// Nothing is learnt here: `fsacctl teach` proposes, and a person accepts. A part that comes while another is being written is
/// not kept; the next one is. Parts of another generation than the newest one that was offered are removed.
package final class PartStream: Service, HealthSource {
    private struct Kept {
        let generation: Int
        /// Numbers of the parts, and bytes of their files.
        var numbers: Set<UInt64> = []
        var bytes = 0
        /// One more part as large as those that are there has no room.
        var isFull: Bool { !numbers.isEmpty && bytes + bytes / numbers.count > StreamLimits.bytes }
    }

    private struct State {
        /// By recipe; nil of one that nobody has looked at yet.
        var kept: [String: Kept] = [:]
        /// At most one.
        var offer: PartOffer?
        var isBusy = false
        /// Why the newest part was not kept; nil while they are.
        var failure: String?
        var isClosed = false
    }

    private let stateDirectory: String
    private let disk: Disk
    private let minFreeBytes: Int
    private let logger: Logger
    private let state = Monitor(State())

    /// - Parameter minFreeBytes: of the disk, that stay free.
    package init(stateDirectory: String, minFreeBytes: Int = 0, disk: Disk = Disk(), logger: Logger) {
        self.stateDirectory = stateDirectory
        self.minFreeBytes = minFreeBytes
        self.disk = disk
        self.logger = logger
    }

    // MARK: On the inspection thread

    /// Whether one more part of a generation would be kept. Never waits.
    ///
    /// - Parameter wanted: parts to keep, at most.
    func wants(_ recipe: String, generation: Int, upTo wanted: Int) -> Bool {
        state.read { state in
            guard !state.isClosed, !state.isBusy, state.offer == nil else { return false }
            guard let kept = state.kept[recipe], kept.generation == generation else { return true }
            return kept.numbers.count < min(wanted, StreamLimits.parts) && !kept.isFull
        }
    }

    /// Never waits.
    func offer(_ offer: PartOffer) {
        state.withLock { state in
            if !state.isClosed, !state.isBusy, state.offer == nil { state.offer = offer }
        }
    }

    // MARK: Beside the line

    /// How many parts of a generation are kept.
    package func count(_ recipe: String, generation: Int) -> Int {
        state.read { state in
            state.kept[recipe].map { $0.generation == generation ? $0.numbers.count : 0 } ?? 0
        }
    }

    /// The kept parts of a generation. Blocks on the disk.
    ///
    /// - Returns: also what was wrong with those that were damaged, which are removed, a line each.
    func parts(of recipe: String, generation: Int) throws(DiskError) -> (parts: [StreamPart], damaged: [String]) {
        let found = try shelf(recipe).parts(of: generation)
        for line in found.damaged {
            logger.warning("a kept part is left out", metadata: ["recipe": "\(recipe)", "error": "\(line)"])
        }
        if !found.damaged.isEmpty { try look(recipe, generation) }
        return found
    }

    /// Removes the kept parts of a recipe. Blocks on the disk.
    func clear(_ recipe: String) throws(DiskError) {
        try shelf(recipe).clear(but: nil)
        state.withLock { $0.kept[recipe] = nil }
    }

    /// Finds out what is kept of the recipes' generations in use. Blocks on the disk.
    private func look(_ recipe: String, _ generation: Int) throws(DiskError) {
        let shelf = shelf(recipe)
        var kept = Kept(generation: generation)
        for name in try shelf.names() where name.generation == generation {
            kept.numbers.insert(name.number)
            kept.bytes += try shelf.byteCount(of: name)
        }
        state.withLock { [kept] in $0.kept[recipe] = kept }
    }

    /// To be called at the start. Blocks on the disk.
    package func expect(_ recipe: String, generation: Int) {
        do throws(DiskError) {
            // What is left of another one would come on top.
            try shelf(recipe).clear(but: generation)
            try look(recipe, generation)
        } catch {
            logger.warning("kept parts cannot be listed", metadata: ["recipe": "\(recipe)", "error": "\(error)"])
        }
    }

    private func shelf(_ recipe: String) -> PartShelf {
        PartShelf(stateDirectory: stateDirectory, recipe: recipe, disk: disk)
    }

    /// Warnings only: parts are judged all the same.
    package var findings: [Finding] {
        state.read(\.failure).map { [Finding(warning: "teaching", "parts are not kept: \($0)")] } ?? []
    }

    /// Keeps parts until the shutdown.
    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-stream", niceness: 10) { [self] in
                while let offer = next() {
                    keep(offer)
                    state.withLock { $0.isBusy = false }
                }
            }
        } onGracefulShutdown: {
            self.state.withLock { $0.isClosed = true }
        }
    }

    private func next() -> PartOffer? {
        let next = state.wait { state -> PartOffer?? in
            if let offer = state.offer {
                (state.offer, state.isBusy) = (nil, true)
                return offer
            }
            return state.isClosed ? .some(nil) : nil
        }
        return next ?? nil
    }

    private func keep(_ offer: PartOffer) {
        do throws(DiskError) {
            let shelf = shelf(offer.recipe)
            if state.read({ $0.kept[offer.recipe]?.generation }) != offer.generation {
                // What another generation saw says nothing of this one.
                try shelf.clear(but: offer.generation)
                try look(offer.recipe, offer.generation)
            }
            guard let part = offer.part() else { return }
            if try disk.freeBytes(at: stateDirectory) < UInt64(minFreeBytes) {
                return fail("less than min_free_bytes = \(minFreeBytes) would be left")
            }
            let bytes = part.bytes
            guard fits(bytes.count, offer.recipe) else { return }
            try shelf.keep(bytes, as: PartShelf.Name(generation: offer.generation, number: offer.number))
            state.withLock { state in
                state.kept[offer.recipe]?.numbers.insert(offer.number)
                state.kept[offer.recipe]?.bytes += bytes.count
                state.failure = nil
            }
        } catch {
            fail("\(error)")
        }
    }

    private func fits(_ count: Int, _ recipe: String) -> Bool {
        state.read { ($0.kept[recipe]?.bytes ?? 0) + count <= StreamLimits.bytes }
    }

    /// Logs changes, not each failure.
    private func fail(_ reason: String) {
        let isNew = state.withLock { state in
            defer { state.failure = reason }
            return state.failure == nil
        }
        if isNew { logger.warning("parts for teaching are not kept", metadata: ["reason": "\(reason)"]) }
    }
}
