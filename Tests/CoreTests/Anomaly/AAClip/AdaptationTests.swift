import Core
import Foundation
import Testing

/// Training end to end on made-up pictures: grey parts, some with a bright spot.
@Suite struct AdaptationTests {
    private let model: AdaptationModel
    private let folder: ScratchFolder
    private let settings = AdaptationSettings(inputSize: 40, textEpochs: 1, imageEpochs: 2, seed: 3)

    init() throws {
        let weights = try Safetensors.read(path: AAClipFixture.path("clip.safetensors"))
        model = try AdaptationModel(
            name: "tiny", sha256: weights.sha256, configuration: AAClipFixture.configuration,
            preprocessing: Preprocessing(
                mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], interpolation: .bicubic), scope: weights.scope,
            tokens: { text in
                let body = text.utf8.prefix(10).map { 1 + Int32($0 % 60) }
                return [62] + body + [63] + [Int32](repeating: 0, count: 10 - body.count)
            })
        folder = try ScratchFolder()
        for object in ["grey_cap", "dark_lid"] { try Self.draw(object, in: folder.path) }
    }

    private static func draw(_ object: String, in folder: String) throws {
        var random = SplitMix64(seed: UInt64(object.utf8.count))
        func write(_ name: String, _ image: Image) throws {
            let path = "\(folder)/\(object)/\(name)"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(image.pngBytes()).write(to: URL(filePath: path))
        }
        for number in 0..<4 {
            var image = Image(height: 50, width: 60, pixels: [UInt8](repeating: 0, count: 50 * 60 * 3))
            for index in image.pixels.indices { image.pixels[index] = 90 + UInt8(random.next() % 30) }
            try write(number == 0 ? "train/good/0.png" : "test/good/\(number).png", image)
            var mask = Image(height: 50, width: 60, pixels: [UInt8](repeating: 0, count: 50 * 60 * 3))
            let (top, left) = (random.integer(0...25), random.integer(0...30))
            for row in top..<top + 20 {
                for byte in (row * 60 + left) * 3..<(row * 60 + left + 22) * 3 {
                    image.pixels[byte] = 250
                    mask.pixels[byte] = 255
                }
            }
            try write("test/spot/\(number).png", image)
            try write("ground_truth/spot/\(number)_mask.png", mask)
        }
    }

    private func training(_ settings: AdaptationSettings) throws -> Adaptation {
        Adaptation(model, try AdaptationSet(directory: folder.path), settings, parallelism: Parallelism(threads: 2))
    }

    private func finish(_ training: Adaptation) throws -> [Adaptation.Report] {
        var reports: [Adaptation.Report] = []
        while let report = try training.step() { reports.append(report) }
        return reports
    }

    @Test func theSetNamesItsObjectsAndMasks() throws {
        let set = try AdaptationSet(directory: folder.path)
        #expect(set.objects == ["dark lid", "grey cap"])
        #expect(set.count == 14)
        #expect(set.defectiveCount == 8)
        let index = try #require(set.examples.firstIndex { $0.maskPath != nil })
        let sample = try set.sample(index, side: 30)
        #expect(sample.isDefective)
        // 20 x 22 of 50 x 60 pixels, on 30 x 30.
        let area = sample.mask.reduce(0, +)
        #expect((120...145).contains(area), "\(area)")
    }

    @Test func trainingLowersTheLoss() throws {
        var settings = settings
        settings.imageEpochs = 8
        let reports = try finish(try training(settings))
        let epochs = reports.filter { $0.stage == .image }.compactMap(\.epochLoss)
        #expect(epochs.count == 8)
        let (first, last) = (try #require(epochs.first), try #require(epochs.last))
        #expect(last < 0.9 * first, "\(epochs)")
        #expect(reports.count { $0.stage == .text } == 1)
    }

    @Test func anInterruptedTrainingEndsAsIfItHadNotBeen() throws {
        let whole = try training(settings)
        let expected = try finish(whole)
        #expect(whole.passes.done == whole.passes.total)
        let path = folder.path + "/state.safetensors"
        let pictures = try AdaptationSet(directory: folder.path)
        for stop in [1, 4] {
            let first = try training(settings)
            for _ in 0..<stop { _ = try first.step() }
            try first.save(to: path)
            let second = try Adaptation.resume(
                from: path, model, pictures, settings, parallelism: Parallelism(threads: 2))
            #expect(second.passes.done == first.passes.done)
            #expect(try finish(second).count == expected.count - stop)
            #expect(second.adapters.tensors == whole.adapters.tensors)
        }
    }

    @Test func anotherTrainingIsNotGoneOnWith() throws {
        let path = folder.path + "/state.safetensors"
        try training(settings).save(to: path)
        let pictures = try AdaptationSet(directory: folder.path)
        var other = settings
        other.seed = 4
        #expect(throws: AdaptationError.self) {
            try Adaptation.resume(from: path, model, pictures, other, parallelism: .serial)
        }
        let fewer = try AdaptationSet(directory: folder.path + "/grey_cap")
        #expect(throws: AdaptationError.self) {
            try Adaptation.resume(from: path, model, fewer, settings, parallelism: .serial)
        }
        let bytes = try Data(contentsOf: URL(filePath: path))
        try bytes.prefix(bytes.count / 2).write(to: URL(filePath: path))
        #expect(throws: AdaptationError.self) {
            try Adaptation.resume(from: path, model, pictures, settings, parallelism: .serial)
        }
    }

    @Test func badDataIsRefusedByName() throws {
        let masks = folder.path + "/grey_cap/ground_truth"
        let black = Image(height: 50, width: 60, pixels: [UInt8](repeating: 0, count: 50 * 60 * 3))
        try Data(black.pngBytes()).write(to: URL(filePath: masks + "/spot/1_mask.png"))
        let small = Image(height: 25, width: 30, pixels: [UInt8](repeating: 255, count: 25 * 30 * 3))
        try Data(small.pngBytes()).write(to: URL(filePath: masks + "/spot/2_mask.png"))
        let set = try AdaptationSet(directory: folder.path)
        func sample(_ name: String) throws -> AdaptationSet.Sample {
            try set.sample(
                try #require(
                    set.examples.firstIndex { $0.maskPath?.hasSuffix("grey_cap/ground_truth/spot/" + name) == true }),
                side: 40)
        }
        #expect(throws: AdaptationError.emptyMask(path: masks + "/spot/1_mask.png")) { try sample("1_mask.png") }
        #expect(
            throws: AdaptationError.maskOfOtherSize(
                path: masks + "/spot/2_mask.png", expected: PixelSize(height: 50, width: 60),
                got: PixelSize(height: 25, width: 30))
        ) { try sample("2_mask.png") }
        try FileManager.default.removeItem(atPath: masks)
        #expect(throws: AdaptationError.noMask(picture: folder.path + "/grey_cap/test/spot/0.png")) {
            try AdaptationSet(directory: folder.path)
        }
        #expect(throws: AdaptationError.self) { try AdaptationSet(directory: folder.path + "/nothing") }
        try FileManager.default.moveItem(atPath: folder.path + "/dark_lid", toPath: folder.path + "/dark&lt;lid")
        #expect(
            throws: AdaptationError.unreadableName(
                set: "dark&lt;lid", expected: "a text without HTML's references (write the character itself)",
                got: "&lt;")
        ) { try AdaptationSet(directory: folder.path) }
    }

    @Test func whatMovesMovesWithItsMask() throws {
        let side = 30
        let mask = (0..<side * side).map { Float(($0 / side) > 20 ? 1 : 0) }
        let input = Tensor(shape: [3, side, side], values: mask + mask.map { 2 * $0 } + mask)
        var areas: Set<Float> = []
        for seed in 0..<20 {
            var random = SplitMix64(seed: UInt64(seed))
            let (moved, movedMask) = AdaptationAugmentation.moved(input, mask: mask, using: &random)
            #expect(moved.shape == input.shape)
            #expect(Array(moved.values.prefix(side * side)) == movedMask)
            #expect(moved.values[side * side..<2 * side * side].elementsEqual(movedMask.map { 2 * $0 }))
            areas.insert(movedMask.reduce(0, +))
        }
        #expect(areas.count > 5)
    }
}
