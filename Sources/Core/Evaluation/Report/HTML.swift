internal import Foundation

/// Text that is HTML already, told from text that is not.
package struct HTML: ExpressibleByStringInterpolation, ExpressibleByStringLiteral {
    package let source: String

    init(source: String) { self.source = source }
    package init(stringLiteral value: String) { source = value }
    package init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }

    /// What is interpolated is escaped, unless it is HTML itself.
    package struct StringInterpolation: StringInterpolationProtocol {
        var source = ""

        package init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity) }
        package mutating func appendLiteral(_ literal: String) { source += literal }
        package mutating func appendInterpolation(_ text: String) { source += HTML.escaped(text) }
        package mutating func appendInterpolation(_ number: Int) { source += "\(number)" }
        package mutating func appendInterpolation(_ html: HTML) { source += html.source }
        package mutating func appendInterpolation(_ pieces: [HTML]) { source += pieces.map(\.source).joined() }

        /// A length in a drawing, to a tenth.
        package mutating func appendInterpolation(_ length: Double) { source += String(format: "%.1f", length) }
    }

    /// A picture in the page itself.
    package static func picture(_ image: Image, _ description: String) -> HTML {
        let data = Data(image.jpegBytes(qualityPercent: 82)).base64EncodedString()
        return """
            <img alt="\(description)" width="\(image.width)" height="\(image.height)" \
            src="data:image/jpeg;base64,\(HTML(source: data))">
            """
    }

    /// A table that may be wider than the window: moved by the keyboard, too.
    package static func wide(_ name: String, _ table: HTML) -> HTML {
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"\(name)\">\(table)</div>"
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
