/// What became of the part that a stored picture shows. In the order in which pictures give way to newer ones: those that say
/// least first.
package enum PictureClass: String, Codable, Sendable, CaseIterable {
    case ok, invalid
    /// OK or NG, with a score so near to the limit that either verdict is poorly supported.
    case uncertain
    case ng

    package init(_ verdict: Verdict, isUncertain: Bool) {
        self =
            switch verdict {
            case .ok: isUncertain ? .uncertain : .ok
            // A reject is evidence also where it is poorly supported.
            case .ng: .ng
            case .invalid: .invalid
            }
    }
}
