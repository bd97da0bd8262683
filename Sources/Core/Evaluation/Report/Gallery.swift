internal import Foundation

/// Pictures that the limit judged wrong, beside their heat maps.
struct Gallery {
    /// The longer side of a picture, in pixels.
    private static let longestSide = 190
    private static let shown = 6

    private struct Exhibit {
        let picture: MisjudgedPicture
        let seed: Int
    }

    private let rejects: [Exhibit]
    private let escapes: [Exhibit]

    /// The worst of all seeds; a picture that several seeds misjudge is shown once, with the seed where it is worst.
    init(_ result: ShotEvaluation) {
        let all = result.runs.flatMap { run in run.misjudged.map { Exhibit(picture: $0, seed: run.seed) } }
        rejects = Self.worst(all.filter { $0.picture.defect == nil })
        escapes = Self.worst(all.filter { $0.picture.defect != nil })
    }

    private static func worst(_ exhibits: [Exhibit]) -> [Exhibit] {
        var seen: Set<String> = []
        let unique = exhibits.sorted { $0.picture.margin > $1.picture.margin }
            .filter { seen.insert($0.picture.file).inserted }
        return Array(unique.prefix(shown))
    }

    /// - Parameter read: the test picture of a file name below `test`.
    /// - Throws: what `read` throws.
    func html(read: (_ file: String) throws -> Picture) throws -> HTML {
        """
        <h4>Worst false rejects</h4>
        \(try row(rejects, none: "No good picture reaches the limit.", read))
        <h4>Worst escapes</h4>
        \(try row(escapes, none: "No defective picture is below the limit.", read))
        """
    }

    private func row(_ exhibits: [Exhibit], none: String, _ read: (String) throws -> Picture) throws -> HTML {
        if exhibits.isEmpty { return "<p class=\"none\">\(none)</p>" }
        let figures = try exhibits.map { exhibit -> HTML in
            let picture = exhibit.picture
            let image = try read(picture.file).image(atLeast: Self.longestSide)
            var style = HeatMapStyle.standard
            style.maxSide = Self.longestSide
            let heatMap = image.withHeatMap(anomalyMap: picture.anomalyMap, limit: 1, regions: [], style: style)
            let score = String(format: "%.2f", picture.score)
            return """
                <figure>\(Self.tag(heatMap, "\(picture.file) and its heat map"))\
                <figcaption>\(picture.file)<br>score \(score) of the limit, seed \(exhibit.seed)</figcaption></figure>

                """
        }
        return "<div class=\"gallery\">\(figures)</div>"
    }

    private static func tag(_ image: Image, _ description: String) -> HTML {
        let data = Data(image.jpegBytes(qualityPercent: 82)).base64EncodedString()
        return """
            <img alt="\(description)" width="\(image.width)" height="\(image.height)" \
            src="data:image/jpeg;base64,\(HTML(source: data))">
            """
    }
}
