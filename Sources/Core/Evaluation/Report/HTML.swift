internal import Foundation

/// Text that is HTML already, told from text that is not.
struct HTML: ExpressibleByStringInterpolation, ExpressibleByStringLiteral {
    let source: String

    init(source: String) { self.source = source }
    init(stringLiteral value: String) { source = value }
    init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }

    /// What is interpolated is escaped, unless it is HTML itself.
    struct StringInterpolation: StringInterpolationProtocol {
        var source = ""

        init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity) }
        mutating func appendLiteral(_ literal: String) { source += literal }
        mutating func appendInterpolation(_ text: String) { source += HTML.escaped(text) }
        mutating func appendInterpolation(_ number: Int) { source += "\(number)" }
        mutating func appendInterpolation(_ html: HTML) { source += html.source }
        mutating func appendInterpolation(_ pieces: [HTML]) { source += pieces.map(\.source).joined() }

        /// A length in a drawing, to a tenth.
        mutating func appendInterpolation(_ length: Double) { source += String(format: "%.1f", length) }
    }

    /// Text as it may stand between tags and in attributes.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // What XML and HTML have no way to say; a file name may hold it.
            case "\u{0}"..<"\u{9}", "\u{B}", "\u{C}", "\u{E}"..<" ": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
