// N patches, D feature width.

/// How much memory a fit takes, told before it begins.
///
/// It has four pieces: the work on one picture, the features of one shot, what the method keeps of all shots, and features that
/// are kept to save time, as many as there is room for (``ShotSource``).
struct FitMemory {
    /// Pictures that are decoded, the network's scratch, and what is copied while models are compared. Measured
    /// (docs/performance.md).
    private static let work = 128 << 20
    /// For features that are kept to save time: those of ten shots with all their copies at the default setting, or of fifty alone.
    private static let mostRoom = 384 << 20

    /// That it may take on top of what the process has, in bytes.
    private let budget: Int
    private let shape: ShotShape
    private let method: any Method

    /// - Parameter first: one shot, for all are alike.
    init(budget: Int, _ first: ShotFeatures, _ method: any Method) {
        self.budget = budget
        self.method = method
        shape = ShotShape(first)
    }

    private func needed(_ shotCount: Int) -> Int {
        Self.work + shape.bytes + method.keptBytes(ofShots: shotCount, shape)
    }

    /// - Throws: `tooManyShots`, with the number that fits.
    func check(_ shotCount: Int) throws(FitError) {
        guard needed(shotCount) > budget else { return }
        var (fitting, tooMany) = (0, shotCount)
        while tooMany - fitting > 1 {
            let middle = (fitting + tooMany) / 2
            if needed(middle) <= budget { fitting = middle } else { tooMany = middle }
        }
        throw .tooManyShots(shotCount, needed: needed(shotCount), fitting: fitting, budget: budget)
    }

    /// For features that are kept to save time.
    ///
    /// - Precondition: ``check(_:)`` says that they fit.
    func room(_ shotCount: Int) -> Int { min(budget - needed(shotCount), Self.mostRoom) }

    /// Shots for which there is no room, and those with whose copies there is none.
    func missing(_ shotCount: Int) -> (own: Int, copies: Int) {
        let room = room(shotCount)
        let rest = max(shape.keptBytes - shape.ownBytes, 1)
        return (
            own: max(shotCount - room / max(shape.ownBytes, 1), 0),
            copies: max(shotCount - max(room - shotCount * shape.ownBytes, 0) / rest, 0)
        )
    }
}

/// What a shot's features are, for methods to tell how much they keep of them.
package struct ShotShape: Sendable {
    /// N, of each view.
    package let patches: Int
    /// D, of all layers together.
    package let width: Int
    /// The shot and its turned copies.
    package let views: Int
    /// Of each fine view its tokens, and the width of its stages together.
    let fine: [(tokens: Int, width: Int)]
    /// Of all its views and anomalies together; of what may be kept of them, see ``ShotSource``; of the shot alone.
    package let bytes: Int
    let keptBytes: Int
    let ownBytes: Int

    init(_ shot: ShotFeatures) {
        patches = shot.own.features.grid.count
        width = shot.own.features.rows.columns
        views = 1 + shot.turned.count
        fine = shot.own.features.fine.map { view in
            (view.grid.count, view.stages.reduce(0) { $0 + $1.columns })
        }
        bytes = shot.byteCount
        keptBytes = shot.with([.turned, .made]).byteCount
        ownBytes = shot.with([]).byteCount
    }

    /// So many rows of all columns.
    func bytes(ofRows rows: Int) -> Int { rows * width * MemoryLayout<Float>.stride }

    /// Rows that a memory keeps of so many shots.
    ///
    /// - Parameter budget: 0 keeps all.
    func memoryRows(_ shotCount: Int, budget: Int) -> Int {
        rows(shotCount * patches * views, budget: budget, shotCount)
    }

    /// Memories of all fine views, of so many views of each shot.
    ///
    /// - Parameter budget: 0 keeps all.
    func fineBytes(ofShots shotCount: Int, views: Int, budget: Int) -> Int {
        fine.reduce(0) { sum, view in
            sum + rows(shotCount * views * view.tokens, budget: budget, shotCount) * view.width
                * MemoryLayout<Float>.stride
        }
    }

    private func rows(_ all: Int, budget: Int, _ shotCount: Int) -> Int {
        budget > 0 ? min(all, max(budget, shotCount)) : all
    }
}
