import CCrypto

/// What a PIN is checked against: scrypt's key of it (RFC 7914) and the salt, as text `scrypt:SALT:KEY` in hexadecimal digits. It
/// takes 32 MiB and a twentieth of a second: what stands in a file does not give a PIN away at once, but a short one in the end.
package struct PINHash: Sendable, Equatable {
    /// Of a PIN: digits, for they are typed with gloves.
    package static let digits = 4...12
    private static let (saltBytes, keyBytes) = (16, 32)
    private static let prefix = "scrypt:"

    private let salt: [UInt8]
    private let key: [UInt8]

    /// With a salt by chance; nil when it is no PIN.
    package init?(of pin: String) {
        guard Self.digits.contains(pin.utf8.count), pin.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        var random = SystemRandomNumberGenerator()
        salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        key = Self.scrypt(Array(pin.utf8), salt: salt, count: Self.keyBytes)
    }

    /// - Returns: nil when it is no such text.
    package init?(text: String) {
        let pieces = text.split(separator: ":", omittingEmptySubsequences: false)
        guard pieces.count == 3, text.hasPrefix(Self.prefix), let salt = Self.bytes(pieces[1]),
            let key = Self.bytes(pieces[2]), salt.count == Self.saltBytes, key.count == Self.keyBytes
        else { return nil }
        (self.salt, self.key) = (salt, key)
    }

    package var text: String { Self.prefix + Self.digits(salt) + ":" + Self.digits(key) }

    /// Computes for a while: never on an event loop.
    package func matches(_ pin: String) -> Bool {
        // All of it is compared, whatever differs first.
        zip(key, Self.scrypt(Array(pin.utf8), salt: salt, count: key.count)).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// - Parameter cost: N of the RFC; r is 8, p is 1.
    package static func scrypt(_ password: [UInt8], salt: [UInt8], cost: UInt64 = 1 << 15, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { key, written in
            let isDone = password.withUnsafeBytes { password in
                EVP_PBE_scrypt(
                    password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count, salt, salt.count, cost,
                    8, 1,
                    64 << 20, key.baseAddress, count)
            }
            // Without memory there is nothing to go on with.
            precondition(isDone == 1, "libcrypto has no scrypt")
            written = count
        }
    }

    private static func digits(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func bytes(_ digits: Substring) -> [UInt8]? {
        guard digits.utf8.count.isMultiple(of: 2), digits.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else {
            return nil
        }
        let all = Array(digits.utf8)
        return stride(from: 0, to: all.count, by: 2).map {
            UInt8(String(decoding: all[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }
}
