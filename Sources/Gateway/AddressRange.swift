import Glibc

/// Addresses of hosts: one, or all that begin alike (`192.168.10.0/24`, `fd00::/8`).
package struct AddressRange: Sendable, Equatable {
    private let address: NetworkAddress
    private let length: Int

    package init?(_ text: String) {
        let pieces = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(pieces.count), let address = NetworkAddress(String(pieces[0])) else { return nil }
        let whole = address.bytes.count * 8
        guard let length = pieces.count == 2 ? Int(pieces[1]) : whole, (0...whole).contains(length) else { return nil }
        (self.address, self.length) = (address, length)
    }

    package func contains(_ other: NetworkAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        return zip(address.bytes, other.bytes).enumerated().allSatisfy { index, pair in
            let bits = min(8, max(0, length - 8 * index))
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            return pair.0 & mask == pair.1 & mask
        }
    }
}

/// An address of IPv4, 4 bytes, or of IPv6, 16. One of IPv4 that is dressed as IPv6 (`::ffff:192.168.10.5`) is one of IPv4.
package struct NetworkAddress: Sendable, Equatable, CustomStringConvertible {
    let bytes: [UInt8]

    package init?(_ text: String) {
        var buffer = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &buffer) == 1 {
            bytes = Array(buffer.prefix(4))
        } else if inet_pton(AF_INET6, text, &buffer) == 1 {
            bytes = Self.undressed(buffer)
        } else {
            return nil
        }
    }

    /// Of a peer, as the system gives it; nil for other families.
    init?(_ storage: sockaddr_storage) {
        let found: [UInt8]? = withUnsafeBytes(of: storage) { raw in
            switch CInt(storage.ss_family) {
            case AF_INET: Array(raw[4..<8])
            case AF_INET6: Self.undressed(Array(raw[8..<24]))
            default: nil
            }
        }
        guard let found else { return nil }
        bytes = found
    }

    private static func undressed(_ bytes: [UInt8]) -> [UInt8] {
        let dress: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return bytes.starts(with: dress) ? Array(bytes.dropFirst(12)) : bytes
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: 64)
        guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, 64) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
