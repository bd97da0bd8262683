import Platform

/// Castagnoli's cyclic redundancy check, as of iSCSI (RFC 3720, appendix B.4): finds every single-bit flip.
package enum CRC32C {
    /// Remainders of the 256 bytes for the reflected polynomial 0x82F63B78.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { remainder, _ in
            remainder & 1 == 1 ? (remainder >> 1) ^ 0x82F6_3B78 : remainder >> 1
        }
    }

    /// A byte at a time: a line takes some microseconds, next to nothing beside its write.
    package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            ~bytes.reduce(~0) { remainder, byte in
                (remainder >> 8) ^ table[Int(UInt8(truncatingIfNeeded: remainder) ^ byte)]
            }
        }
    }

    /// Eight lower-case hexadecimal digits.
    package static func text(_ checksum: UInt32) -> String {
        withUnsafeBytes(of: checksum.bigEndian) { hexadecimal($0) }
    }
}
