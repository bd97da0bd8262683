import Core
import Foundation
import Testing

@Suite struct SynthesizeTests {
    private struct Report: Decodable {
        struct Drawing: Decodable {
            let image: String
            let mask: String
            let generator: String
        }
        let drawings: [Drawing]
        let contactSheet: String

        enum CodingKeys: String, CodingKey {
            case drawings
            case contactSheet = "contact_sheet"
        }
    }

    @Test func writesPicturesMasksAndASheetAndTheSameAgain() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/synthesize-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }  // scratch: a leftover harms nobody
        try FileManager.default.createDirectory(atPath: folder + "/good", withIntermediateDirectories: true)
        for number in 1...2 {
            try Data(Pictures.good(UInt64(number))).write(to: URL(filePath: "\(folder)/good/\(number).jpg"))
        }
        func run(_ output: String) async throws -> Report {
            let arguments = [
                "synthesize", folder + "/good", "--output", output, "--count", "5", "--seed", "3", "--json",
            ]
            let reply = try await Program.run("fsacctl", arguments, folder: folder)
            try #require(reply.exitCode == 0, "\(reply.standardError)")
            return try JSONDecoder().decode(Report.self, from: Data(reply.standardOutput.utf8))
        }
        let report = try await run(folder + "/a")
        #expect(report.drawings.map(\.generator) == ["perturbation", "nsa", "cutpaste", "perlin", "perturbation"])
        for path in report.drawings.flatMap({ [$0.image, $0.mask] }) {
            let image = try Image(decoding: ImageFile.read(path: path))
            #expect(image.height == Pictures.height && image.width == Pictures.width)
        }
        let sheet = try ImageFile.read(path: report.contactSheet)
        let again = try await run(folder + "/b")
        #expect(try ImageFile.read(path: again.contactSheet) == sheet)
    }
}
