internal import Foundation

/// A drawing with two axes, in SVG; colours come from the page's style.
package struct Chart {
    static let (width, height) = (340.0, 250.0)
    private static let (left, right, top, bottom) = (46.0, 12.0, 12.0, 40.0)

    let title: String
    let xLabel: String
    let yLabel: String
    let xRange: ClosedRange<Double>
    let yRange: ClosedRange<Double>
    /// What `xRange` ends with instead of its number.
    var xEnd: String?
    /// What stands below the axis in place of round numbers.
    package var xNames: [(x: Double, name: String)]?
    private var marks: [HTML] = []

    package init(
        _ title: String, x xLabel: String, _ xRange: ClosedRange<Double> = 0...1, y yLabel: String,
        _ yRange: ClosedRange<Double> = 0...1
    ) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.xRange = xRange
        self.yRange = yRange
    }

    private func x(_ value: Double) -> Double {
        Self.left + (value - xRange.lowerBound) / (xRange.upperBound - xRange.lowerBound)
            * (Self.width - Self.left - Self.right)
    }

    private func y(_ value: Double) -> Double {
        Self.height - Self.bottom - (value - yRange.lowerBound) / (yRange.upperBound - yRange.lowerBound)
            * (Self.height - Self.top - Self.bottom)
    }

    /// - Parameter style: names of the page's classes.
    package mutating func addLine(_ points: [(x: Double, y: Double)], style: String) {
        let text = points.map { String(format: "%.1f,%.1f", x($0.x), y($0.y)) }.joined(separator: " ")
        marks.append("<polyline class=\"\(style)\" points=\"\(text)\"/>")
    }

    package mutating func addBar(x range: ClosedRange<Double>, height: Double, style: String) {
        guard height > 0 else { return }
        let (start, end, top) = (x(range.lowerBound), x(range.upperBound), y(min(height, yRange.upperBound)))
        marks.append(
            "<rect class=\"\(style)\" x=\"\(start)\" y=\"\(top)\" width=\"\(end - start)\" height=\"\(y(0) - top)\"/>")
    }

    package mutating func addPoint(_ point: (x: Double, y: Double), style: String) {
        let radius = style == "out" ? 5.0 : 3.0
        marks.append("<circle class=\"\(style)\" cx=\"\(x(point.x))\" cy=\"\(y(point.y))\" r=\"\(radius)\"/>")
    }

    mutating func addVertical(at value: Double, label: String, style: String) {
        guard xRange.contains(value) else { return }
        let place = x(value)
        marks.append("<line class=\"\(style)\" x1=\"\(place)\" y1=\"\(Self.top)\" x2=\"\(place)\" y2=\"\(y(0))\"/>")
        let (offset, anchor) = place < Self.width / 2 ? (4.0, "start") : (-4.0, "end")
        marks.append(
            """
            <text class="mark" x="\(place + offset)" y="\(Self.top + 10)" text-anchor="\(anchor)">\(label)</text>
            """)
    }

    package var svg: HTML {
        let (centre, middle) = ((Self.left + Self.width - Self.right) / 2, (Self.top + Self.height - Self.bottom) / 2)
        return """
            <figure><svg role="img" aria-label="\(title)" viewBox="0 0 \(Self.width) \(Self.height)">
            \(grid)\(marks)
            <text class="axis" x="\(centre)" y="\(Self.height - 6)" text-anchor="middle">\(xLabel)</text>
            <text class="axis" transform="translate(12 \(middle)) rotate(-90)" text-anchor="middle">\(yLabel)</text>
            </svg><figcaption>\(title)</figcaption></figure>

            """
    }

    private var grid: [HTML] {
        let (xTicks, yTicks) = (xNames ?? numbers, Self.ticks(yRange))
        let columns = xTicks.map { value, label -> HTML in
            """
            <line class="grid" x1="\(x(value))" y1="\(Self.top)" x2="\(x(value))" y2="\(y(yRange.lowerBound))"/>\
            <text class="tick" x="\(x(value))" y="\(y(yRange.lowerBound) + 14)" text-anchor="middle">\(label)</text>
            """
        }
        let rows = yTicks.map { value -> HTML in
            """
            <line class="grid" x1="\(Self.left)" y1="\(y(value))" x2="\(Self.width - Self.right)" y2="\(y(value))"/>\
            <text class="tick" x="\(Self.left - 5)" y="\(y(value) + 4)" text-anchor="end">\(Self.text(value))</text>
            """
        }
        return columns + rows
    }

    private var numbers: [(x: Double, name: String)] {
        Self.ticks(xRange).map { ($0, $0 == xRange.upperBound ? xEnd ?? Self.text($0) : Self.text($0)) }
    }

    private static func text(_ value: Double) -> String { String(format: "%.4g", value) }

    /// About five round numbers from the range.
    static func ticks(_ range: ClosedRange<Double>) -> [Double] {
        let rough = (range.upperBound - range.lowerBound) / 5
        let power = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
        let first = Int((range.lowerBound / step).rounded(.up))
        let last = Int((range.upperBound / step + 1e-9).rounded(.down))
        guard first <= last else { return [] }
        return (first...last).map { Double($0) * step }
    }
}
