// Weight files: little-endian, and what is missing is named.
extension ByteCursor {
    init(_ bytes: [UInt8], file: String) { self.init(bytes[...], order: .little, file: file) }

    /// Steps over `count` bytes and says where they are.
    mutating func skip(_ count: Int, _ section: String) throws(WeightsError) -> Range<Int> {
        guard let range = skip(count) else { throw truncated(section, count) }
        return range
    }

    mutating func byte(_ section: String) throws(WeightsError) -> UInt8 { try integer(UInt8.self, section) }

    mutating func integer<Number: FixedWidthInteger>(
        _ type: Number.Type, _ section: String
    ) throws(WeightsError) -> Number {
        guard let number = integer(type) else { throw truncated(section, MemoryLayout<Number>.size) }
        return number
    }

    /// UTF-8 text; what is not UTF-8 is replaced, so it cannot equal a name that is looked for.
    mutating func text(_ count: Int, _ section: String) throws(WeightsError) -> String {
        String(decoding: bytes[try skip(count, section)], as: UTF8.self)
    }

    /// Text up to a line feed, which is stepped over.
    mutating func line(_ section: String) throws(WeightsError) -> String {
        guard let line = line() else { throw truncated(section, remaining + 1) }
        return String(decoding: line, as: UTF8.self)
    }

    func malformed(_ section: String, expected: String, got: String) -> WeightsError {
        .malformed(file: file, section: section, expected: expected, got: got)
    }

    private func truncated(_ section: String, _ expectedBytes: Int) -> WeightsError {
        .truncated(file: file, section: section, expectedBytes: expectedBytes, gotBytes: remaining)
    }
}
