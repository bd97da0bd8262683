package import FoundationEssentials

/// How both sides write and read JSON: sorted keys, plain slashes, no strategies that rename keys. The same value is
/// the same bytes.
///
/// What is absent is left out, never `null`. Unknown keys of a reply are passed over, so it may get new ones; those of a request
/// are refused (``RequestFields``). An unknown value of an enumeration is refused, so new ones need a client of the same
/// version.
package enum ControlCoding {
    /// - Throws: when a number is infinite or none, which JSON cannot say.
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
