package import ControlProtocol

/// What a PLC asked for, to be carried out once.
package struct ModbusOrder: Sendable, Equatable {
    package enum Action: Sendable, Equatable {
        case trigger(part: String?)
        case useRecipe(String)
        /// Nil = the next parts are of none.
        case setLot(String?)
        case acknowledgeAlarm
        /// Nothing but to keep the place.
        case acknowledgeResult
    }

    package var unit: Int
    package var camera: String
    package var number: UInt16
    package var action: Action
    /// To be on the disk before anything is done.
    package var place: ModbusPlace
}

/// What of a unit outlives the gateway.
package struct ModbusPlace: Codable, Sendable, Equatable {
    /// Of the newest command; 0 = there was none.
    package var command: UInt16 = 0
    /// Of the newest verdict that was acknowledged.
    package var acknowledged: UInt64 = 0
    /// The id of the journal whose number that is; absent of versions that did not keep it.
    package var journal: String?

    package init() {}
}

/// One camera as a PLC has it: its results, and the command that is under way. No clock and no disk of its own.
package struct ModbusUnit: Sendable {
    enum CommandState: Equatable {
        case idle
        case running
        /// fsacd has answered: done when the verdict of this number is in the registers.
        case answered(UInt64)
        case done
        case refused(Refusal)
    }

    static let firstWritable = 200
    static let writableCount = 36

    let camera: String
    let number: Int
    private(set) var results: ResultQueue
    /// Whose numbers the results have.
    private var journal: String?
    /// Registers 200 to 235 as they were written last.
    private(set) var written = [UInt16](repeating: 0, count: writableCount)
    private(set) var command: (number: UInt16, code: UInt16, state: CommandState)
    /// Signs of life, one for each of the daemon's while all is well.
    private(set) var beats: UInt16 = 0
    /// Triggers by a command whose part got neither OK nor NG.
    private(set) var unjudged: UInt32 = 0
    private var plcBeat: (value: UInt16, at: ContinuousClock.Instant)?

    init(_ camera: String, number: Int, _ settings: ModbusSettings, _ place: ModbusPlace) {
        self.camera = camera
        self.number = number
        results = ResultQueue(settings.results, acknowledged: place.acknowledged)
        command = (place.command, 0, place.command == 0 ? .idle : .refused(.restarted))
        journal = place.journal
    }

    var isBusy: Bool {
        switch command.state {
        case .running, .answered: true
        case .idle, .done, .refused: false
        }
    }

    func isPLCAlive(within milliseconds: Int, at now: ContinuousClock.Instant) -> Bool {
        guard milliseconds > 0, let plcBeat else { return false }
        return now - plcBeat.at <= .milliseconds(milliseconds)
    }

    /// What is wrong on the PLC's side, for people.
    func troubles(_ settings: ModbusSettings, at now: ContinuousClock.Instant) -> [String] {
        let isLost =
            settings.plcTimeoutMilliseconds > 0 && plcBeat != nil
            && !isPLCAlive(within: settings.plcTimeoutMilliseconds, at: now)
        return (isLost ? ["unit \(number): the PLC's heartbeat (register 203) stands still"] : [])
            + (results.isOverrun ? ["unit \(number): the PLC does not acknowledge, and results wait"] : [])
    }

    mutating func beat() { beats &+= 1 }

    mutating func take(_ record: InspectionRecord) {
        if record.camera == camera { results.take(record) }
    }

    mutating func readAgain() { results.readAgain() }
    mutating func forgetPlace() { results.forget() }

    /// - Returns: whether what is known is of another journal, and was forgotten.
    mutating func see(journal: String) -> Bool {
        defer { self.journal = journal }
        guard let known = self.journal, known != journal else { return false }
        forgetPlace()
        return true
    }

    /// Time passes: without the daemon nobody knows what becomes of a command, and whoever waits for it is told so.
    mutating func look(isKnown: Bool, lastSequence: UInt64) {
        // Results are acknowledged without it.
        if isBusy, !isKnown, command.code != CommandCode.acknowledgeResult.rawValue {
            return finish(.refused(.fault(.daemonLost)))
        }
        if case .answered(let sequence) = command.state, sequence <= lastSequence { command.state = .done }
    }

    /// Writes registers; nothing of a write that is refused is done.
    ///
    /// - Returns: what is to be carried out now, if anything is.
    mutating func write(
        _ values: [UInt16], at address: Int, recipes: [String: UInt16], at now: ContinuousClock.Instant
    ) throws(ModbusException) -> ModbusOrder? {
        let start = address - Self.firstWritable
        guard start >= 0, start + values.count <= Self.writableCount else { throw .illegalAddress }
        var next = written
        next.replaceSubrange(start..<start + values.count, with: values)
        let isCommand = (start..<start + values.count).contains(1) && next[1] != 0 && next[1] != command.number
        if isCommand, isBusy { throw .busy }
        if (start..<start + values.count).contains(3), next[3] != written[3] || plcBeat == nil {
            plcBeat = (next[3], now)
        }
        written = next
        guard (start..<start + values.count).contains(1) else { return nil }
        // Also by a repetition: a part's name is never that of the part before.
        defer { useUpArguments() }
        return isCommand ? begin(recipes) : nil
    }

    private mutating func useUpArguments() {
        for index in written.indices where index == 2 || index > 3 { written[index] = 0 }
    }

    private mutating func begin(_ recipes: [String: UInt16]) -> ModbusOrder? {
        command = (written[1], written[0], .running)
        let action: ModbusOrder.Action
        switch CommandCode(rawValue: written[0]) {
        case .trigger:
            guard let part = text(4..<20) else {
                refuse(.badText)
                return nil
            }
            action = .trigger(part: part.isEmpty ? nil : part)
        case .acknowledgeResult:
            guard results.acknowledge(written[2]) else {
                refuse(.notShown)
                return nil
            }
            action = .acknowledgeResult
        case .useRecipe:
            guard let recipe = recipes.first(where: { $0.value == written[2] })?.key else {
                refuse(.noSuchRecipe)
                return nil
            }
            action = .useRecipe(recipe)
        case .setLot:
            guard let lot = text(20..<36) else {
                refuse(.badText)
                return nil
            }
            action = .setLot(lot.isEmpty ? nil : lot)
        case .acknowledgeAlarm: action = .acknowledgeAlarm
        case nil:
            refuse(.unknownCommand)
            return nil
        }
        var place = ModbusPlace()
        (place.command, place.acknowledged, place.journal) = (command.number, results.acknowledged, journal)
        return ModbusOrder(unit: number, camera: camera, number: command.number, action: action, place: place)
    }

    /// What was written there; nil when it cannot be printed.
    private func text(_ range: Range<Int>) -> String? {
        Registers.text(written[range]).flatMap { $0.unicodeScalars.allSatisfy(Self.isPrintable) ? $0 : nil }
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    private mutating func refuse(_ refusal: Refusal) { finish(.refused(refusal)) }

    /// What became of an order. One that nobody waits for any more changes nothing.
    mutating func finish(_ order: ModbusOrder, _ outcome: ModbusOutcome) {
        guard command.number == order.number, command.state == .running else { return }
        switch outcome {
        case .done: command.state = .done
        case .verdict(let verdict, let sequence):
            if verdict == .invalid { unjudged &+= 1 }
            command.state = .answered(sequence)
        case .refused(let refusal): finish(.refused(refusal))
        }
    }

    private mutating func finish(_ state: CommandState) {
        if command.code == CommandCode.trigger.rawValue { unjudged &+= 1 }
        command.state = state
    }
}

/// What became of an order.
package enum ModbusOutcome: Sendable, Equatable {
    case done
    /// The trigger's part, and the number of its line.
    case verdict(Verdict, UInt64)
    case refused(Refusal)
}
