import Glibc

/// What this computer is called.
package enum HostName {
    /// In one line, though it may be any text.
    package static var text: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "station" }
        let bytes = name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        return PrintableText.line(String(decoding: bytes, as: UTF8.self))
    }
}
