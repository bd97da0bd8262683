/// Keyed digests (RFC 2104): who has the key knows that a message is of somebody who has it, and what it was.
package enum HMAC {
    private static let blockBytes = 64

    /// - Returns: 32 bytes.
    package static func sha256(of message: [UInt8], key: [UInt8]) -> [UInt8] {
        var block = key.count > blockBytes ? SHA256.digest(of: key) : key
        block += [UInt8](repeating: 0, count: blockBytes - block.count)
        let inner = SHA256.digest(of: block.map { $0 ^ 0x36 } + message)
        return SHA256.digest(of: block.map { $0 ^ 0x5C } + inner)
    }
}
