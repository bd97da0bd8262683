/// Whether a text is what ``hexadecimal(_:separator:)`` writes of so many bytes, without a separator.
package func isHexadecimal(_ text: String, bytes: Int) -> Bool {
    text.utf8.count == 2 * bytes && text.utf8.allSatisfy("0123456789abcdef".utf8.contains)
}

/// Two lower-case digits a byte, the first byte first.
///
/// - Parameter separator: goes between bytes.
package func hexadecimal(_ bytes: some Sequence<UInt8>, separator: String = "") -> String {
    let digits = Array("0123456789abcdef")
    return bytes.map { String([digits[Int($0 >> 4)], digits[Int($0 & 15)]]) }.joined(separator: separator)
}
