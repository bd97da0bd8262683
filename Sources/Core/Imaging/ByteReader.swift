/// Reads numbers from bytes that nobody vouches for: past the end there is nil, never a trap.
struct ByteReader {
    enum Order { case big, little }

    private var rest: ArraySlice<UInt8>
    private let order: Order

    init(_ bytes: ArraySlice<UInt8>, order: Order) {
        rest = bytes
        self.order = order
    }

    mutating func skip(_ count: Int) {
        rest = rest.dropFirst(count)
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func u16() -> UInt16? {
        number(of: 2).map { UInt16($0) }
    }

    mutating func u32() -> UInt32? {
        number(of: 4)
    }

    private mutating func number(of count: Int) -> UInt32? {
        guard let bytes = take(count) else { return nil }
        switch order {
        case .big: return bytes.reduce(0) { $0 << 8 | UInt32($1) }
        case .little: return bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
    }
}
