/// What the line does with a part. INVALID is no OK: the part was not judged.
package enum Verdict: String, Codable, Sendable, CaseIterable {
    case ok = "OK"
    case ng = "NG"
    case invalid = "INVALID"
}
