/// A file's path below a watched folder, as the file system has it: bytes, of any encoding or of none.
package struct FileName: Hashable, Comparable, Sendable {
    /// Without a slash in front, and without a zero.
    package let bytes: [UInt8]

    package init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    package init(_ text: String) { bytes = Array(text.utf8) }

    package static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }

    /// For journal and people: the name itself where it is UTF-8 without a backslash, else as ``escaped``. No two names have the
    /// same text.
    package var text: String {
        if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(Self.backslash) { return text }
        return escaped
    }

    /// On one line: bytes that are not printable ASCII, and backslashes, stand as `\xFC`.
    var escaped: String {
        bytes.reduce(into: "") { text, byte in
            if (0x20..<0x7F).contains(byte), byte != Self.backslash {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
    }

    /// The name that has this text, or is escaped so.
    package init(shown text: String) {
        var (bytes, rest) = ([UInt8](), Array(text.utf8)[...])
        while let byte = rest.popFirst() {
            if byte == Self.backslash, rest.first == UInt8(ascii: "x"),
                let escaped = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(escaped)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        self.bytes = bytes
    }

    /// In a folder below; the watched one itself has the empty name.
    package func appending(_ component: some Sequence<UInt8>) -> FileName {
        FileName(bytes.isEmpty ? Array(component) : bytes + [Self.slash] + component)
    }

    /// The folder that it is in, and its own name there.
    package var split: (folder: FileName, name: FileName) {
        guard let index = bytes.lastIndex(of: Self.slash) else { return (FileName(""), self) }
        return (FileName(bytes[..<index]), FileName(bytes[(index + 1)...]))
    }

    /// The ending with its dot in lower case, such as `.jpg`; empty without one.
    package var ending: String {
        let name = split.name.bytes
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return "" }
        return FileName(name[dot...]).text.lowercased()
    }

    /// A dot in front: other programs' temporary files, and nobody's folder.
    package var isHidden: Bool { split.name.bytes.first == UInt8(ascii: ".") }

    private static let (backslash, slash) = (UInt8(ascii: "\\"), UInt8(ascii: "/"))
}
