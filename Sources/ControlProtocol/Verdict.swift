/// What the line does with a part. INVALID is no OK: the part was not judged. Whoever acts on verdicts passes OK alone,
/// and so is safe with whatever else may come.
package enum Verdict: String, Codable, Sendable, CaseIterable {
    case ok = "OK"
    case ng = "NG"
    case invalid = "INVALID"
}
