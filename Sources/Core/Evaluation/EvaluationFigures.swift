/// One figure of an evaluation; the raw value is its name in JSON.
package enum EvaluationMetric: String, CaseIterable, Sendable {
    case imageAUROC = "i_auroc"
    case imageAUPR = "i_aupr"
    case f1Max = "f1_max"
    case pixelAUROC = "p_auroc"
    case aupro = "aupro"
    /// The score at which a part is rejected, from the shots alone.
    case limit = "limit"
    /// Share of good test pictures at the limit or above.
    case falseRejectRate = "false_reject_rate"
    /// Share of defective test pictures below the limit.
    case escapeRate = "escape_rate"
    /// Mean of the shares of good and of defective test pictures that the limit judges right.
    case balancedAccuracy = "balanced_accuracy"
    /// The same for the limit that suits these test pictures best.
    case bestBalancedAccuracy = "best_balanced_accuracy"
    /// What the automatic limit reaches of what any limit could reach.
    case balancedAccuracyRatio = "balanced_accuracy_ratio"
    /// Of the fit to the shots, with the choice of the limit.
    case fitSeconds = "fit_seconds"
    /// From the picture's bytes to its score: decoding, embedding, scoring.
    case millisecondsPerImage = "ms_per_image"
}

/// Figures by name; one that does not exist (pixels without masks) is null in JSON.
package struct EvaluationFigures: Sendable, Equatable, Codable {
    private var values: [EvaluationMetric: Double] = [:]

    package init(_ values: [EvaluationMetric: Double?]) {
        for (metric, value) in values { self.values[metric] = value }
    }

    package subscript(metric: EvaluationMetric) -> Double? { values[metric] }

    /// The mean of each figure, over those that have it.
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

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: NameKey.self)
        for metric in EvaluationMetric.allCases {
            values[metric] = try container.decodeIfPresent(Double.self, forKey: NameKey(stringValue: metric.rawValue))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NameKey.self)
        for metric in EvaluationMetric.allCases {
            try container.encode(values[metric], forKey: NameKey(stringValue: metric.rawValue))
        }
    }
}
