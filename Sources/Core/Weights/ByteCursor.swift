/// A place in a file that is read front to back, every step checked against the end.
struct ByteCursor {
    let bytes: [UInt8]
    let file: String
    private(set) var position: Int
    private let end: Int

    init(_ bytes: [UInt8], file: String) {
        self.init(bytes: bytes, file: file, range: 0..<bytes.count)
    }

    private init(bytes: [UInt8], file: String, range: Range<Int>) {
        self.bytes = bytes
        self.file = file
        position = range.lowerBound
        end = range.upperBound
    }

    var remaining: Int { end - position }

    /// A cursor over a part of the file that lies inside this one.
    func slice(_ range: Range<Int>) -> ByteCursor {
        precondition(range.lowerBound >= 0 && range.upperBound <= end, "byte cursor: \(range) in \(end) bytes")
        return ByteCursor(bytes: bytes, file: file, range: range)
    }

    /// Steps over `count` bytes and says where they are.
    mutating func skip(_ count: Int, _ part: String) throws(WeightsError) -> Range<Int> {
        guard count >= 0, count <= remaining else {
            throw .truncated(file: file, part: part, expectedBytes: count, gotBytes: remaining)
        }
        defer { position += count }
        return position..<position + count
    }

    mutating func byte(_ part: String) throws(WeightsError) -> UInt8 {
        bytes[try skip(1, part).lowerBound]
    }

    /// A little-endian number.
    mutating func integer<T: FixedWidthInteger>(_ type: T.Type, _ part: String) throws(WeightsError) -> T {
        let range = try skip(MemoryLayout<T>.size, part)
        return range.reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: bytes[$1]) }
    }

    /// UTF-8 text; what is not UTF-8 is replaced, so it cannot equal a name that is looked for.
    mutating func text(_ count: Int, _ part: String) throws(WeightsError) -> String {
        String(decoding: bytes[try skip(count, part)], as: UTF8.self)
    }

    /// Text up to a line feed, which is stepped over.
    mutating func line(_ part: String) throws(WeightsError) -> String {
        guard let feed = bytes[position..<end].firstIndex(of: UInt8(ascii: "\n")) else {
            throw .truncated(file: file, part: part, expectedBytes: remaining + 1, gotBytes: remaining)
        }
        defer { position = feed + 1 }
        return String(decoding: bytes[position..<feed], as: UTF8.self)
    }

    func malformed(_ part: String, expected: String, got: String) -> WeightsError {
        .malformed(file: file, part: part, expected: expected, got: got)
    }
}
