import Platform

/// Whether a module's own watchdog takes its outputs back: one output is made active, then nobody asks the module anything for a
/// while. For people who set it up, while no gateway drives the module.
package struct WatchdogTrial {
    package enum Outcome: Equatable {
        /// The output was off after a silence of so long.
        case off(after: Duration)
        /// It was still on after the longest.
        case on(after: Duration)
    }

    /// Silences, the longest one that is safe last: an `ok` must not stand longer.
    private static let silences = [250, 500, 1000].map { Duration.milliseconds($0) }

    private let module: ModuleSettings
    private let output: Int

    package init(_ module: ModuleSettings, output: Int) { (self.module, self.output) = (module, output) }

    /// Waits for the module and for the silences. The output is inactive afterwards, whatever came.
    ///
    /// - Throws: ``DeviceError``, also when the output does not become active.
    package func run() throws(DeviceError) -> Outcome {
        let connection = try ModbusConnection(module.device)
        do throws(DeviceError) {
            let outcome = try outcome(connection)
            try set(false, connection)
            return outcome
        } catch {
            try? set(false, connection)
            throw error
        }
    }

    private func outcome(_ connection: ModbusConnection) throws(DeviceError) -> Outcome {
        var longest = Duration.zero
        for silence in Self.silences {
            try set(true, connection)
            // A watchdog's time may be a little longer than it says.
            longest = silence + .milliseconds(100)
            MonotonicTime.sleep(longest)
            guard try isOn(connection) else { return .off(after: longest) }
        }
        return .on(after: longest)
    }

    private func set(_ isActive: Bool, _ connection: ModbusConnection) throws(DeviceError) {
        try connection.ask(.writeCoils(address: module.outputsAt + output, [isActive]))
        guard try isOn(connection) == isActive else { throw .notTaken }
    }

    private func isOn(_ connection: ModbusConnection) throws(DeviceError) -> Bool {
        try connection.ask(.readCoils(address: module.outputsReadAt + output, count: 1)) == .bits([true])
    }
}
