package import ControlProtocol
package import Platform

/// The server without its sockets: events of the line and requests of PLCs in, replies and orders out. A value; whoever holds it sees
/// to it that there is one thing at a time, so each reply is of one moment.
package struct ModbusDesk: Sendable {
    package let settings: ModbusSettings
    package private(set) var view = StationView()
    private var units: [ModbusUnit]
    private let start: UInt16
    private var isOtherJournal = false

    /// - Parameters:
    ///   - places: of each unit, as they were kept.
    ///   - start: random, not 0.
    package init(_ settings: ModbusSettings, places: [ModbusPlace], start: UInt16) {
        precondition(places.count == settings.cameras.count, "modbus: a place for each camera")
        self.settings = settings
        self.start = start
        units = zip(settings.cameras, places).enumerated().map { index, unit in
            ModbusUnit(unit.0, number: index + 1, settings, unit.1)
        }
    }

    // MARK: The line

    /// Lines of before a start, among which the newest of each camera is looked for.
    private static let recall = "100"

    /// Where to go on in the journal, as parameters of the stream: asked before ``begin()``.
    package var place: [String: String] {
        let told = view.lastSequence
        if told > 0 {
            let next = units.map { $0.results.isOverfull ? $0.results.newest : told }.min() ?? told
            return ["since": "\(next + 1)"]
        }
        // After a start: the newest of each camera, or what was not acknowledged, or else what comes.
        guard settings.results == .queued else { return ["last": Self.recall] }
        let next = units.map(\.results.newest).filter { $0 > 0 }.min()
        return next.map { ["since": "\($0 + 1)"] } ?? ["last": "0"]
    }

    /// What was left to the journal can be taken now, or the journal is another one: begin again at ``place``.
    package var wantsToReadAgain: Bool { isOtherJournal || units.contains { $0.results.hasRoomAgain } }

    package mutating func begin() {
        view.begin()
        isOtherJournal = false
        for index in units.indices { units[index].readAgain() }
    }

    package mutating func end(at now: ContinuousClock.Instant) {
        view.end()
        look(at: now)
    }

    /// The journal is another one, which does not know the place.
    package mutating func forgetPlace() {
        view.forgetPlace()
        for index in units.indices { units[index].forgetPlace() }
    }

    package mutating func take(_ event: StreamEvent, at now: ContinuousClock.Instant) {
        if case .state(let status) = event, let journal = status.journal {
            for index in units.indices where units[index].see(journal: journal) { isOtherJournal = true }
            if isOtherJournal { view.forgetPlace() }
        }
        // Its numbers were asked for by those of the one before.
        if isOtherJournal { return }
        let isAlive = view.take(event, at: now)
        for index in units.indices {
            if case .verdict(let record, _) = event { units[index].take(record) }
            if isAlive, view.fault(of: units[index].camera, at: now).isWell { units[index].beat() }
        }
        look(at: now)
    }

    package mutating func look(at now: ContinuousClock.Instant) {
        let isKnown = view.isKnown(at: now)
        for index in units.indices { units[index].look(isKnown: isKnown, lastSequence: view.lastSequence) }
    }

    /// What is wrong on the side of PLCs, for people.
    package func troubles(at now: ContinuousClock.Instant) -> [String] {
        units.flatMap { $0.troubles(settings, at: now) }
    }

    // MARK: Orders

    package mutating func finish(_ order: ModbusOrder, _ outcome: ModbusOutcome, at now: ContinuousClock.Instant) {
        units[order.unit - 1].finish(order, outcome)
        look(at: now)
    }

    // MARK: Requests

    /// - Parameters:
    ///   - mayWrite: whether the client is one of `control`.
    ///   - time: for the registers that tell it.
    /// - Returns: the reply, and what is to be carried out.
    package mutating func answer(
        _ frame: ModbusFrame, mayWrite: Bool, at now: ContinuousClock.Instant, time: WallTime
    ) -> (reply: ModbusFrame, order: ModbusOrder?) {
        look(at: now)
        var (reply, order) = (frame, ModbusOrder?.none)
        let function = frame.pdu.first ?? 0
        do throws(ModbusException) {
            let request = try ModbusRequest(frame.pdu[...])
            // 0 and 255 are what clients say that know of no units.
            let unit = frame.unit == 0 || frame.unit == 255 ? 0 : Int(frame.unit) - 1
            guard units.indices.contains(unit) else { throw .noPath }
            reply.pdu = [function]
            switch request {
            case .readBits(let coils, let address, let count):
                reply.pdu += Self.bits(try flags(of: unit, coils, address, count, now, time))
            case .readRegisters(let address, let count):
                reply.pdu += Self.registers(try registers(of: unit, address, count, now, time))
            case .writeRegister(let address, let value):
                order = try write([value], at: address, to: unit, mayWrite, now)
                reply.pdu += Self.bytes(of: [UInt16(address), value])
            case .writeRegisters(let address, let values):
                order = try write(values, at: address, to: unit, mayWrite, now)
                reply.pdu += Self.bytes(of: [UInt16(address), UInt16(values.count)])
            case .exchange(let readAddress, let count, let writeAddress, let values):
                // Before anything is written: a request is carried out as a whole or not at all.
                _ = try registers(of: unit, readAddress, count, now, time)
                order = try write(values, at: writeAddress, to: unit, mayWrite, now)
                reply.pdu += Self.registers(try registers(of: unit, readAddress, count, now, time))
            case .writeCoils: throw .illegalAddress
            }
        } catch {
            reply.pdu = [function | 0x80, error.rawValue]
        }
        return (reply, order)
    }

    private mutating func write(
        _ values: [UInt16], at address: Int, to unit: Int, _ mayWrite: Bool, _ now: ContinuousClock.Instant
    ) throws(ModbusException) -> ModbusOrder? {
        guard mayWrite else { throw .illegalFunction }
        let order = try units[unit].write(values, at: address, recipes: settings.recipes, at: now)
        look(at: now)
        // Refused at once where nobody is there to carry it out.
        return units[unit].isBusy ? order : nil
    }

    private func map(of unit: Int, _ now: ContinuousClock.Instant, _ time: WallTime) -> RegisterMap {
        RegisterMap(view: view, unit: units[unit], settings: settings, start: start, now: now, time: time)
    }

    private func registers(
        of unit: Int, _ address: Int, _ count: Int, _ now: ContinuousClock.Instant, _ time: WallTime
    ) throws(ModbusException) -> [UInt16] {
        let wanted = address..<address + count
        guard RegisterMap.readable.contains(where: { $0.lowerBound <= address && wanted.upperBound <= $0.upperBound })
        else { throw .illegalAddress }
        return Array(map(of: unit, now, time).words[wanted])
    }

    private func flags(
        of unit: Int, _ coils: Bool, _ address: Int, _ count: Int, _ now: ContinuousClock.Instant, _ time: WallTime
    ) throws(ModbusException) -> [Bool] {
        let flags = map(of: unit, now, time).flags
        guard !coils, address + count <= flags.count else { throw .illegalAddress }
        return Array(flags[address..<address + count])
    }

    private static func bytes(of words: [UInt16]) -> [UInt8] {
        words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    private static func registers(_ words: [UInt16]) -> [UInt8] { [UInt8(2 * words.count)] + bytes(of: words) }

    private static func bits(_ flags: [Bool]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (flags.count + 7) / 8)
        for (index, flag) in flags.enumerated() where flag { bytes[index / 8] |= 1 << UInt8(index % 8) }
        return [UInt8(bytes.count)] + bytes
    }
}
