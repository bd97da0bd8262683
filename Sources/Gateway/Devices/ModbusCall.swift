import Platform

/// What a device is asked by Modbus TCP, and what its reply says. Bytes in and out, no sockets.
package enum ModbusCall: Sendable, Equatable {
    case readCoils(address: Int, count: Int)
    case readInputs(address: Int, count: Int)
    case readRegisters(address: Int, count: Int)
    case writeCoils(address: Int, [Bool])
    case writeRegisters(address: Int, [UInt16])

    package enum Answer: Sendable, Equatable {
        case bits([Bool])
        case registers([UInt16])
        case written
    }

    /// Modbus Application Protocol 1.1b3, section 6.
    package var pdu: [UInt8] {
        switch self {
        case .readCoils(let address, let count): [1] + Self.words(address, count)
        case .readInputs(let address, let count): [2] + Self.words(address, count)
        case .readRegisters(let address, let count): [3] + Self.words(address, count)
        case .writeCoils(let address, let bits):
            [15] + Self.words(address, bits.count) + [UInt8((bits.count + 7) / 8)] + Self.bytes(of: bits)
        case .writeRegisters(let address, let values):
            [16] + Self.words(address, values.count) + [UInt8(2 * values.count)] + Self.words(values.map(Int.init))
        }
    }

    /// - Throws: when the device refuses, or when this is no reply to the call.
    package func answer(_ reply: [UInt8]) throws(DeviceError) -> Answer {
        let function = pdu[0]
        guard let first = reply.first else { throw .nonsense }
        if first == function | 0x80, reply.count == 2 { throw .refused(function: function, code: reply[1]) }
        guard first == function else { throw .nonsense }
        let rest = reply.dropFirst()
        switch self {
        case .readCoils(_, let count), .readInputs(_, let count):
            guard let size = rest.first, Int(size) == (count + 7) / 8, rest.count == Int(size) + 1 else {
                throw .nonsense
            }
            let bytes = Array(rest.dropFirst())
            return .bits((0..<count).map { bytes[$0 / 8] >> UInt8($0 % 8) & 1 == 1 })
        case .readRegisters(_, let count):
            guard let size = rest.first, Int(size) == 2 * count, rest.count == Int(size) + 1 else { throw .nonsense }
            let bytes = Array(rest.dropFirst())
            return .registers((0..<count).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) })
        case .writeCoils, .writeRegisters:
            // It says again what was to be written where.
            guard Array(rest) == Array(pdu[1..<5]) else { throw .nonsense }
            return .written
        }
    }

    private static func words(_ values: Int...) -> [UInt8] { words(values) }

    private static func words(_ values: [Int]) -> [UInt8] {
        values.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    private static func bytes(of bits: [Bool]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
        for (index, bit) in bits.enumerated() where bit { bytes[index / 8] |= 1 << UInt8(index % 8) }
        return bytes
    }
}

/// Why a device did not do what it was asked. The connection is of no use any more, but after a refusal.
package enum DeviceError: Error, Equatable, CustomStringConvertible {
    case unreachable(errno: CInt)
    case silent(Duration)
    case gone
    /// No reply to what was asked, or no Modbus at all.
    case nonsense
    case refused(function: UInt8, code: UInt8)
    /// Its outputs are not those that it was told and said to have taken.
    case notTaken

    package var description: String {
        switch self {
        case .unreachable(let errno): ErrnoText.describe(errno)
        case .silent(let patience): "no answer within \(Int(patience / .milliseconds(1))) ms"
        case .gone: "it ended the connection"
        case .nonsense: "it answers with no Modbus, or to another question"
        case .refused(let function, let code):
            "it refuses function \(function) with exception \(code): do address, count and unit fit, and has its watchdog "
                + "tripped?"
        case .notTaken: "it takes orders and its outputs stay as they were: has its watchdog tripped?"
        }
    }
}
