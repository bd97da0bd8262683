/// Several patch memories and the picture's texture, set up by what the shots show.
package struct AutoMethod: Method {
    /// Of each shot, at most; of several shots no more than ``mostOfSeveralShots``.
    package var rotations = 12
    /// Of each memory.
    package var coresetBudget = 4096
    /// What a fit may cost, in seconds of two slow cores.
    package var fitBudget = 20.0
    package var views = AutoViews.fine
    /// In milliseconds; 0 is none.
    package var inspectBudget = 0

    package init() {}

    /// Turned copies. Between two of an only shot's lies up to 15 degrees, which is what parts in any direction are told by: 45
    /// degrees from one to the next cost 0.06 on screws (docs/accuracy.md). Several shots show more directions themselves.
    private static let mostOfSeveralShots = 8

    package static let about = MethodDescription(
        name: "auto",
        summary:
            "several patch memories and the picture's texture, set up by what the shots show; what was chosen is in "
            + "model.json")
    package static let headers: [any ScorerHeader.Type] = [CombinedScorer.Header.self]
    package static let needs = MethodNeeds(text: .welcome, stages: true)
    package static let options: [MethodOption<Self>] = [
        .number(
            "rotations", \.rotations, of: [1, 2, 4, 8, 12],
            help:
                "copies of each shot turned by equal steps of a full turn, at most; of several shots at most 8, and fewer when "
                + "they do not come closer by them, or the fit's budget is too small"),
        .number(
            "coreset_budget", \.coresetBudget, in: 0...1_000_000, unit: "patches",
            help: "patches that each of its memories keeps at most, 0 for all"),
        .fitBudget(\.fitBudget),
        .choice(
            "views", \.views, before: .coarse,
            help:
                "what is looked at: the whole picture squashed to its square input, also closer at about 448 x 448 pixels of "
                + "any proportion, for small defects, or closer still; each step takes some four times as long"),
        .number(
            "inspect_budget_ms", \.inspectBudget, in: 0...60_000, unit: "ms", changesScores: false, before: 0,
            help:
                "the time that a frame may take on this machine, 0 for as much as it needs; a fit measures, and where `views` "
                + "would take longer it looks less closely, which finds fewer small defects"),
    ]

    package var fineAreas: [Int] {
        switch views {
        case .coarse: []
        case .fine: Array(FineConstants.areas.prefix(1))
        case .thorough: FineConstants.areas
        }
    }

    package var smallerFineAreas: [[Int]] {
        let smaller = FineConstants.smallerAreas.map { [$0] } + [[]]
        return switch views {
        case .coarse: []
        case .fine: smaller
        case .thorough: [Array(FineConstants.areas.prefix(1))] + smaller
        }
    }

    package var inspectBudgetMs: Int? { inspectBudget > 0 ? inspectBudget : nil }

    package func plan(shotCount: Int) -> FitPlan {
        let most = shotCount == 1 ? rotations : min(rotations, Self.mostOfSeveralShots)
        var plan = FitPlan(seconds: fitBudget, rotations: most, shotCount: shotCount)
        plan.learnsFromAnomalies = false
        // A closer look at a picture takes three times as long, and half as many say nearly as much.
        if views != .coarse { plan.anomalies = min(plan.anomalies, FineConstants.mostAnomalies) }
        return plan
    }
    package func fit(_ setup: FitSetup) -> any ScorerFit { CombinedFit(self, setup) }

    /// Memories of all layers, with and without averaging, and with turned copies beside those without; and of each shot what
    /// tells a texture: no more than some 500 numbers a column.
    package func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int {
        let memories = shape.bytes(ofRows: 2 * shape.memoryRows(count, budget: coresetBudget))
        let fineBudget = FineConstants.budgetFactor * coresetBudget
        // A sixth more, laid out for searching, and as much while they are.
        let fine = [1, shape.views].reduce(0) {
            $0 + shape.fineBytes(ofShots: count, views: $1, budget: fineBudget) * 4 / 3
        }
        return (shape.views > 1 ? 2 : 1) * memories + shape.bytes(ofRows: 64 * count) + fine
    }
}

/// What `auto` looks at.
package enum AutoViews: String, Sendable, CaseIterable {
    case coarse, fine, thorough
}
