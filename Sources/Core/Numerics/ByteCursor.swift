/// A place in bytes that nobody vouches for, read front to back: past the end there is nil, never a trap, and the place stays.
struct ByteCursor {
    enum Order {
        case big
        case little
    }

    /// All of the file; ranges count in its indices.
    let bytes: ArraySlice<UInt8>
    /// Names the bytes in messages.
    let file: String
    private(set) var position: Int
    private let order: Order

    init(_ bytes: ArraySlice<UInt8>, order: Order, file: String = "") {
        self.bytes = bytes
        self.file = file
        self.order = order
        position = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - position }

    /// A cursor over a section of this one.
    func slice(_ range: Range<Int>) -> ByteCursor { ByteCursor(bytes[range], order: order, file: file) }

    /// Steps over `count` bytes and says where they are.
    @discardableResult
    mutating func skip(_ count: Int) -> Range<Int>? {
        guard count >= 0, count <= remaining else { return nil }
        defer { position += count }
        return position..<position + count
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? { skip(count).map { bytes[$0] } }

    mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
        guard let bytes = take(MemoryLayout<Number>.size) else { return nil }
        return switch order {
        case .big: bytes.reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        case .little: bytes.reversed().reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        }
    }

    /// What lies before the next line feed, which is stepped over; nil if there is none.
    mutating func line() -> ArraySlice<UInt8>? {
        guard let feed = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { position = feed + 1 }
        return bytes[position..<feed]
    }
}
