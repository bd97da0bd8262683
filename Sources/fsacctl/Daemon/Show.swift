import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl show`: one part, and the good one that is most like it where it is most unusual.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the verdict on one part, and the good patch nearest to what is unusual in it.",
        discussion: """
            The nearest good patch is found by the stored picture and the generation that judged the part, when it is asked for. \
            The picture of --nearest has the part on the left and the good one on the right, turned as the part lies and at the \
            same scale, with a frame around the patch in both.
            """)

    @Argument(help: "The verdict's number, as `fsacctl tail` shows it.")
    var seq: UInt64

    @Option(help: ArgumentHelp("Write part and nearest good patch side by side (PNG).", valueName: "file"))
    var nearest: String?

    @Option(help: ArgumentHelp("Write the part's picture, as it is stored.", valueName: "file"))
    var picture: String?

    @Option(help: ArgumentHelp("Write the heat map, as it is stored.", valueName: "file"))
    var heatmap: String?

    @OptionGroup var daemon: DaemonOptions

    private struct Reply: Encodable {
        let inspection: InspectionRecord
        let nearest: NearestReply
    }

    func run() async throws {
        for path in [nearest, picture, heatmap].compactMap(\.self) { try OutputFile.prepare(path) }
        let path = "\(ControlPath.inspections)/\(seq)"
        let client = daemon.client
        let record = try await client.get(path, as: InspectionRecord.self)
        for (file, kind) in [(picture, "image"), (heatmap, "heatmap"), (nearest, "nearest")] {
            guard let file else { continue }
            try OutputFile.write(try await client.bytes(.get, "\(path)/\(kind)"), to: file)
        }
        let nearest = try await client.get("\(path)/nearest", query: ["as": "json"], as: NearestReply.self)
        if daemon.json { return try printJSON(Reply(inspection: record, nearest: nearest)) }
        Terminal.write(VerdictLineView(record: record).text)
        for region in record.regions {
            Terminal.write(
                "  region at (\(region.x), \(region.y)), \(region.width) x \(region.height), peak "
                    + "\(Format.score(region.peak))\n")
        }
        Terminal.write("  \(nearest.text)\n")
    }
}
