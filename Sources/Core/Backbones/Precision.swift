/// What may be computed in less than single precision.
package enum Precision: String, Codable, Sendable, CaseIterable {
    /// What ``ReducedPrecision`` says, on processors that gain by it (docs/accuracy.md has what it changes).
    case auto
    /// Nothing.
    case float32

    /// Whether layers that can be are computed in integers on this processor. Without AVX2 they are not, whatever is asked for: integers gain
    /// nothing there, and the numbers between them would be rounded otherwise than elsewhere.
    package var isReduced: Bool { self == .auto && IntegerPath.best != .plain }
}

/// In what some layers of a backbone are computed, where it is not single precision. Features of another precision are those of
/// another backbone. Each name stands for exactly one arithmetic: what rounds otherwise needs another one (docs/decisions/0004).
package enum ReducedPrecision: String, Codable, Sendable {
    /// Products of 8-bit integers in the blocks of vision transformers of DINOv2's kind.
    case int8
    /// Products of 16-bit integers in the 1 x 1 convolutions of EfficientNets.
    case int16
    /// Both, of the members of a joined backbone.
    case int8And16 = "int8+int16"
}
