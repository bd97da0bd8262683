/// Registers in the order of their addresses, and how values stand in them.
struct Registers {
    private(set) var words: [UInt16]
    private let order: ModbusSettings.WordOrder

    init(count: Int, _ order: ModbusSettings.WordOrder) {
        words = [UInt16](repeating: 0, count: count)
        self.order = order
    }

    mutating func put(_ value: UInt16, at address: Int) { words[address] = value }

    mutating func put(_ values: some Collection<UInt16>, at address: Int) {
        words.replaceSubrange(address..<address + values.count, with: values)
    }

    /// A number that does not fit is the largest that does.
    mutating func put(clamping value: some BinaryInteger, at address: Int) {
        words[address] = UInt16(clamping: value)
    }

    mutating func put32(_ value: UInt32, at address: Int) {
        let (high, low) = (UInt16(value >> 16), UInt16(truncatingIfNeeded: value))
        put(order == .highFirst ? [high, low] : [low, high], at: address)
    }

    mutating func putFloat(_ value: Float, at address: Int) { put32(value.bitPattern, at: address) }

    /// Two bytes a register, the first one high, zeros behind; what does not fit is cut between characters.
    mutating func put(_ text: String, at address: Int, count: Int) {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard bytes.count + UTF8.width(scalar) <= 2 * count else { break }
            bytes += String(scalar).utf8
        }
        for index in 0..<count {
            let (high, low) = (bytes.at(2 * index), bytes.at(2 * index + 1))
            words[address + index] = UInt16(high) << 8 | UInt16(low)
        }
    }

    mutating func putFlags(_ flags: [Bool], at address: Int) {
        words[address] = flags.enumerated().reduce(0) { $1.element ? $0 | 1 << UInt16($1.offset) : $0 }
    }

    /// The text in registers; nil when it is none.
    static func text(_ words: some Collection<UInt16>) -> String? {
        let bytes = words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        let end = bytes.firstIndex(of: 0) ?? bytes.count
        // What follows the first zero is no part of it, and has to be nothing.
        guard bytes[end...].allSatisfy({ $0 == 0 }) else { return nil }
        return String(validating: bytes[..<end], as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate func at(_ index: Int) -> UInt8 { index < count ? self[index] : 0 }
}
