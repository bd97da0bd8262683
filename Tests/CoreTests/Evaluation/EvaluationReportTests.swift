import Core
import Foundation
import FoundationXML
import Testing

@Suite struct EvaluationReportTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func write(_ image: Image, _ path: String) throws {
        let url = URL(filePath: folder.path + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(image.pngBytes()).write(to: url)
    }

    /// Two data sets, one with an awkward name; one "defect" of the second cannot be seen, so that it escapes.
    private func evaluation() throws -> Evaluation {
        for set in ["cap", "<b>, \"1\" & more"] {
            for number in 0..<4 { try write(MadeUpPart.picture(number), "\(set)/train/good/\(number).png") }
            for number in 0..<3 { try write(MadeUpPart.picture(50 + number), "\(set)/test/good/\(number).png") }
            try write(MadeUpPart.defective(80), "\(set)/test/square/0.png")
        }
        try write(MadeUpPart.picture(90), "cap/test/invisible/0.png")
        let settings = MethodSettings.memory(layers: [1, 2], rotations: 1)
        var results: [ShotEvaluation] = []
        for set in try DataSet.readAll(in: folder.path) {
            let plans = try FewShotProtocol.plans(of: set, shotCounts: [1, 2], seeds: 2)
            results += try FewShotProtocol(
                extractors: madeUpSource(), settings: settings, parallelism: .serial, now: { .zero }
            ).evaluate(set, plans: plans)
        }
        return Evaluation(
            backbone: madeUpExtractor().identity, settings: settings, threads: 1, draw: nil,
            results: results)
    }

    private func html(_ evaluation: Evaluation) throws -> String {
        try evaluation.html(
            origin: "now & then", link: { set, file in set == "cap" ? "file:///\(set)/test/\(file)" : nil },
            read: { set, file in
                Picture(.file, bytes: try ImageFile.read(path: "\(folder.path)/\(set)/test/\(file)"))
            },
            shot: { set, name in
                Picture(.file, bytes: try ImageFile.read(path: "\(folder.path)/\(set)/train/good/\(name)"))
            })
    }

    @Test func meansAreOverTheDataSets() throws {
        let evaluation = try evaluation()
        #expect(evaluation.means.map(\.shots) == [1, 2])
        let ofOneShot = evaluation.results.filter { $0.shots == 1 }.compactMap { $0.mean[.imageAUROC] }
        #expect(ofOneShot.count == 2)
        #expect(evaluation.means[0].mean[.imageAUROC] == (ofOneShot[0] + ofOneShot[1]) / 2)
        let json = String(decoding: try JSONEncoder().encode(evaluation), as: UTF8.self)
        for key in ["\"mean\":[", "\"balanced_accuracy\":", "\"fit_seconds\":", "\"results\":[", "\"settings\":{"] {
            #expect(json.contains(key))
        }
    }

    @Test func aTableHasOneLineARunAndQuotesWhatNeedsIt() throws {
        let lines = try evaluation().csv.components(separatedBy: "\r\n")
        #expect(lines.count == 1 + 8 + 1 && lines.last == "")
        #expect(lines[0].hasPrefix("set,shots,seed,backbone,") && lines[0].contains(",i_auroc,"))
        #expect(lines[1].hasPrefix("\"<b>, \"\"1\"\" & more\",1,0,made-up,"))
        // No masks: two empty fields.
        #expect(lines[8].hasPrefix("cap,2,1,made-up,0123,patch-memory,32,1 2,") && lines[8].contains(",,,"))
        #expect(lines[8].hasSuffix(",false,2.png 3.png"))
    }

