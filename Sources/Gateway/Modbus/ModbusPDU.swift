/// Why a request is refused, by the numbers of the Modbus specification.
package enum ModbusException: UInt8, Error, Sendable {
    case illegalFunction = 1
    case illegalAddress = 2
    case illegalValue = 3
    /// A command is under way: nothing of the write was done, and the same one may come again.
    case busy = 6
    /// No such unit.
    case noPath = 10
}

/// What a client asks, without its envelope.
package enum ModbusRequest: Sendable, Equatable {
    case readBits(coils: Bool, address: Int, count: Int)
    case readRegisters(address: Int, count: Int)
    case writeRegister(address: Int, value: UInt16)
    case writeRegisters(address: Int, values: [UInt16])
    /// First written, then read.
    case exchange(readAddress: Int, count: Int, writeAddress: Int, values: [UInt16])
    /// There are no coils: all of them are outside of the map.
    case writeCoils

    /// Modbus Application Protocol 1.1b3, section 6.
    package init(_ bytes: ArraySlice<UInt8>) throws(ModbusException) {
        var reader = ModbusReader(bytes)
        switch reader.byte() {
        case 1: self = try Self.bits(&reader, coils: true)
        case 2: self = try Self.bits(&reader, coils: false)
        case 3, 4:
            let (address, count) = (reader.word(), reader.word())
            try reader.end()
            guard (1...125).contains(count) else { throw .illegalValue }
            self = .readRegisters(address: address, count: count)
        case 5, 15: self = .writeCoils
        case 6:
            let (address, value) = (reader.word(), reader.word())
            try reader.end()
            self = .writeRegister(address: address, value: UInt16(value))
        case 16:
            let address = reader.word()
            self = .writeRegisters(address: address, values: try Self.values(&reader, atMost: 123))
        case 23:
            let (readAddress, count, writeAddress) = (reader.word(), reader.word(), reader.word())
            let values = try Self.values(&reader, atMost: 121)
            guard (1...125).contains(count) else { throw .illegalValue }
            self = .exchange(readAddress: readAddress, count: count, writeAddress: writeAddress, values: values)
        default: throw .illegalFunction
        }
    }

    private static func bits(_ reader: inout ModbusReader, coils: Bool) throws(ModbusException) -> Self {
        let (address, count) = (reader.word(), reader.word())
        try reader.end()
        guard (1...2000).contains(count) else { throw .illegalValue }
        return .readBits(coils: coils, address: address, count: count)
    }

    private static func values(_ reader: inout ModbusReader, atMost limit: Int) throws(ModbusException) -> [UInt16] {
        let (count, bytes) = (reader.word(), reader.byte())
        guard (1...limit).contains(count), bytes == 2 * count else { throw .illegalValue }
        let values = (0..<count).map { _ in UInt16(reader.word()) }
        try reader.end()
        return values
    }
}

/// Bytes one after the other; what is not there is 0, and ``end()`` refuses it.
private struct ModbusReader {
    private var bytes: ArraySlice<UInt8>
    private var isShort = false

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    mutating func byte() -> Int {
        guard let byte = bytes.popFirst() else {
            isShort = true
            return 0
        }
        return Int(byte)
    }

    mutating func word() -> Int {
        let high = byte()
        return high << 8 | byte()
    }

    /// - Throws: when something is missing, or left.
    func end() throws(ModbusException) {
        guard !isShort, bytes.isEmpty else { throw .illegalValue }
    }
}

/// A request or a reply in its envelope: transaction, protocol 0, length, unit.
package struct ModbusFrame: Sendable, Equatable {
    /// The longest request: 7 bytes of the envelope and 253 behind it.
    package static let mostBytes = 260

    package var transaction: UInt16
    package var unit: UInt8
    package var pdu: [UInt8]

    package init(transaction: UInt16, unit: UInt8, pdu: [UInt8]) {
        self.transaction = transaction
        self.unit = unit
        self.pdu = pdu
    }

    package var bytes: [UInt8] {
        let length = UInt16(pdu.count + 1)
        return [
            UInt8(transaction >> 8), UInt8(truncatingIfNeeded: transaction), 0, 0, UInt8(length >> 8),
            UInt8(truncatingIfNeeded: length), unit,
        ] + pdu
    }

    /// Takes the first frame out of what has come.
    ///
    /// - Returns: nil = it is not complete.
    /// - Throws: when this is no Modbus, so that nobody can tell where the next frame begins.
    package static func next(in buffer: inout [UInt8]) throws(NoModbus) -> ModbusFrame? {
        // Told as early as it can be: who sends something else waits for no end.
        guard buffer.dropFirst(2).prefix(2).allSatisfy({ $0 == 0 }) else { throw NoModbus() }
        guard buffer.count >= 6 else { return nil }
        let length = Int(buffer[4]) << 8 | Int(buffer[5])
        guard (2...mostBytes - 6).contains(length) else { throw NoModbus() }
        guard buffer.count >= 6 + length else { return nil }
        let frame = ModbusFrame(
            transaction: UInt16(buffer[0]) << 8 | UInt16(buffer[1]), unit: buffer[6],
            pdu: Array(buffer[7..<6 + length]))
        buffer.removeFirst(6 + length)
        return frame
    }
}

/// What came is no Modbus.
package struct NoModbus: Error, Equatable {
    package init() {}
}
