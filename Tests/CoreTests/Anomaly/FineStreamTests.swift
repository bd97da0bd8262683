import Core
import Foundation
import Testing

/// Parts that differ by more than 8 bits of a made-up feature can hide.
private enum GrainyPart {
    static func picture(_ number: Int) -> Image { grained(MadeUpPart.picture(number), number) }

    /// With a bright green square of a few pixels.
    static func defective(_ number: Int) -> Image { grained(MadeUpPart.defective(number, side: 6), number) }

    private static func grained(_ image: Image, _ number: Int) -> Image {
        var (image, seed) = (image, SplitMix64(seed: UInt64(7000 + number)))
        for pixel in image.pixels.indices {
            image.pixels[pixel] = UInt8(min(max(Int(image.pixels[pixel]) + seed.integer(-40...40), 0), 255))
        }
        return image
    }

    static func shot(_ number: Int) throws -> Shot {
        let image = picture(number)
        return try Shot(
            sha256: "grainy-\(number)",
            picture: Picture(
                .raw(.rgb24, height: image.height, width: image.width, bytesPerRow: image.width * 3),
                bytes: image.pixels))
    }
}

/// Parts of the line teach a model that looks closer, too.
@Suite struct FineStreamTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func fit(_ shots: Int, views: AutoViews = .fine, rotations: Int = 1) throws -> FittedModel {
        try FittedModel.fit(
            shots: (1...shots).map(GrainyPart.shot), extractor: madeUpLooker(),
            settings: MethodSettings(
                method: AutoMethod().with {
                    $0.views = views
                    $0.rotations = rotations
                }, layers: [1]))
    }

    private func fit(_ pictures: [Image]) throws -> FittedModel {
        try FittedModel.fit(
            shots: pictures.enumerated().map { try Rod.shot($1, $0) }, extractor: madeUpLooker(),
            settings: MethodSettings(method: AutoMethod(), layers: [1, 2]))
    }

    private func score(_ model: FittedModel, _ image: Image) -> Float {
        model.score(model.features(of: image, by: madeUpLooker())).imageScore
    }

    private func kept(_ model: FittedModel, _ image: Image, number: Int = 1) -> StreamPart? {
        let features = model.features(of: image, by: madeUpLooker())
        return model.streamPart(features, number: UInt64(number), score: 1)
    }

    private func parts(_ model: FittedModel, _ images: [Image]) throws -> [StreamPart] {
        try images.enumerated().map { index, image in try #require(kept(model, image, number: index + 1)) }
    }

    /// Good parts, and such with a small defect among them.
    private func stream(_ good: Int, defective: Int = 0) -> [Image] {
        (0..<good).map { GrainyPart.picture(100 + $0) }
            + (0..<defective).map { GrainyPart.defective(200 + $0) }
    }

    @Test(arguments: [1, 3])
    func smallDefectsAreToldFromGoodPartsAtTheLimitOfTheParts(shots: Int) throws {
        let model = try fit(shots)
        let taught = try model.taught(by: parts(model, stream(20)))
        let good = (300..<315).map { score(taught, GrainyPart.picture($0)) }.sorted()
        #expect(good.count { $0.isReject(at: taught.calibration.limit) } <= 5)
        #expect((0.7...1.4).contains(good[7]))
        #expect(score(taught, GrainyPart.defective(330)).isReject(at: taught.calibration.limit))
    }

    @Test(arguments: [1, 2, 4])
    func smallDefectsAmongThePartsHideNoOther(defective: Int) throws {
        let model = try fit(1)
        let taught = try model.taught(by: parts(model, stream(20 - defective, defective: defective)))
        #expect(score(taught, GrainyPart.defective(330)).isReject(at: taught.calibration.limit))
        #expect(try #require(taught.lesson).parts.suffix(defective).allSatisfy { $0.fate != .learnt })
    }

    /// So many that they know it of one another.
    @Test func aSmallDefectInAThirdOfThePartsIsRefused() throws {
        let model = try fit(1)
        let parts = try parts(model, stream(13, defective: 7))
        #expect(throws: TeachingError.self) { _ = try model.taught(by: parts) }
    }

    @Test func everyViewRemembersTheParts() throws {
        let model = try fit(2, views: .thorough)
        let taught = try model.taught(by: parts(model, stream(12)))
        let (before, after) = (
            try #require(model.scorer as? CombinedScorer), try #require(taught.scorer as? CombinedScorer)
        )
        let learnt = try #require(taught.lesson).learnt
        for (before, after) in zip([before.components] + before.fine, [after.components] + after.fine) {
            for (before, after) in zip(before, after) {
                // The shots are one block.
                #expect(after.memories.count == 1 && after.memories[0].bank.blocks.count == 1 + learnt)
                let shots = before.memories[0].bank.rows.rows
                #expect(after.memories[0].bank.blocks[0].count == shots && after.memories[0].bank.rows.rows > shots)
            }
        }
    }

    @Test func whatAPartTaughtIsTracedToThePart() throws {
        let model = try fit(2)
        let images = stream(12)
        let taught = try model.taught(by: parts(model, images))
        let learnt = try #require(taught.lesson).parts.filter { $0.fate == .learnt }
        var found = 0
        for (number, part) in learnt.enumerated() {
            let features = taught.patches(
                of: taught.features(of: images[Int(part.number) - 1], by: madeUpLooker()))
            for patch in 0..<features.grid.count {
                let place = SIMD2(
                    (Double(patch % features.grid.columns) + 0.5) / Double(features.grid.columns),
                    (Double(patch / features.grid.columns) + 0.5) / Double(features.grid.rows))
                let nearest = try #require(
                    taught.scorer.nearest(to: features, at: place, counting: PatchMask(all: features.grid), .serial))
                let match = try #require(nearest.match)
                // What is remembered of a part has 8 bits.
                guard match.distance < 1e-5 else { continue }
                #expect(match.place.origin == .learnt(number))
                found += 1
            }
        }
        #expect(found > 0)
    }

    /// An only shot is remembered turn by turn, and several may be asked with their turned copies and without: afterwards there
    /// is one memory a view.
    @Test(arguments: [1, 3]) func aTaughtModelIsTheSameAfterARestart(shots: Int) throws {
        let model = try fit(shots, views: .thorough, rotations: 4)
        let taught = try model.taught(by: parts(model, stream(11)))
        try taught.save(to: folder.path)
        let loaded = try FittedModel.load(from: folder.path)
        #expect(loaded == taught && loaded.lesson == taught.lesson && loaded.fineViews == model.fineViews)
        #expect((loaded.scorer as? CombinedScorer)?.fine.count == 2)
        #expect(score(loaded, MadeUpPart.defective(8)) == score(taught, MadeUpPart.defective(8)))
        let again = try loaded.taught(by: parts(loaded, stream(11)))
        #expect(again.lesson?.parts.count == 11)
    }

    @Test func ofATaughtModelNobodyIsToldThatOneShotIsFew() throws {
        let model = try fit(1)
        let taught = try model.taught(by: parts(model, stream(12)))
        #expect(model.findings.contains { $0.contains("how much good parts differ") })
        #expect(!taught.findings.contains { $0.contains("how much good parts differ") })
    }

    // MARK: Parts that lie anywhere

    private func turnedRods() throws -> FittedModel {
        try fit([0.0, 40, 95, 160, 230].enumerated().map { Rod.picture($0, degrees: $1) })
    }

    @Test func aKeptPartKnowsWhereItLay() throws {
        let model = try turnedRods()
        let parts = try parts(model, [Rod.picture(20, degrees: 70), Rod.picture(21, degrees: 200, at: (45, 50))])
        for part in parts { #expect(try StreamPart(bytes: part.bytes) == part) }
        var moved = parts[0].bytes
        moved[moved.count / 2] ^= 1
        #expect(throws: StreamPartError.self) { _ = try StreamPart(bytes: moved) }
    }

    @Test func aPictureInWhichThePartIsNotFoundIsNeverKept() throws {
        let model = try turnedRods()
        #expect(kept(model, Rod.picture(30, degrees: nil)) == nil)
        #expect(kept(model, Rod.picture(31, degrees: 30)) != nil)
    }

    @Test func partsThatLieInAnyDirectionTeach() throws {
        let model = try turnedRods()
        let stream = (0..<14).map { Rod.picture(40 + $0, degrees: 25 * Double($0)) }
        let taught = try model.taught(by: parts(model, stream))
        let good = (0..<8).map { score(taught, Rod.picture(80 + $0, degrees: 43 * Double($0))) }
        #expect(good.count { $0.isReject(at: taught.calibration.limit) } <= 3, "\(good) \(taught.calibration.limit)")
        let bad = score(taught, Rod.picture(99, degrees: 77, spot: -14))
        #expect(bad.isReject(at: taught.calibration.limit))
        #expect(taught.partRegion == model.partRegion)
        #expect(score(taught, Rod.picture(98, degrees: nil)).isReject(at: 1000))
    }

    /// What lies outside of the box is watched by the coarse view, in a unit of its own.
    @Test func somethingBesideThePartIsStillSeen() throws {
        func place(_ number: Int) -> (Double, Double) { (57 + Double(number % 4) / 2, 51 + Double(number / 4) / 2) }
        let model = try fit((0..<5).map { Rod.picture($0, degrees: 0, at: place($0)) })
        let taught = try model.taught(
            by: parts(model, (0..<32).map { Rod.picture(50 + $0, degrees: Double($0 % 7) - 3, at: place($0)) }))
        let (clean, blob) = (
            Rod.picture(90, degrees: 0, at: (58, 53)), Rod.picture(90, degrees: 0, at: (58, 53), blob: true)
        )
        #expect(score(taught, blob) > 1.3 * score(taught, clean))
    }
}
