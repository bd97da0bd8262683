/// A memory of good patches, freely settable.
package struct PatchMemoryMethod: Method {
    package var localAveraging = true
    package var rotations = 8
    package var memory = PatchMemorySettings()

    package init() {}

    package static let about = MethodDescription(
        name: "patch-memory", summary: "distance to the nearest patch of a normal shot, with every setting free")
    package static let headers: [any ScorerHeader.Type] = [PatchMemory.Header.self]
    package static let options: [MethodOption<Self>] = [
        .localAveraging(\.localAveraging), .rotations(\.rotations), .coresetBudget(\.memory.coresetBudget),
        .choice(
            "aggregation", \.memory.aggregation,
            help: "the picture's score: the mean of the highest 1 % of its patches, the highest, or the highest "
                + "re-weighted by how dense the memory is there"),
        .foreground(\.memory.foreground),
    ]

    package func plan(shotCount: Int) -> FitPlan { FitPlan(rotations: rotations) }
    package func fit(_ setup: FitSetup) -> any ScorerFit { PatchMemoryFit(memory, shotCount: setup.shotCount) }
    package func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int { memory.keptBytes(ofShots: count, shape) }
}

/// The patch memory with the settings of PatchCore.
package struct PatchCoreMethod: Method {
    package var memory: PatchMemorySettings

    package init() {
        memory = PatchMemorySettings()
        memory.aggregation = .patchCore
    }

    package static let about = MethodDescription(
        name: "patchcore", summary: "patch-memory with the settings of PatchCore",
        reference: "Roth et al., CVPR 2022, <https://arxiv.org/abs/2106.08265>")
    package static let headers: [any ScorerHeader.Type] = [PatchMemory.Header.self]
    package static let options: [MethodOption<Self>] = [.coresetBudget(\.memory.coresetBudget)]

    package var localAveraging: Bool { true }
    package func fit(_ setup: FitSetup) -> any ScorerFit { PatchMemoryFit(memory, shotCount: setup.shotCount) }
    package func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int { memory.keptBytes(ofShots: count, shape) }
}

/// The patch memory with the settings of AnomalyDINO.
package struct AnomalyDINOMethod: Method {
    package var rotations = 8
    package var memory: PatchMemorySettings

    package init() {
        memory = PatchMemorySettings()
        memory.coresetBudget = 0
        memory.foreground = true
    }

    package static let about = MethodDescription(
        name: "anomalydino", summary: "patch-memory with the settings of AnomalyDINO",
        reference: "Damm et al., WACV 2025, <https://arxiv.org/abs/2405.14529>")
    package static let headers: [any ScorerHeader.Type] = [PatchMemory.Header.self]
    package static let options: [MethodOption<Self>] = [
        .rotations(\.rotations), .coresetBudget(\.memory.coresetBudget), .foreground(\.memory.foreground),
    ]

    package func plan(shotCount: Int) -> FitPlan { FitPlan(rotations: rotations) }
    package func fit(_ setup: FitSetup) -> any ScorerFit { PatchMemoryFit(memory, shotCount: setup.shotCount) }
    package func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int { memory.keptBytes(ofShots: count, shape) }
}
