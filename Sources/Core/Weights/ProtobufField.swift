/// One field of a protocol-buffers message: its number and what follows it.
struct ProtobufField {
    enum Payload {
        case varint(UInt64)
        case fixed(Range<Int>)
        case bytes(Range<Int>)
    }

    let number: Int
    let payload: Payload
}

extension ByteCursor {
    /// The next field of a message, or nil at its end.
    ///
    /// - SeeAlso: <https://protobuf.dev/programming-guides/encoding>
    mutating func nextField(_ section: String) throws(WeightsError) -> ProtobufField? {
        guard remaining > 0 else { return nil }
        let tag = try varint(section)
        let payload: ProtobufField.Payload
        switch tag & 7 {
        case 0: payload = .varint(try varint(section))
        case 1: payload = .fixed(try skip(8, section))
        case 2: payload = .bytes(try skip(Int(clamping: try varint(section)), section))
        case 5: payload = .fixed(try skip(4, section))
        default: throw malformed(section, expected: "a field of protocol buffers", got: "wire type \(tag & 7)")
        }
        guard let number = Int(exactly: tag >> 3), number > 0 else {
            throw malformed(section, expected: "a field number", got: "\(tag >> 3)")
        }
        return ProtobufField(number: number, payload: payload)
    }

    /// A number of 7 bits a byte, lowest first.
    mutating func varint(_ section: String) throws(WeightsError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            let byte = try byte(section)
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw malformed(section, expected: "a number of at most 10 bytes", got: "more")
    }
}
