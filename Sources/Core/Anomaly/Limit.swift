extension Float {
    /// What a limit means, everywhere: a part or a place whose score is at the limit or above it is rejected. So is one whose score
    /// is no number: it is never OK.
    package func isReject(at limit: Float) -> Bool { !(self < limit) }
}
