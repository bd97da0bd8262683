/// Whether `actual` is `expected` within `atol + rtol * |expected|`; never for a NaN.
package func isClose(_ actual: Double, _ expected: Double, atol: Double, rtol: Double) -> Bool {
    abs(actual - expected) <= atol + rtol * abs(expected)
}

/// The first place where two lists differ by more than `atol + rtol * |expected|`, in words; nil when there is none.
///
/// Use as `#expect(firstDifference(got, expected, atol: 1e-6, rtol: 1e-5) == nil)`: a failure then says where.
package func firstDifference(
    _ actual: [Float], _ expected: [Double], atol: Double, rtol: Double
) -> String? {
    guard actual.count == expected.count else { return "expected \(expected.count) values, got \(actual.count)" }
    for (index, (got, wanted)) in zip(actual, expected).enumerated()
    where !isClose(Double(got), wanted, atol: atol, rtol: rtol) {
        return "at \(index): expected \(wanted), got \(got)"
    }
    return nil
}
