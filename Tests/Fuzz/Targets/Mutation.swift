import Core

/// Damage of every kind that needs no knowledge of a format, and some that needs a little.
package struct Mutation {
    private var random: SplitMix64
    private let inputs: [[UInt8]]

    /// - Parameter inputs: at least one.
    package init(of inputs: [[UInt8]], seed: UInt64) {
        random = SplitMix64(seed: seed)
        self.inputs = inputs
    }

    /// The next damaged input, the same ones for the same seed.
    package mutating func next() -> [UInt8] {
        var bytes = inputs[Int.random(in: inputs.indices, using: &random)]
        for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&bytes) }
        return bytes
    }

    private static let tokens: [[UInt8]] =
        [
            "0", "-1", "1e999", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1e-320", "null",
            "true", "\"\"", "[]", "{}", "[[", "{\"", "\\u0000", "\\ud800", "\n", "\r\n", "\0", ",", ":", "é",
        ].map { Array($0.utf8) } + [
            [0xFF], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0x80], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0, 0, 0, 0, 0x80],
            [0xFF, 0xD8], [0xFF, 0xDA], [0xFF, 0xC4], [0x80, 0x02], [0x95], [0x28, 0x75, 0x2E],
        ]

    private mutating func damage(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let rest = bytes.count - place
        switch Int.random(in: 0..<9, using: &random) {
        case 0 where rest > 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where rest > 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 2 where rest > 0: bytes.removeSubrange(place..<place + min(rest, Int.random(in: 1...64, using: &random)))
        case 3: bytes.removeLast(rest)
        case 4:
            // A piece of any input, here or in place of what is here.
            let other = inputs[Int.random(in: inputs.indices, using: &random)]
            let from = Int.random(in: 0...other.count, using: &random)
            let piece = other[from...].prefix(Int.random(in: 1...256, using: &random))
            let end = Bool.random(using: &random) ? place : place + min(rest, piece.count)
            bytes.replaceSubrange(place..<end, with: piece)
        case 5: changeNumber(&bytes, at: place)
        default:
            let token = Self.tokens[Int.random(in: Self.tokens.indices, using: &random)]
            let end = Bool.random(using: &random) ? place : place + min(rest, token.count)
            bytes.replaceSubrange(place..<end, with: token)
        }
    }

    /// A number in digits becomes another one.
    private mutating func changeNumber(_ bytes: inout [UInt8], at place: Int) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let first = bytes[place...].firstIndex(where: digits.contains) else { return }
        let end = bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.count
        let numbers = ["0", "1", "65536", "2147483648", "4294967296", "9223372036854775807", "99999999999999999999"]
        bytes.replaceSubrange(first..<end, with: Array(numbers[Int.random(in: numbers.indices, using: &random)].utf8))
    }
}
