import Platform

/// Writes a unit's registers into a PLC that cannot ask for them, and reads what it commands, on a thread of its own.
final class MirrorWriter: Sendable {
    private static let pause = Duration.seconds(1)

    let settings: MirrorSettings
    /// What a client of the server would be answered, as one that may write.
    private let answer: @Sendable (_ pdu: [UInt8]) -> [UInt8]
    private let trouble: DeviceTrouble

    init(_ settings: MirrorSettings, answer: @escaping @Sendable (_ pdu: [UInt8]) -> [UInt8]) {
        (self.settings, self.answer) = (settings, answer)
        trouble = DeviceTrouble(of: "mirror \(settings.name)", well: "written")
    }

    func start() {
        NamedThread.start("fsac-mirror") { [self] in
            var connection: ModbusConnection?
            while true { connection = turn(connection) }
        }
    }

    /// For people.
    var line: String { trouble.line }

    /// - Returns: the connection to go on with; nil = a new one.
    private func turn(_ connection: ModbusConnection?) -> ModbusConnection? {
        let begun = ContinuousClock.now
        do throws(DeviceError) {
            let open: ModbusConnection
            if let connection { open = connection } else { open = try ModbusConnection(settings.device) }
            try write(open)
            trouble.tell(nil)
            MonotonicTime.sleep(settings.period - (.now - begun))
            return open
        } catch {
            trouble.tell("\(settings.device.address.host): \(error)")
            MonotonicTime.sleep(Self.pause)
            return nil
        }
    }

    private func write(_ connection: ModbusConnection) throws(DeviceError) {
        if settings.takesCommands { try takeCommand(connection) }
        // The answer to a command is looked at first and written last: what it says stands in the registers before it.
        let (map, done) = (RegisterMap.readable[0], RegisterMap.readable[2])
        let answered = try words(done)
        for (range, words) in [(map, try words(map)), (done, answered)] {
            try connection.ask(.writeRegisters(address: settings.registersAt + range.lowerBound, words))
        }
    }

    /// The same number is not carried out twice, so what stands in the PLC's registers may be taken each time.
    private func takeCommand(_ connection: ModbusConnection) throws(DeviceError) {
        let written = RegisterMap.readable[1]
        let asked = try connection.ask(
            .readRegisters(address: settings.registersAt + written.lowerBound, count: written.count))
        guard case .registers(let words) = asked else { return }
        // One that comes too early is busy, and comes again.
        _ = answer(ModbusCall.writeRegisters(address: written.lowerBound, words).pdu)
    }

    private func words(_ range: Range<Int>) throws(DeviceError) -> [UInt16] {
        let call = ModbusCall.readRegisters(address: range.lowerBound, count: range.count)
        guard case .registers(let words) = try call.answer(answer(call.pdu)) else { return [] }
        return words
    }
}
