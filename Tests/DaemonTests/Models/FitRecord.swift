import Core
import Daemon
import Glibc
import Synchronization

/// Fits tiny models, and notes how many fits there were at once and how many models there were in memory.
final class FitRecord: Sendable {
    struct Notes {
        /// Models in memory when each fit began.
        var modelsBefore: [Int] = []
        var models = 0
        var running = 0
        var mostRunning = 0
        var heldFrom = Int.max
    }

    private let notes = Mutex(Notes())

    var current: Notes { notes.withLock { $0 } }

    /// Fits from this one on, the first being 1, stay where they are when they have begun; nil lets all go on.
    func hold(from number: Int?) { notes.withLock { $0.heldFrom = number ?? .max } }

    /// - Parameter scored: counts the pictures that the line's model judges.
    func method(scored: Counter = Counter()) -> RecipeMethod {
        var method = RecipeMethod.tiny(limit: 100) { shots, progress, isCancelled in
            try self.fit(shots, progress, isCancelled)
        }
        method.activeModel = { active in
            TestLine.model(generation: active.generation, limit: active.limit) { value in
                scored.add()
                return value
            }
        }
        return method
    }

    private func fit(
        _ shots: [Shot], _ progress: (Double) -> Void, _ isCancelled: () -> Bool
    ) throws -> FittedModel {
        let number = notes.withLock { notes in
            notes.modelsBefore.append(notes.models)
            notes.running += 1
            notes.mostRunning = max(notes.mostRunning, notes.running)
            return notes.modelsBefore.count
        }
        defer { notes.withLock { $0.running -= 1 } }
        progress(0.5)
        while number >= current.heldFrom {
            if isCancelled() { throw FitError.cancelled }
            usleep(1000)
        }
        let model = try FittedModel.tiny(shots: shots.map(\.sha256), limit: 100)
        return FittedModel(
            backbone: model.backbone, settings: model.settings, requested: model.requested, shots: model.shots,
            grid: model.grid, scorer: CountedScorer(base: model.scorer, presence: Presence(self)),
            calibration: model.calibration, frame: nil)
    }

    /// Is there as long as a model is.
    private final class Presence: Sendable {
        let record: FitRecord

        init(_ record: FitRecord) {
            self.record = record
            record.notes.withLock { $0.models += 1 }
        }

        deinit { record.notes.withLock { $0.models -= 1 } }
    }

    private struct CountedScorer: Scorer {
        let base: any Scorer
        let presence: Presence

        var featureWidth: Int { base.featureWidth }
        var stored: StoredScorer { base.stored }

        func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
            base.score(features, counting: mask, parallelism)
        }
    }
}
