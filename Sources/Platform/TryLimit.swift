/// So many tries in a stretch of time, as those have that are guessing.
package struct TryLimit: Sendable {
    private let most: Int
    private let stretch: Duration
    /// When each was made, the oldest first.
    private var tries: [Duration] = []

    package init(_ most: Int, in stretch: Duration) {
        self.most = most
        self.stretch = stretch
    }

    /// - Parameter now: of a clock that only goes on.
    /// - Returns: whether it may be tried.
    package mutating func take(at now: Duration) -> Bool {
        tries.removeAll { now - $0 >= stretch }
        guard tries.count < most else { return false }
        tries.append(now)
        return true
    }

    /// The try of then was none of a guesser's.
    package mutating func forgive(at then: Duration) {
        if let place = tries.firstIndex(of: then) { tries.remove(at: place) }
    }
}
