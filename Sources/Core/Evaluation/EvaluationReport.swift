/// One figure of an evaluation; the raw value is its name in JSON.
public enum EvaluationMetric: String, CaseIterable, Sendable {
    case imageAUROC = "i_auroc"
    case imageAUPR = "i_aupr"
    case f1Max = "f1_max"
    case pixelAUROC = "p_auroc"
    case aupro = "aupro"
    /// The score above which a part is NG, from the shots alone.
    case limit = "limit"
    /// Share of good test pictures above the limit.
    case falseRejectRate = "false_reject_rate"
    /// Share of defective test pictures not above the limit.
    case escapeRate = "escape_rate"
    /// From the picture's bytes to its score: decoding, embedding, nearest neighbours.
    case millisecondsPerImage = "ms_per_image"
}

/// Figures by name; one that does not exist (pixels without masks) is null in JSON.
public struct EvaluationFigures: Sendable, Equatable, Encodable {
    private var values: [EvaluationMetric: Double] = [:]

    public init(_ values: [EvaluationMetric: Double?]) {
        for (metric, value) in values { self.values[metric] = value }
    }

    public subscript(metric: EvaluationMetric) -> Double? { values[metric] }

    /// The mean of each figure.
    static func mean(of figures: [EvaluationFigures]) -> EvaluationFigures {
        reduce(figures) { values in values.reduce(0, +) / Double(values.count) }
    }

    /// The deviation of each figure from its mean, as `numpy.std` has it: divided by the number of seeds, 0 for one.
    static func deviation(of figures: [EvaluationFigures]) -> EvaluationFigures {
        reduce(figures) { values in
            let mean = values.reduce(0, +) / Double(values.count)
            return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        }
    }

    private static func reduce(_ figures: [EvaluationFigures], _ combine: ([Double]) -> Double) -> EvaluationFigures {
        var result: [EvaluationMetric: Double?] = [:]
        for metric in EvaluationMetric.allCases {
            let values = figures.compactMap { $0[metric] }
            result[metric] = values.isEmpty ? nil : combine(values)
        }
        return EvaluationFigures(result)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: FigureKey.self)
        for metric in EvaluationMetric.allCases {
            try container.encode(values[metric], forKey: FigureKey(stringValue: metric.rawValue))
        }
    }

    private struct FigureKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// One data set with one number of shots.
public struct ShotEvaluation: Sendable, Encodable {
    public struct Picture: Sendable, Equatable, Encodable {
        /// Folder and file name below `test`.
        public let file: String
        public let defect: String?
        public let score: Float
    }

    /// One seed.
    public struct Run: Sendable, Encodable {
        public let seed: Int
        /// File names of the shots.
        public let shots: [String]
        public let figures: EvaluationFigures
        public let fitSeconds: Double
        /// What the limit rests on.
        public let evidence: CalibrationEvidence
        public let pictures: [Picture]

        public func encode(to encoder: any Encoder) throws {
            try figures.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(seed, forKey: .seed)
            try container.encode(shots, forKey: .shots)
            try container.encode(fitSeconds, forKey: .fitSeconds)
            try container.encode(evidence, forKey: .evidence)
            try container.encode(pictures, forKey: .pictures)
        }

        enum CodingKeys: String, CodingKey {
            case seed, shots, evidence, pictures
            case fitSeconds = "fit_seconds"
        }
    }

    /// The data set's name.
    public let set: String
    public let shots: Int
    public let runs: [Run]

    /// Over the seeds.
    public var mean: EvaluationFigures { .mean(of: runs.map(\.figures)) }
    /// Over the seeds.
    public var deviation: EvaluationFigures { .deviation(of: runs.map(\.figures)) }

    /// The means stand beside `set` and `shots`.
    public func encode(to encoder: any Encoder) throws {
        try mean.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(set, forKey: .set)
        try container.encode(shots, forKey: .shots)
        try container.encode(runs.count, forKey: .seeds)
        try container.encode(deviation, forKey: .deviation)
        try container.encode(runs, forKey: .runs)
    }

    enum CodingKeys: String, CodingKey {
        case set, shots, seeds, runs
        case deviation = "std"
    }
}
