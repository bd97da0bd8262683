import ArgumentParser
package import Core
import Foundation
import Glibc
import Platform

/// `fsacctl synthesize`: the anomalies that a fit learns from, to look at: whether they look like what may go wrong
/// with the part is for a person to see. The same seed draws the same files.
struct Synthesize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw synthetic anomalies into normal pictures.",
        discussion: """
            Writes <number>-<generator>.png, <number>-<generator>_mask.png and contact-sheet.png. The sheet shows each normal \
            picture, the picture with the anomaly, and the anomaly's outline. The generators and the pictures take turns. \
            Where an object can be told from its background in all pictures, anomalies are drawn on it.
            """)

    @Argument(help: "Normal pictures, folders of them, or data sets in MVTec AD's layout.", completion: .file())
    var inputs: [String]

    @Option(help: "The folder to write into.", completion: .directory)
    var output: String

    @Option(help: "perturbation, nsa, cutpaste or perlin (default: all in turn).")
    var generator: AnomalyGenerator?

    @Option(help: "Anomalies to draw.")
    var count = 12

    @Option(help: "The same number gives the same anomalies.")
    var seed: UInt64 = 0

    @Option(help: "0 is small and faint, 1 as large and opaque as in the papers.")
    var strength: Float = 1

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        struct Drawing: Encodable {
            let source: String
            let generator: AnomalyGenerator
            let image: String
            let mask: String
            /// The share of the pixels that the mask counts as anomalous.
            let area: Float
            let milliseconds: Double
        }
        var drawings: [Drawing] = []
        let contactSheet: String
        /// The share of the first picture that is the object; nil if no object was told from the background.
        let foreground: Float?

        enum CodingKeys: String, CodingKey {
            case drawings, foreground
            case contactSheet = "contact_sheet"
        }
    }

    func validate() throws {
        guard (1...10_000).contains(count) else { throw ValidationError("--count: expected 1 to 10000, got \(count)") }
        guard (0...1).contains(strength) else { throw ValidationError("--strength: expected 0 to 1, got \(strength)") }
    }

    func run() throws {
        // No more than will be drawn on: all are held in memory.
        let paths = Array(try inputs.flatMap(PictureList.paths).prefix(count))
        let images = try paths.map { path in try Self.image(path) }
        try OutputFile.makeFolder(output)
        // Of all pictures together, as a fit does it.
        let estimate = ForegroundEstimate(shots: images)
        var report = Report(
            contactSheet: output + "/contact-sheet.png", foreground: estimate.mask(of: images[0])?.share)
        var sheet = ContactSheet()
        let generators = generator.map { [$0] } ?? AnomalyGenerator.allCases
        let progress = ProgressBar("drawing", total: Double(count), unit: "pictures")
        defer { progress.finish() }
        var random = SplitMix64(seed: seed)
        for number in 0..<count {
            // Not in step: every picture meets every generator.
            let index = (number + number / max(generators.count, images.count)) % images.count
            let generator = generators[number % generators.count]
            let foreground = estimate.mask(of: images[index])
            // The drawing alone: reading and writing are not what a fit pays for.
            let start = ContinuousClock.now
            let anomaly = generator.anomaly(
                on: images[index], source: images[(index + 1) % images.count], foreground: foreground,
                strength: strength, using: &random)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let stem = String(format: "%@/%04d-%@", output, number, generator.rawValue)
            try OutputFile.write(anomaly.image.pngBytes(), to: stem + ".png")
            try OutputFile.write(anomaly.mask.greyImage.pngBytes(), to: stem + "_mask.png")
            sheet.add(images[index], anomaly)
            report.drawings.append(
                .init(
                    source: paths[index], generator: generator, image: stem + ".png", mask: stem + "_mask.png",
                    area: anomaly.mask.values.reduce(0, +) / Float(anomaly.mask.values.count),
                    milliseconds: seconds * 1000))
            progress.update(Double(number + 1))
        }
        progress.finish()
        try OutputFile.write(sheet.image.pngBytes(), to: report.contactSheet)
        if json { try printJSON(report) } else { show(report) }
    }

    private static func image(_ path: String) throws -> Image {
        let image = try Picture(.file, bytes: try ImageFile.read(path: path)).image()
        guard min(image.height, image.width) >= 8 else {
            throw ClientError.file(
                path: path, reason: "expected at least 8 x 8 pixels, got \(image.width) x \(image.height)")
        }
        return image
    }

    private func show(_ report: Report) {
        var table = Table("PICTURE", "GENERATOR", ">AREA", ">MS", "SOURCE")
        for drawing in report.drawings {
            table.add(
                URL(filePath: drawing.image).lastPathComponent, drawing.generator.rawValue,
                String(format: "%.2f %%", 100 * drawing.area), String(format: "%.1f", drawing.milliseconds),
                drawing.source)
        }
        Terminal.write(table.text)
        let object = report.foreground.map { String(format: "drawn on the object (%.0f %% of the picture)", 100 * $0) }
        Terminal.line("\(object ?? "no object told from a background: drawn anywhere"); see \(report.contactSheet)")
    }
}

extension AnomalyGenerator: ExpressibleByArgument {}

/// Pictures that are named one by one, or by the folder that they lie in.
enum PictureList {
    /// A file is itself; a folder its pictures by name; a data set those of `train/good`.
    static func paths(_ input: String) throws -> [String] {
        guard OutputFile.isFolder(input) else { return [input] }
        if access(input + "/train/good", F_OK) == 0 { return try paths(input + "/train/good") }
        let names = try Disk().names(in: input).filter { name in
            ImageFormat.fileEndings.contains("." + URL(filePath: name).pathExtension.lowercased())
                && !name.hasPrefix(".")
        }
        guard !names.isEmpty else {
            throw ClientError.file(path: input, reason: "expected JPEG, PNG, BMP or TIFF pictures, found none")
        }
        // By name, so that the same folder gives the same pictures on every file system.
        return names.map { "\(input)/\($0)" }
    }
}
