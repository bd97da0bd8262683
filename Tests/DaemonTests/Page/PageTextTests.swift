import ControlProtocol
import Daemon
import Foundation
import Page
import Testing

@Suite struct PageTextTests {
    private static func text(_ path: String) throws -> String {
        String(decoding: try #require(PageFile.all.first { $0.path == path }).bytes, as: UTF8.self)
    }

    private static func table(_ language: String) throws -> [String: String] {
        try ControlCoding.decode([String: String].self, from: text("/assets/\(language).json").utf8)
    }

    private static var scripts: [(path: String, text: String)] {
        PageFile.all.filter { $0.type.hasPrefix("text/javascript") }.map {
            ($0.path, String(decoding: $0.bytes, as: UTF8.self))
        }
    }

    @Test(arguments: PageFile.languages) func everyTextIsThereInEachLanguage(language: String) throws {
        let (english, table) = (try Self.table("en"), try Self.table(language))
        #expect(Set(table.keys) == Set(english.keys))
        for (key, text) in table {
            let places = { (text: String) in Set(text.matches(of: /\{\w+\}/).map { String($0.0) }) }
            #expect(!text.isEmpty && places(text) == places(english[key] ?? ""), "\(language): \(key)")
        }
    }

    @Test func everyWordOfTheDaemonHasAText() throws {
        let table = try Self.table("en")
        for state in LineState.allCases where state != .inspecting {
            #expect(table["state.\(state.rawValue)"] != nil && table["do.\(state.rawValue)"] != nil, "\(state)")
        }
        for kind in AlarmKind.allCases {
            #expect(table["alarm.\(kind.rawValue)"] != nil && table["do.\(kind.rawValue)"] != nil, "\(kind)")
        }
        // Of the picture itself the page asks which.
        for missing in NearestReply.Missing.allCases where missing != .picture {
            #expect(table["nearest.\(missing.rawValue)"] != nil, "\(missing)")
        }
        for cause in InvalidCause.allCases { #expect(table["cause.\(cause.rawValue)"] != nil, "\(cause)") }
    }

    @Test func everyTextThatThePageAsksForIsThereAndNoOther() throws {
        let sources = Self.scripts.map(\.text).joined() + (try Self.text("/"))
        let table = try Self.table("en")
        let plain = table.keys.filter { !$0.contains(".") }
        for key in plain { #expect(sources.contains("\"\(key)\""), "\(key) is said nowhere") }
        for match in sources.matches(of: /(?:\btext\(|data-text=)"([A-Za-z0-9]+)"/) {
            #expect(table[String(match.1)] != nil, "\(match.1)")
        }
    }

    @Test func whatOthersWroteIsTextAndNeverHTML() throws {
        for (path, text) in Self.scripts {
            for way in [
                "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc",
            ] {
                #expect(!text.contains(way), "\(path): \(way)")
            }
        }
        let page = try Self.text("/")
        #expect(!page.contains("style=") && !page.contains(#/ on[a-z]+=/#) && !page.contains("http"))
    }

    @Test func thePageIsSmallAndNeedsNobodyElse() throws {
        #expect(PageFile.all.map(\.bytes.count).reduce(0, +) <= 120 << 10)
        let paths = Set(PageFile.all.map(\.path))
        for match in try Self.text("/").matches(of: /(?:href|src)="(\/[^"]*)"/) {
            #expect(paths.contains(String(match.1)), "\(match.1)")
        }
        for (path, text) in Self.scripts {
            for match in text.matches(of: /from "\.\/([^"]+)"/) {
                #expect(paths.contains("/assets/\(match.1)"), "\(path): \(match.1)")
            }
            #expect(text.split(separator: "\n").count <= 400)
        }
        // Names of SVG and of what it is part of are no places.
        let known = ["http://www.w3.org/2000/svg"]
        for file in PageFile.all {
            let text = String(decoding: file.bytes, as: UTF8.self)
            for match in text.matches(of: /https?:[^"' )]*/) {
                #expect(known.contains(String(match.0)), "\(file.path)")
            }
        }
    }
}
