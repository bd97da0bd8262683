import Glibc

/// An address of this computer and a port of it: `127.0.0.1:8744`, `[::1]:8744`.
package struct ListenAddress: Sendable, Equatable {
    package let host: String
    package let port: Int

    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        let host = text[..<colon]
        let isInBrackets = host.hasPrefix("[") && host.hasSuffix("]")
        var address = in6_addr()
        let bare = isInBrackets ? String(host.dropFirst().dropLast()) : String(host)
        guard inet_pton(isInBrackets ? AF_INET6 : AF_INET, bare, &address) == 1 else { return nil }
        (self.host, self.port) = (bare, Int(port))
    }
}
