/// What the course has to know of each kind of receiver.
extension SinkSettings {
    /// Whether the receiver is there all the time and takes one message while others are under way.
    var hasConnection: Bool { kind == .mqtt }

    /// Most messages that are sent as one.
    var together: Int { if case .webhook(let webhook) = receiver { webhook.batch } else { 1 } }

    /// A receiver that is reached and says nothing for so long is left. A request has a limit of its own, below.
    var patience: Duration {
        switch receiver {
        case .mqtt: .seconds(30)
        case .webhook: .seconds(300)
        case .exec: .seconds(10)
        }
    }
}