    @Test func theReportNeedsNothingButItself() throws {
        let page = try html(try evaluation())
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("<title>made-up, patch-memory, layers 1, 2</title>"))
        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("<script "))
        #expect(
            page.components(separatedBy: "<script>").count == 2 && !page.contains("fetch(") && !page.contains("import"))
        // Three curves and histograms a result, and one histogram a seed.
        #expect(page.components(separatedBy: "<svg").count - 1 == 4 * (3 + 2))
        #expect(page.components(separatedBy: "class=\"limit\"").count - 1 == 4 * (1 + 2))
    }

    @Test func namesCannotBreakTheReport() throws {
        let page = try html(try evaluation())
        #expect(page.contains("&lt;b&gt;, &quot;1&quot; &amp; more"))
        #expect(!page.contains("<b>") && page.contains("now &amp; then"))
    }

    @Test func anEscapeIsShownWithItsHeatMap() throws {
        let page = try html(try evaluation())
        // Up to the list of all pictures.
        let escapes = try #require(
            page.components(separatedBy: "Worst escapes").last?.components(separatedBy: "<details>").first)
        #expect(escapes.contains("invisible/0.png") && escapes.contains("src=\"data:image/jpeg;base64,/9j/"))
        #expect(!escapes.contains("square/0.png"))
        #expect(page.contains("No defective picture is below the limit."))
    }

    @Test func whatIsUnusualInAnEscapeIsShownBesideTheNearestGoodPatch() throws {
        let evaluation = try evaluation()
        let page = try html(evaluation)
        // It is shown once, of the seed that judges it worst.
        let words = try #require(evaluation.results.last).runs.compactMap { run -> String? in
            guard let match = run.misjudged.first(where: { $0.defect != nil })?.nearest?.match,
                case .shot(let number) = match.place.origin
            else { return nil }
            return "nearest good: shot \(run.shots[number]), distance \(String(format: "%.3f", match.distance))<"
        }
        #expect(words.contains(where: page.contains), "\(words)")
        // The picture with its heat map, and the pair, of each.
        let pictures = page.components(separatedBy: "<img ").count - 1
        #expect(pictures == 2 * (page.components(separatedBy: "most unusual, and nearest good").count - 1))
    }

    @Test func everyPictureIsListedWithItsScoresTheWorstMistakeFirst() throws {
        let page = try html(try evaluation())
        let tables = page.components(separatedBy: "<table class=\"sortable\">").dropFirst().map {
            $0.components(separatedBy: "</table>")[0]
        }
        #expect(tables.count == 4)
        let cap = try #require(tables.first { $0.contains("invisible/0.png") })
        #expect(cap.components(separatedBy: "<tr><td>").count == 1 + 5)
        let worst = cap.components(separatedBy: "<tr><td>")[1]
        #expect(
            worst.hasPrefix("<a href=\"file:///cap/test/invisible/0.png\">invisible/0.png</a></td><td>invisible</td>"))
        #expect(worst.contains("<td>OK</td><td>wrong in 2 of 2</td>"), "\(worst)")
        let other = try #require(tables.first { !$0.contains("invisible/0.png") })
        #expect(!other.contains("<a "))
    }

    @Test func everyFigureIsToldInASentence() throws {
        let page = try html(try evaluation())
        for metric in EvaluationMetric.allCases where metric != .balancedAccuracyRatio {
            #expect(page.contains("<dd>" + metric.words + "</dd>"), "\(metric)")
        }
    }

    @Test func theReportIsWellFormed() throws {
        // Void elements are the only ones without an end.
        var page = try html(try evaluation())
        for (void, closed) in [
            ("<!DOCTYPE html>", ""), ("<br>", "<br/>"), ("charset=\"utf-8\">", "charset=\"utf-8\"/>"),
        ] {
            page = page.replacing(void, with: closed)
        }
        page = page.replacing("device-width\">", with: "device-width\"/>").replacing(" open>", with: ">")
        page = page.replacing(#/(<img [^>]*)>/#) { "\($0.output.1)/>" }
        let parser = XMLParser(data: Data(page.utf8))
        #expect(parser.parse(), "\(parser.parserError as Any) in line \(parser.lineNumber)")
    }
}
