internal import Foundation

/// What a fit by `auto` decided, and why.
public struct FitChoice: Codable, Sendable, Equatable {
    /// Whether parts lie in any rotation.
    public struct Rotation: Codable, Sendable, Equatable {
        /// Turned copies of each shot in the memory, the shot among them; 1 is none.
        public let copies: Int
        /// By how much the held-out shots come closer when turned copies of the others are remembered, as a difference of log
        /// distances; nil when there is no other shot.
        public let gain: Double?
        /// The gain from which copies are kept.
        public let threshold: Double
    }

    /// One view of the picture.
    public struct Component: Codable, Sendable, Equatable {
        public let stage: FeatureStage
        /// The distance that counts as 1: a typical good part's.
        public let unit: Float
        /// The share of (good shot, synthetic anomaly) pairs that the component alone ranks right; nil without anomalies.
        public let separation: Double?
    }

    public let rotation: Rotation
    public let components: [Component]
    /// Whether the pictures are also compared as a whole.
    public let comparesTexture: Bool
    /// As a component's, of all together.
    public let separation: Double?
    /// Synthetic anomalies that the separations were counted with.
    public let anomalies: Int

    enum CodingKeys: String, CodingKey {
        case rotation, components, separation, anomalies
        case comparesTexture = "compares_texture"
    }

    /// A few lines for a person.
    public var text: String {
        var lines = [rotation.text]
        lines += components.map { component in
            "layer \(component.stage.layer)\(component.stage.localAveraging ? ", averaged over 3 x 3 patches" : "")"
                + Self.words(component.separation)
        }
        if comparesTexture { lines.append("texture of the whole picture") }
        if anomalies > 0 { lines.append("all together\(Self.words(separation)) (\(anomalies) synthetic anomalies)") }
        return lines.joined(separator: "\n")
    }

    private static func words(_ separation: Double?) -> String {
        separation.map { String(format: ": tells %.0f %% of synthetic anomalies from good shots", $0 * 100) } ?? ""
    }
}

extension FitChoice.Rotation {
    fileprivate var text: String {
        guard let gain else {
            return copies > 1 ? "rotations: \(copies), as asked for" : "rotations: none; one shot does not show them"
        }
        let found = String(format: "turned copies bring shots %.0f %% closer to one another", (1 - exp(-gain)) * 100)
        let needed = String(format: "%.0f %%", (1 - exp(-threshold)) * 100)
        return copies > 1
            ? "rotations: \(copies); \(found) (from \(needed))" : "rotations: none; \(found), below \(needed)"
    }
}
