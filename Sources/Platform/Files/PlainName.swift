/// Names of recipes and cameras, which become parts of file names.
///
/// Because of the first letter no name is hidden, leads out of a folder (`..`) or looks like an option; because of
/// ASCII it is the same bytes on every file system.
package enum PlainName {
    /// For messages: what ``isValid(_:)`` accepts, in words.
    package static let rule = "1 to 64 letters, digits, '-', '_' or '.', starting with a letter or digit"

    package static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 64 else { return false }
        let isAlphanumeric = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        return isAlphanumeric(first) && name.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }
}
