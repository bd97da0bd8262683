// N patches, C feature width.

/// A patch memory whose distances count as far as a trained head finds a patch anomalous: CLIP-FSAC++'s modules on patches.
package struct FSACMethod: Method {
    package var rotations = 8
    package var coresetBudget = 4096
    /// What a fit may cost, in seconds of two slow cores.
    package var fitBudget = 20.0

    package init() {}

    package static let about = MethodDescription(
        name: "fsac", summary: "patch-memory, weighed by a head that is trained on synthetic anomalies",
        reference: "the trained modules of Zuo et al., CLIP-FSAC++, 2024")
    package static let headers: [any ScorerHeader.Type] = [FSACScorer.Header.self, PatchMemory.Header.self]
    package static let options: [MethodOption<Self>] = [
        .rotations(\.rotations), .coresetBudget(\.coresetBudget), .fitBudget(\.fitBudget),
    ]

    package func plan(shotCount: Int) -> FitPlan {
        FitPlan(seconds: fitBudget, rotations: rotations, shotCount: shotCount)
    }
    package func fit(_ setup: FitSetup) -> any ScorerFit { FSACFit(self, shotCount: setup.shotCount) }
}

/// A patch memory and a head that was trained to tell the shots' patches from synthetic anomalies: a patch's score is its distance
/// times the probability that the head gives it.
///
/// The distance says how far a patch is from all that is known, the head which differences are like a defect's.
package struct FSACScorer: Scorer {
    let memory: PatchMemory
    let head: FSACHead

    package var featureWidth: Int { memory.featureWidth }

    package func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        let distances = memory.score(features, counting: mask, parallelism).values
        let probabilities = head.probabilities(of: features.rows, parallelism)
        let values = zip(distances, probabilities).map { $0 * $1 }
        let counted = mask.patches.map { values[$0] }
        return ScoreMap(
            grid: features.grid, values: values,
            imageScore: Aggregation.topPercent.score(of: counted))
    }
}

/// Trains a head anew for every scorer that is asked for, so that a shot that is left out is unknown to it, too.
struct FSACFit: ScorerFit {
    private var memory: PatchMemoryFit
    private var shots: [ShotFeatures] = []

    init(_ method: FSACMethod, shotCount: Int) {
        var settings = PatchMemorySettings()
        settings.coresetBudget = method.coresetBudget
        memory = PatchMemoryFit(settings, shotCount: shotCount)
    }

    mutating func add(_ shot: ShotFeatures) {
        memory.add(shot)
        shots.append(shot)
    }

    func scorer(leavingOut left: Set<Int>, _ parallelism: Parallelism) -> any Scorer {
        let memory = memory.memory(leavingOut: left, isFast: left.isEmpty)
        guard let head = head(leavingOut: left, parallelism) else { return memory }
        return FSACScorer(memory: memory, head: head)
    }

    /// Nil when no anomaly touches a patch that counts.
    private func head(leavingOut left: Set<Int>, _ parallelism: Parallelism) -> FSACHead? {
        let known = shots.indices.filter { !left.contains($0) }.map { shots[$0] }
        let normal = known.flatMap { [$0.own] + $0.turned }.map { $0.mask.rows(of: $0.features.rows) }
        var anomalous: [Matrix] = []
        var labels: [Float] = []
        for anomaly in known.flatMap(\.anomalies) {
            let touched = anomaly.view.mask.patches.filter { anomaly.labels[$0] > 0 }
            guard !touched.isEmpty else { continue }
            anomalous.append(anomaly.view.features.rows.rows(touched))
            labels += touched.map { anomaly.labels[$0] }
        }
        guard !anomalous.isEmpty else { return nil }
        do throws(FitError) {
            return try FSACHead.train(
                normal: Matrix(joiningRows: normal), anomalous: Matrix(joiningRows: anomalous), labels: labels, seed: 0,
                parallelism: parallelism)
        } catch {
            preconditionFailure("fsac: default settings, not cancelled: \(error)")
        }
    }
}

extension FSACScorer {
    package struct Header: ScorerHeader {
        package static let kind = "fsac"
        let memory: PatchMemory.Header
        let head: FSACSettings

        package func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer {
            try FSACScorer(self, tensors)
        }
    }

    private static let headPrefix = "head."

    package var stored: StoredScorer {
        var tensors = memory.stored.tensors
        for (name, tensor) in head.tensors { tensors[Self.headPrefix + name] = tensor }
        return StoredScorer(
            header: Header(memory: memory.header, head: head.settings), tensors: tensors)
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        memory = try PatchMemory(header.memory, tensors)
        var own: [String: Tensor] = [:]
        for (name, tensor) in tensors where name.hasPrefix(Self.headPrefix) {
            own[String(name.dropFirst(Self.headPrefix.count))] = tensor
        }
        head = try FSACHead(settings: header.head, tensors: own)
        guard head.featureWidth == memory.featureWidth else {
            throw DamagedSection(section: "head", expected: "width \(memory.featureWidth)", got: "\(head.featureWidth)")
        }
    }
}
