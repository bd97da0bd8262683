import Core
import Foundation
import Testing

@Suite struct FewShotProtocolTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func write(_ image: Image, _ path: String) throws {
        let url = URL(filePath: folder.path + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(image.pngBytes()).write(to: url)
    }

    /// 6 good parts to learn from, 5 good and 3 defective to test; masks are half as fine as the pictures.
    private func makeDataSet(withMasks: Bool) throws -> DataSet {
        for number in 0..<6 { try write(MadeUpPart.picture(number), "train/good/\(number).png") }
        for number in 0..<5 { try write(MadeUpPart.picture(50 + number), "test/good/\(number).png") }
        for number in 0..<3 {
            try write(MadeUpPart.defective(80 + number), "test/square/\(number).png")
            var mask = Image(height: 20, width: 28, pixels: [UInt8](repeating: 0, count: 20 * 28 * 3))
            for row in 8..<12 {
                for column in 12..<16 { mask.pixels[(row * 28 + column) * 3] = 255 }
            }
            if withMasks { try write(mask, "ground_truth/square/\(number)_mask.png") }
        }
        return try #require(try DataSet.readAll(in: folder.path).first)
    }

    private func evaluate(_ set: DataSet, shots: [Int] = [1, 3]) throws -> [ShotEvaluation] {
        var time = Duration.zero
        let evaluation = FewShotProtocol(
            extractor: madeUpExtractor(), settings: MethodSettings(layers: [1, 2], rotations: 1),
            parallelism: .serial
        ) {
            time += .milliseconds(1)
            return time
        }
        return try evaluation.evaluate(set, shotCounts: shots, seeds: 2)
    }

    @Test func everyTestPictureIsScoredForEveryChoiceOfShots() throws {
        let results = try evaluate(try makeDataSet(withMasks: true))
        #expect(results.map(\.shots) == [1, 3])
        #expect(results[1].runs.map(\.shots) == [["0.png", "1.png", "2.png"], ["3.png", "4.png", "5.png"]])
        for run in results.flatMap(\.runs) {
            #expect(run.pictures.count == 8)
            #expect(run.figures[.imageAUROC] == 1)
            #expect(try #require(run.figures[.pixelAUROC]) > 0.9)
            #expect(try #require(run.figures[.aupro]) > 0.7)
            #expect(run.figures[.millisecondsPerImage] == 2)
        }
    }

    @Test func ratesAreThoseAtTheLimitOfTheShots() throws {
        for run in try evaluate(try makeDataSet(withMasks: false)).flatMap(\.runs) {
            let limit = try #require(run.figures[.limit])
            let rejected = run.pictures.filter { Double($0.score) > limit }
            #expect(run.figures[.falseRejectRate] == Double(rejected.count { $0.defect == nil }) / 5)
            #expect(run.figures[.escapeRate] == 1 - Double(rejected.count { $0.defect != nil }) / 3)
            #expect(Float(limit) == run.evidence.limit)
        }
    }

    @Test func figuresOfPixelsAreNullWithoutMasks() throws {
        let results = try evaluate(try makeDataSet(withMasks: false), shots: [1])
        let json = String(decoding: try JSONEncoder().encode(results), as: UTF8.self)
        #expect(json.contains("\"p_auroc\":null") && json.contains("\"aupro\":null"))
        #expect(json.contains("\"i_auroc\":1") && json.contains("\"std\":{") && json.contains("\"seeds\":2"))
    }

    @Test func meansAndDeviationsAreOverTheSeeds() throws {
        let result = try #require(try evaluate(try makeDataSet(withMasks: false), shots: [2]).first)
        let limits = result.runs.compactMap { $0.figures[.limit] }
        #expect(limits.count == 2)
        #expect(abs(try #require(result.mean[.limit]) - (limits[0] + limits[1]) / 2) < 1e-12)
        // Of two numbers the population deviation is half their distance.
        #expect(abs(try #require(result.deviation[.limit]) - abs(limits[0] - limits[1]) / 2) < 1e-12)
    }

    @Test func aPictureThatCannotBeReadIsNamed() throws {
        let set = try makeDataSet(withMasks: false)
        _ = try folder.file("test/good/2.png", [1, 2, 3])
        #expect {
            _ = try evaluate(set)
        } throws: { error in
            "\(error)".contains("test/good/2.png")
        }
    }
}
