internal import Foundation

/// How well synthetic anomalies are told from normal pictures, neither of them trained on. With two shots or more the normal
/// pictures are shots, each with its anomalies judged by a head that knows neither; with one shot they are mild variants of it,
/// and the anomalies are others of the same shot.
package struct TrainingEvidence: Codable, Sendable, Equatable {
    /// I-AUROC of the cosine similarities with the anchors alone, before training.
    package let untrained: Double
    /// I-AUROC of the trained head.
    package let trained: Double
    /// Pictures that were judged.
    package let normalCount: Int
    package let anomalousCount: Int
    /// Epochs that were trained.
    package let epochs: Int

    enum CodingKeys: String, CodingKey {
        case untrained, trained, epochs
        case normalCount = "normal_count"
        case anomalousCount = "anomalous_count"
    }

    /// Whether training helped, for a person.
    var lines: [String] {
        [
            "trained for \(epochs) epochs",
            String(
                format:
                    "ranks %.0f %% of synthetic anomalies above good pictures, %.0f %% before training (%ld and %ld pictures)",
                trained * 100, untrained * 100, anomalousCount, normalCount),
        ]
    }
}
