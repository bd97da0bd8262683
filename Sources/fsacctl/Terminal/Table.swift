import Foundation
import Platform

/// Rows under headings, columns as wide as their widest cell and two spaces apart. For people; programs take `--json`.
struct Table {
    enum Alignment { case left, right }
    struct Column {
        var heading: String
        var alignment = Alignment.left
    }

    var columns: [Column]
    var rows: [[String]] = []

    /// Headings that begin with `>` belong to columns of numbers, which are aligned at the right.
    init(_ headings: String...) {
        columns = headings.map { heading in
            heading.hasPrefix(">")
                ? Column(heading: String(heading.dropFirst()), alignment: .right) : Column(heading: heading)
        }
    }

    mutating func add(_ cells: String...) {
        precondition(cells.count == columns.count, "table: \(cells.count) cells for \(columns.count) columns")
        rows.append(cells)
    }

    var text: String {
        // Names of others are in cells: a line end in one of them would end the row.
        let all = [columns.map(\.heading)] + rows.map { $0.map { PrintableText.line($0) } }
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = columns.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return columns[column].alignment == .left ? row[column] + padding : padding + row[column]
            }
            // Without blanks at the end, which a copy from the terminal would take along.
            let line = cells.joined(separator: "  ")
            return line[...(line.lastIndex { $0 != " " } ?? line.startIndex)] + "\n"
        }.joined()
    }
}

/// Names and values below each other, the values at one edge. A name that is empty goes on with the one above.
struct Block {
    private var rows: [(name: String, value: String)] = []

    mutating func add(_ name: String, _ value: String) { rows.append((name, value)) }

    mutating func add(_ name: String, _ value: String?) {
        if let value { rows.append((name, value)) }
    }

    var text: String {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { name, value in
            // Padded inside of the colour, whose codes must not count.
            Style.faint(name + String(repeating: " ", count: width - name.count)) + "  \(value)\n"
        }.joined()
    }
}

/// Numbers for people, with their units. Never by the user's language: they look as in the configuration and in the
/// journal.
enum Format {
    static func score(_ value: Float) -> String { String(format: "%.4f", value) }
    static func percent(_ share: Double) -> String { String(format: "%.3g %%", share * 100) }
    static func milliseconds(_ value: Double) -> String { String(format: "%.1f ms", value) }

    /// Decimal, as disks are sold and `df -H` counts.
    static func bytes(_ count: some BinaryInteger) -> String {
        var (value, units) = (Double(count), ["B", "kB", "MB", "GB", "TB"][...])
        while value >= 1000, units.count > 1 {
            value /= 1000
            units = units.dropFirst()
        }
        return String(format: value < 10 && units.first != "B" ? "%.1f %@" : "%.0f %@", value, units.first ?? "B")
    }

    /// The two units that matter, rounded down.
    static func duration(seconds: Double) -> String {
        let whole = Int(seconds)
        return switch whole {
        case ..<60: "\(whole) s"
        case ..<3600: "\(whole / 60) min \(whole % 60) s"
        case ..<86400: "\(whole / 3600) h \(whole % 3600 / 60) min"
        default: "\(whole / 86400) d \(whole % 86400 / 3600) h"
        }
    }
}
