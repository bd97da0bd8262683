import Platform

/// A JSON object on one line, its fields in the order in which they are added. Foundation's encoder keeps no order.
///
/// The order is that of the contract: people read lines with grep, and `seq` has to be first
/// (``JournalLine/sequence(of:)``).
package struct JSONLine {
    package private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]

    package init() {}

    package mutating func add(_ key: String, _ value: String) {
        begin(key)
        append(quoted: value)
    }

    package mutating func add(_ key: String, _ value: some BinaryInteger) {
        begin(key)
        append(value.description)
    }

    package mutating func add(_ key: String, _ value: Bool) {
        begin(key)
        append(value ? "true" : "false")
    }

    /// As short as reads back to the same number.
    ///
    /// - Precondition: `value` is finite: JSON has no other numbers.
    package mutating func add(_ key: String, _ value: some BinaryFloatingPoint & CustomStringConvertible) {
        precondition(value.isFinite, "JSON: \(key): \(value)")
        begin(key)
        append(value.description)
    }

    package mutating func add(_ key: String, _ object: JSONLine) {
        begin(key)
        bytes += object.closed
    }

    package mutating func add(_ key: String, _ objects: [JSONLine]) {
        begin(key)
        append("[")
        for (index, object) in objects.enumerated() {
            if index > 0 { append(",") }
            bytes += object.closed
        }
        append("]")
    }

    /// The whole object. A copy: more may be added to this one.
    package var closed: [UInt8] { bytes + [UInt8(ascii: "}")] }

    private mutating func begin(_ key: String) {
        if bytes.count > 1 { append(",") }
        append(quoted: key)
        append(":")
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }

    private mutating func append(quoted text: String) {
        append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": bytes += [UInt8(ascii: "\\"), UInt8(scalar.value)]
            // JSON asks for it below U+0020; the others are what a terminal would obey.
            case _ where PrintableText.isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            // What is left is UTF-8 and stands as it is.
            default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
        append("\"")
    }
}
