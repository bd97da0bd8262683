/// What may be computed in less than single precision.
package enum Precision: String, Codable, Sendable, CaseIterable {
    /// What ``ReducedPrecision`` says, on processors that gain by it (docs/accuracy.md has what it changes).
    case auto
    /// Nothing.
    case float32

    /// What layers that can be are computed in on this processor; nil = single precision. So it is without AVX2 whatever is asked for:
    /// integers gain nothing there, and the numbers between them would be rounded otherwise than elsewhere.
    package var reduced: ReducedPrecision? { self == .auto && IntegerPath.best != .plain ? .int8 : nil }
}

/// In what some layers of a backbone are computed, where it is not single precision. Features of another precision are those of
/// another backbone.
package enum ReducedPrecision: String, Codable, Sendable {
    /// Products of 8-bit integers in the blocks of vision transformers of DINOv2's kind. The name stands for exactly that arithmetic: what
    /// rounds otherwise needs another one (docs/decisions/0004).
    case int8
}
