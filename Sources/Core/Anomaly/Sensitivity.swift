internal import Glibc

/// Where the limit stands between "few false rejects" (0) and "few escapes" (1).
///
/// The share of good parts that the limit is meant to reject follows on a logarithmic scale: 0.5 % at 0, 5 % at 0.5 and 50 %
/// at 1; each tenth is a factor of 1.6.
package struct Sensitivity: Codable, Sendable, Equatable {
    /// In `0 ... 1`.
    package let value: Double

    package static let balanced = Sensitivity(unchecked: 0.5)

    /// Nil outside of `0 ... 1`.
    package init?(_ value: Double) {
        guard (0...1).contains(value) else { return nil }
        self.value = value
    }

    private init(unchecked value: Double) { self.value = value }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let value = try container.decode(Double.self)
        guard (0...1).contains(value) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "sensitivity: expected 0 to 1, got \(value)")
        }
        self.value = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    /// The share of good parts that is meant to be rejected.
    package var falseRejectRate: Double { 0.005 * pow(100, value) }

    /// This one and those around it in steps of a tenth, from lower to higher: what an operator may want to compare.
    package var neighbours: [Sensitivity] {
        let tenths = (value * 10).rounded()
        return (-2...2).compactMap { step in
            step == 0 ? self : Sensitivity((tenths + Double(step)) / 10)
        }
    }
}
