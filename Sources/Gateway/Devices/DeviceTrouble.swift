import Synchronization

/// What is wrong with a device, for people: in the log once, as long as it is the same.
final class DeviceTrouble: Sendable {
    private let name: String
    /// What it is while nothing is wrong.
    private let well: String
    /// Nil = all is well.
    private let trouble = Mutex<String?>("not reached yet")

    /// - Parameter name: with its kind.
    init(of name: String, well: String) { (self.name, self.well) = (name, well) }

    /// For a status.
    var line: String { "\(name) \(trouble.withLock(\.self) ?? well)" }

    /// - Parameter words: nil = all is well.
    func tell(_ words: String?) {
        let isNew = trouble.withLock { trouble in
            defer { trouble = words }
            return trouble != words
        }
        if isNew { GatewayLog.say(words == nil ? .notice : .error, "\(name): \(words ?? well)") }
    }
}
