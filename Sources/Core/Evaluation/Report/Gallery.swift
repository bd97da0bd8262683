internal import Foundation

/// Pictures that the limit judged wrong, beside their heat maps, and what is unusual in them beside the nearest good patch.
struct Gallery {
    /// The longer side of a picture, in pixels.
    private static let longestSide = 190
    /// Of the pair of patches, and how fine the pictures are that they are cut of.
    private static let (pairHeight, pairWidth, pairSource) = (190, 385, 640)
    private static let shown = 6

    private struct Exhibit {
        let picture: MisjudgedPicture
        let run: EvaluationRun
    }

    /// Where pictures of the data set come from.
    struct Source {
        let area: InspectionArea
        /// The test picture of a file name below `test`.
        let test: (_ file: String) throws -> Picture
        /// A shot by its file name.
        let shot: (_ name: String) throws -> Picture
    }

    private let rejects: [Exhibit]
    private let escapes: [Exhibit]

    /// The worst of all seeds; a picture that several seeds misjudge is shown once, with the seed where it is worst.
    init(_ result: ShotEvaluation) {
        let all = result.runs.flatMap { run in run.misjudged.map { Exhibit(picture: $0, run: run) } }
        rejects = Self.worst(all.filter { $0.picture.defect == nil })
        escapes = Self.worst(all.filter { $0.picture.defect != nil })
    }

    private static func worst(_ exhibits: [Exhibit]) -> [Exhibit] {
        var seen: Set<String> = []
        let unique = exhibits.sorted { $0.picture.margin > $1.picture.margin }
            .filter { seen.insert($0.picture.file).inserted }
        return Array(unique.prefix(shown))
    }

    /// - Throws: what the source throws.
    func html(_ source: Source) throws -> HTML {
        """
        <h4>Worst false rejects</h4>
        \(try row(rejects, none: "No good picture reaches the limit.", source))
        <h4>Worst escapes</h4>
        \(try row(escapes, none: "No defective picture is below the limit.", source))
        """
    }

    private func row(_ exhibits: [Exhibit], none: String, _ source: Source) throws -> HTML {
        if exhibits.isEmpty { return "<p class=\"none\">\(none)</p>" }
        let figures = try exhibits.map { exhibit -> HTML in
            let picture = exhibit.picture
            let image = try source.test(picture.file).image(atLeast: Self.longestSide)
            var style = HeatMapStyle.standard
            style.maxSide = Self.longestSide
            let heatMap = image.withHeatMap(anomalyMap: picture.anomalyMap, limit: 1, regions: [], style: style)
            let score = String(format: "%.2f", picture.score)
            return """
                <figure>\(.picture(heatMap, "\(picture.file) and its heat map"))\
                <figcaption>\(picture.file)<br>score \(score) of the limit, seed \(exhibit.run.seed)</figcaption>\
                \(try pair(exhibit, source))</figure>

                """
        }
        return "<div class=\"gallery\">\(figures)</div>"
    }

    /// What is most unusual in it and the good patch that is most like it; nothing of a method that remembers none.
    private func pair(_ exhibit: Exhibit, _ source: Source) throws -> HTML {
        guard let nearest = exhibit.picture.nearest, let match = nearest.match,
            case .shot(let number) = match.place.origin, exhibit.run.shots.indices.contains(number)
        else { return "" }
        let shot = exhibit.run.shots[number]
        let (part, good) = (try source.test(exhibit.picture.file), try source.shot(shot))
        let pair = nearest.drawn(
            beside: match.place, part: try source.area.image(of: part, inputSize: Self.pairSource),
            good: try source.area.image(of: good, inputSize: Self.pairSource)
        ).resized(height: Self.pairHeight, width: Self.pairWidth, filter: .bicubic)
        return """
            \(.picture(pair, "where \(exhibit.picture.file) is most unusual, and the nearest good patch"))\
            <figcaption>most unusual, and nearest good: shot \(shot), distance \(String(format: "%.3f", match.distance))</figcaption>
            """
    }
}
