internal import Glibc

// T tokens of a view, D feature width of a stage.

/// What `auto` learns for its fine views: the memories, each stage's unit, and how much turned copies count.
struct FineFit {
    /// Memories of a view, of the shots as they are or with their turned copies, and what they say of the shots.
    private struct Look {
        let view: Int
        var memories: FineMemories
        let rotation: FitChoice.Rotation
        /// Of the view.
        let share: Float
        /// One a stage.
        let units: [Float]
    }

    private let views: [FineView]
    /// Rows of each memory; 0 keeps all.
    private let budget: Int
    private let shotCount: Int
    /// One a view, of the shots as they are.
    private var upright: [FineMemories] = []
    /// With their copies, if there are any.
    private var turned: [FineMemories] = []
    /// A shot and its turned copies.
    private var copies = 1
    /// Of an only shot, mild variants that are remembered with it.
    private var variants = 0
    private var looks: [Look] = []
    private var isBegun = false

    init(_ views: [FineView], coresetBudget: Int, shotCount: Int) {
        self.views = views
        budget = FineConstants.budgetFactor * coresetBudget
        self.shotCount = shotCount
        upright = emptyMemories(copies: 1)
    }

    var isEmpty: Bool { views.isEmpty }
    /// Of an only shot, what a part that is as good is compared with: the turned copies, if there are any. Its mild copies are nearer
    /// to it than another part is.
    var leftOutOfOnlyShot: Set<Int> { copies > 1 ? [0, 2] : [0] }
    /// Whether there is more of the picture than the views show.
    var showsPartOnly: Bool { views.contains { !$0.region.isFull } }

    private func emptyMemories(copies: Int) -> [FineMemories] {
        views.map { FineMemories(tokens: shotCount * copies * $0.grid.count, budget: budget) }
    }

    mutating func add(_ shot: ShotFeatures) {
        let own = [shot.own.features.fine].filter { !$0.isEmpty }
        let others = shot.turned.map(\.features.fine).filter { !$0.isEmpty }
        if !isBegun {
            isBegun = true
            // Whether the part is found in this shot or not.
            copies = 1 + (views.contains(where: \.region.isPosed) ? shot.turned.count % 2 : shot.turned.count)
            variants = shot.copies.count
            if copies + variants > 1 { turned = emptyMemories(copies: copies + variants) }
        }
        for view in views.indices { upright[view].add(own.map { $0[view] }, of: shot.number) }
        // An only shot is held against its copies: they are as other shots.
        for pieces in shotCount == 1 ? [own, others, shot.copies] : [own + others] {
            for view in turned.indices { turned[view].add(pieces.map { $0[view] }, of: shot.number) }
        }
    }

    /// - Parameter only: with a single shot, itself.
    mutating func decide(
        _ shots: ShotSource, only: ShotFeatures?, _ parallelism: Parallelism
    ) throws(FitError) {
        for view in views.indices { upright[view].prepareSearch() }
        for view in turned.indices { turned[view].prepareSearch() }
        if let only {
            let memories = turned.isEmpty ? upright : turned
            let units = views.indices.map { self.units(of: only, in: $0, memories[$0], parallelism) }
            looks = looks(memories, units, .init(copies: copies, gain: nil), share: 1)
        } else {
            let units = try heldOut(upright, shots, parallelism)
            guard !turned.isEmpty else {
                looks = looks(upright, units, .init(copies: 1, gain: nil), share: 1)
                return
            }
            let turnedUnits = try heldOut(turned, shots, parallelism)
            // The first view tells for all of them.
            let gains = zip(units[0], turnedUnits[0]).map { Double(logf($0 / $1)) }
            let gain = gains.reduce(0, +) / Double(gains.count)
            let share = FineConstants.turnedShare(gain: gain)
            looks =
                looks(upright, units, .init(copies: 1, gain: gain), share: 1 - share)
                + looks(turned, turnedUnits, .init(copies: copies, gain: gain), share: share)
        }
    }

    private func looks(
        _ memories: [FineMemories], _ units: [[Float]], _ rotation: FitChoice.Rotation, share: Float
    ) -> [Look] {
        guard share > 0 else { return [] }
        return views.indices.map {
            Look(view: $0, memories: memories[$0], rotation: rotation, share: share, units: units[$0])
        }
    }

    /// What was decided, one a look.
    var choices: [FitChoice.Fine] {
        looks.map { look in
            let view = views[look.view]
            return FitChoice.Fine(
                view: look.view, grid: view.grid, rotation: look.rotation, share: look.share / Float(views.count),
                components: zip(view.stages, look.units).map { FitChoice.Component(stage: $0, unit: $1) })
        }
    }

    /// For each look one a stage.
    func components(leavingOut left: Set<Int>) -> [[CombinedScorer.Component]] {
        looks.map { look in
            zip(look.memories.memories(leavingOut: left), zip(views[look.view].stages, look.units)).map {
                memory, stage in
                CombinedScorer.Component(
                    stage: stage.0, columns: 0..<memory.featureWidth, memories: [memory], unit: stage.1)
            }
        }
    }

    /// For each view and stage, how far a good part is that is not remembered: the mean score of the shots, each by a memory of
    /// the others.
    private func heldOut(
        _ memories: [FineMemories], _ shots: ShotSource, _ parallelism: Parallelism
    ) throws(FitError) -> [[Float]] {
        var scores = views.map { $0.stages.map { _ in [Float]() } }
        for number in 0..<shots.count {
            let own = try shots.own(of: number).features.fine
            for (view, patches) in own.enumerated() {
                for (stage, memory) in memories[view].memories(leavingOut: [number]).enumerated() {
                    scores[view][stage].append(Self.score(patches, stage, memory, parallelism))
                }
            }
        }
        return scores.map { $0.map { geometricMean($0) } }
    }

    private static func score(
        _ patches: FinePatches, _ stage: Int, _ memory: PatchMemory, _ parallelism: Parallelism
    ) -> Float {
        let distances = memory.score(patches.features(of: stage), counting: patches.mask, parallelism).values
        return CombinedScorer.top(patches.mask.patches.map { distances[$0] })
    }

    /// The scores of an only shot by its own copies alone.
    private func units(
        of shot: ShotFeatures, in view: Int, _ memories: FineMemories, _ parallelism: Parallelism
    ) -> [Float] {
        let own = shot.own.features.fine[view]
        return memories.memories(leavingOut: [0]).enumerated().map { stage, memory in
            max(Self.score(own, stage, memory, parallelism), .leastNormalMagnitude)
        }
    }
}
