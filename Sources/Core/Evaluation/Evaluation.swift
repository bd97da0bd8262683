/// Everything that one call of `fsacctl evaluate` found out.
package struct Evaluation: Sendable, Encodable {
    /// The backbone, with the input size that was asked for or is its default; each run has the one that its fit used.
    package let backbone: BackboneIdentity
    package let settings: MethodSettings
    package let threads: Int
    /// Which of the test pictures were taken.
    package let draw: PictureDraw?
    package let results: [ShotEvaluation]

    package init(
        backbone: BackboneIdentity, settings: MethodSettings, threads: Int, draw: PictureDraw?,
        results: [ShotEvaluation]
    ) {
        self.backbone = backbone
        self.settings = settings
        self.threads = threads
        self.draw = draw
        self.results = results
    }

    /// What was measured, in words.
    package var title: String {
        let size = settings.inputSize.map { " at \($0)" } ?? ""
        let layers = settings.layers.map(String.init).joined(separator: ", ")
        let named = settings.layers.isEmpty ? "" : ", layer\(settings.layers.count == 1 ? "" : "s") \(layers)"
        let precision = backbone.precision.map { " in \($0.rawValue)" } ?? ""
        return "\(backbone.name)\(size)\(precision), \(settings.method.name)\(named)"
    }

    /// The means over the data sets, one a number of shots.
    package var means: [MeanEvaluation] {
        var shotCounts: [Int] = []
        for result in results where !shotCounts.contains(result.shots) { shotCounts.append(result.shots) }
        return shotCounts.map { shots in
            MeanEvaluation(shots: shots, of: results.filter { $0.shots == shots })
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(backbone, forKey: .backbone)
        try container.encode(settings.method.name, forKey: .method)
        try container.encode(settings, forKey: .settings)
        try container.encode(threads, forKey: .threads)
        try container.encode(draw, forKey: .draw)
        try container.encode(results, forKey: .results)
        try container.encode(means, forKey: .mean)
    }

    enum CodingKeys: String, CodingKey {
        case backbone, method, settings, threads, results, mean
        case draw = "pictures"
    }
}

/// The mean over data sets with the same number of shots.
package struct MeanEvaluation: Sendable, Encodable {
    package let shots: Int
    /// Names of the data sets.
    package let sets: [String]
    /// Mean of the data sets' means.
    package let mean: EvaluationFigures
    /// Mean of the data sets' deviations over the seeds: what another choice of shots changes.
    package let deviation: EvaluationFigures

    init(shots: Int, of results: [ShotEvaluation]) {
        self.shots = shots
        sets = results.map(\.set)
        mean = .mean(of: results.map(\.mean))
        deviation = .mean(of: results.map(\.deviation))
    }

    package func encode(to encoder: any Encoder) throws {
        try mean.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(shots, forKey: .shots)
        try container.encode(sets, forKey: .sets)
        try container.encode(deviation, forKey: .deviation)
    }

    enum CodingKeys: String, CodingKey {
        case shots, sets
        case deviation = "std"
    }
}
