/// What each figure of a report says, in a sentence for somebody who has to decide whether the method will do.
extension EvaluationMetric {
    package var words: String {
        switch self {
        case .imageAUROC:
            "How often a defective part scores higher than a good one, over all pairs: 1 is always, 0.5 is by chance."
        case .imageAUPR:
            "How pure the pile of highest scores is while it grows until it holds every defective part: 1 has no good part in it."
        case .f1Max:
            "How well one limit could separate both at its best, misses and false alarms weighed alike: 1 is without a mistake."
        case .pixelAUROC:
            "How often a defective pixel is marked more strongly than a good one; large defects count most."
        case .aupro:
            "How much of each defect is marked while hardly anything else is; small defects count as much as large ones."
        case .limit:
            "The score at which a part is rejected: chosen from the shots alone, as on the line; 1 is a typical good part."
        case .falseRejectRate: "The share of good parts that would be thrown away."
        case .escapeRate: "The share of defective parts that would pass."
        case .balancedAccuracy: "The share of right verdicts where good and defective parts count alike."
        case .bestBalancedAccuracy:
            "The same, had the limit been chosen by somebody who knows the test pictures: what is lost to the limit."
        case .balancedAccuracyRatio: "How much of the best possible the automatic limit reaches."
        case .fitSeconds: "How long the model takes to be made of the shots, in seconds."
        case .millisecondsPerImage:
            "How long a part takes from the picture\u{2019}s bytes to its score, in milliseconds, on this computer."
        }
    }
}
