import ControlProtocol
import Foundation
import FoundationXML
import Testing

extension EndToEndTests {
    @Suite struct ReportTests {
        @Test func aShiftIsToldInOneFileThatNeedsNothingElse() async throws {
            var frames = Pictures.line
            frames["defect <b> & \"1\".jpg"] = Pictures.defective(99)
            let line = try Line(frames: frames)
            try await line.start()
            try await line.addShots()
            _ = try await line.inspect(next: 60)
            let path = "\(line.folder)/reports/shift.html"
            let output = try await line.fsacctl("report", "shift", "--html", path, "--pictures", "12")
            #expect(output.exitCode == 0 && output.standardOutput.contains(path), "\(output.standardError)")
            let page = try String(contentsOfFile: path, encoding: .utf8)
            let json = try await line.fsacctl("statistics", "--json").standardOutput
            let numbers = try ControlCoding.decode(StatisticsReply.self, from: Data(json.utf8))
            // The line goes on meanwhile: as many NG as there were, or more.
            #expect(numbers.highest.count == 12 && page.components(separatedBy: "<figcaption>Part ").count == 13)
            #expect(page.contains("still running when this was written"))
            for words in ["Weighted mean of OK scores", "OK parts from NG to NG", "95 %: "] {
                #expect(page.contains(words), "\(words)")
            }
            for definition in numbers.definitions { #expect(page.contains("<dt>\(definition.term)</dt>")) }
            // Each with its heat map, and beside what is good.
            #expect(page.components(separatedBy: "src=\"data:image/jpeg;base64,/9j/").count == 25)
            #expect(page.contains("nearest good: shot "))
            #expect(page.contains("defect &lt;b&gt; &amp; &quot;1&quot;.jpg") && !page.contains("defect <b>"))
            for outside in ["http:", "https:", "<script", "url(", "@import", "src=\"/"] {
                #expect(!page.contains(outside), "\(outside)")
            }
            try Self.checkForm(of: page)
            let unknown = try await line.fsacctl("report", "shift", "--html", path, "--shift", "evening")
            #expect(unknown.exitCode == 1 && unknown.standardError.contains("expected current, one of"))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == page)
            #expect(try await line.stop() == 0)
        }

        @Test func aShiftWithoutAPartIsToldToo() async throws {
            let line = try Line(frames: Pictures.line)
            try await line.start()
            let path = "\(line.folder)/empty.html"
            let output = try await line.fsacctl("report", "shift", "--html", path, "--camera", "nowhere")
            #expect(output.exitCode == 0, "\(output.standardError)")
            let page = try String(contentsOfFile: path, encoding: .utf8)
            for words in ["No part came.", "Too few parts for a chart.", "Every part was judged.", "None is shown."] {
                #expect(page.contains(words), "\(words)")
            }
            try Self.checkForm(of: page)
        }

        /// As XML, once what has no end in HTML has one.
        private static func checkForm(of page: String) throws {
            var page = page
            for (void, closed) in [
                ("<!DOCTYPE html>", ""), ("<br>", "<br/>"), ("charset=\"utf-8\">", "charset=\"utf-8\"/>"),
                ("device-width\">", "device-width\"/>"),
            ] {
                page = page.replacing(void, with: closed)
            }
            page = page.replacing(#/(<img [^>]*)>/#) { "\($0.output.1)/>" }
            let parser = XMLParser(data: Data(page.utf8))
            #expect(parser.parse(), "\(parser.parserError as Any) in line \(parser.lineNumber)")
        }
    }
}
