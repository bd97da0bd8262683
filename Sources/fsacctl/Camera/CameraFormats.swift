import ArgumentParser
import Capture
import Foundation
import Settings

/// `fsacctl camera formats`: what `format`, `width`, `height` and `rate_hz` of the configuration can be.
struct CameraFormats: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "formats", abstract: "List the formats, sizes and rates that a camera offers.")

    @OptionGroup var options: CameraOptions

    @Flag(help: "Also list formats that fsac does not read.")
    var all = false

    func run() throws {
        let device = try options.open()
        defer { device.close() }
        let formats = try camera(try options.path()) { () throws(DeviceFailure) in try reports(of: device) }
        if options.json { return try printJSON(formats) }
        let hidden = formats.count { !$0.readable }
        guard all || hidden < formats.count else {
            return Terminal.say("no format that fsac reads; --all lists the \(hidden) others")
        }
        var table = Table("FORMAT", "", ">SIZE", "FRAMES A SECOND")
        var last: FormatReport?
        for format in formats where all || format.readable {
            // Many cameras offer the same sizes in every format: once is enough.
            if let last, last.sizes == format.sizes, !last.sizes.isEmpty {
                table.add(format.format, format.description, "as \(last.format)", "")
                continue
            }
            last = format
            let sizes = format.sizes.isEmpty ? [FormatReport.Size.unknown] : format.sizes
            for (index, size) in sizes.enumerated() {
                table.add(
                    index == 0 ? format.format : "", index == 0 ? format.description : "", size.text, size.ratesText)
            }
        }
        Terminal.write(table.text)
        if !all, hidden > 0 { Terminal.say(Style.faint("\(hidden) formats that fsac does not read: --all")) }
    }

    private func reports(of device: V4L2Device) throws(DeviceFailure) -> [FormatReport] {
        var reports: [FormatReport] = []
        for (fourCC, description) in try device.offers() {
            var sizes: [FormatReport.Size] = []
            for range in try device.sizeRanges(of: fourCC) {
                // Of a range of sizes the largest, for which the rates are usually the lowest.
                let rates = try device.rates(
                    of: fourCC, height: range.height.upperBound, width: range.width.upperBound)
                sizes.append(FormatReport.Size(range, rates: rates))
            }
            let isReadable = FrameReading(fourCC) != nil
            reports.append(
                FormatReport(
                    format: fourCC.description, description: description, readable: isReadable, sizes: sizes))
        }
        return reports
    }
}

/// A format, its sizes and their rates. `--json` has all formats, whether or not `--all` is given.
private struct FormatReport: Encodable {
    struct Size: Encodable, Equatable {
        /// One number for the minimum and the maximum where there is one size.
        var text: String
        var minWidth = 0
        var minHeight = 0
        var maxWidth = 0
        var maxHeight = 0
        /// Frames a second: slowest and fastest of each rate or range of rates.
        var rates: [[Double]] = []

        /// Of a driver that lists no sizes.
        static let unknown = Size(text: "?")

        private enum CodingKeys: String, CodingKey {
            case text, rates
            case minWidth = "min_width"
            case minHeight = "min_height"
            case maxWidth = "max_width"
            case maxHeight = "max_height"
        }

        var ratesText: String {
            rates.map { range in
                let bounds = range.map { String(format: "%.4g", $0) }
                return bounds[0] == bounds[1] ? bounds[0] : "\(bounds[0]) to \(bounds[1])"
            }.joined(separator: ", ")
        }
    }

    var format: String
    var description: String
    /// Whether fsac reads it.
    var readable: Bool
    var sizes: [Size]
}

extension FormatReport.Size {
    fileprivate init(_ range: SizeRange, rates: [ClosedRange<Double>]) {
        self.init(
            text: range.description, minWidth: range.width.lowerBound, minHeight: range.height.lowerBound,
            maxWidth: range.width.upperBound, maxHeight: range.height.upperBound,
            rates: rates.map { [$0.lowerBound, $0.upperBound] })
    }
}
