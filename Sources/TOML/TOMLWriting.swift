/// Values as a TOML file has them, for what this program writes itself.
package protocol TOMLWritable {
    var toml: String { get }
}

extension Int: TOMLWritable { package var toml: String { "\(self)" } }
extension Bool: TOMLWritable { package var toml: String { "\(self)" } }
/// Finite: `4.0`, `1e-05`.
extension Double: TOMLWritable { package var toml: String { "\(self)" } }

extension String: TOMLWritable {
    /// In one line, whatever is in it.
    package var toml: String {
        var text = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

extension Array: TOMLWritable where Element: TOMLWritable {
    package var toml: String { "[" + map(\.toml).joined(separator: ", ") + "]" }
}
