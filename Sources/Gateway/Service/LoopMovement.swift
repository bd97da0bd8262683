/// Whether a loop that counts its turns still turns, as who looks from time to time finds it.
struct LoopMovement {
    /// In which it has to have moved.
    let patience: Duration
    private var turns: UInt64?
    private var movedAt = ContinuousClock.now

    init(within patience: Duration) { self.patience = patience }

    /// - Parameter turns: as many as it has counted by now.
    mutating func goesOn(_ turns: UInt64) -> Bool {
        if turns != self.turns { (self.turns, movedAt) = (turns, .now) }
        return .now - movedAt < patience
    }
}
