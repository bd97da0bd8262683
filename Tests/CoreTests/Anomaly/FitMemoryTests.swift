import Core
import Testing

/// A fit and the memory that it may take.
@Suite struct FitMemoryTests {
    private struct Fit {
        var model: FittedModel
        var passes: Int
    }

    private func fit(_ count: Int, _ method: any Core.Method, memoryBytes: Int = .max) throws -> Fit {
        var passes = 0
        let model = try FittedModel.fit(
            shots: (1...count).map { try MadeUpPart.shot($0) }, extractor: madeUpExtractor(),
            settings: MethodSettings(method: method, layers: [1, 2]), memoryBytes: memoryBytes,
            progress: { _ in passes += 1 })
        return Fit(model: model, passes: passes)
    }

    /// What a fit of so many shots needs at least, as its refusal says.
    private func refusal(_ count: Int, _ method: any Core.Method, memoryBytes: Int = 1) throws -> (
        needed: Int, fitting: Int
    ) {
        do {
            _ = try fit(count, method, memoryBytes: memoryBytes)
        } catch FitError.tooManyShots(count, let needed, let fitting, memoryBytes) {
            return (needed, fitting)
        }
        throw FitError.noShots
    }

    @Test(arguments: ["auto", "patch-memory", "patchcore", "anomalydino", "padim", "spade", "fsac"])
    func theModelDoesNotDependOnTheMemoryThatTheFitHas(name: String) throws {
        let method = try #require(Methods.named(name))
        let free = try fit(3, method)
        let tight = try fit(3, method, memoryBytes: refusal(3, method).needed)
        #expect(tight.model == free.model)
        #expect(tight.passes > free.passes)
    }

    @Test func moreRoomSparesWorkFirstForTheShotsThenForTheirCopies() throws {
        let needed = try refusal(6, AutoMethod()).needed
        let passes = try [0, 4, 8, 16, 32, 64, 1024].map { kilobytes in
            try fit(6, AutoMethod(), memoryBytes: needed + kilobytes << 10).passes
        }
        #expect(passes == passes.sorted(by: >) && Set(passes).count > 3, "\(passes)")
    }

    @Test func withoutRoomAFitSaysHowFarItIsToTheEnd() throws {
        var shares: [Double] = []
        _ = try FittedModel.fit(
            shots: (1...4).map { try MadeUpPart.shot($0) }, extractor: madeUpExtractor(),
            settings: MethodSettings(method: AutoMethod(), layers: [1, 2]),
            memoryBytes: refusal(4, AutoMethod()).needed, progress: { shares.append($0) })
        #expect(shares == shares.sorted())
        #expect(shares.first.map { $0 < 0.05 } == true && shares.last.map { (0.6...1).contains($0) } == true)
    }

    @Test func shotsThatDoNotFitAreRefusedWithTheNumberThatDoes() throws {
        let method = AnomalyDINOMethod()
        let needed = try refusal(12, method).needed
        let refused = try refusal(13, method, memoryBytes: needed)
        #expect(refused.fitting == 12 && refused.needed > needed)
        #expect(try fit(12, method, memoryBytes: needed).model.shots.count == 12)
        let error = FitError.tooManyShots(13, needed: 5 << 20, fitting: 12, budget: 4 << 20)
        #expect("\(error)".contains("13 shots need 5 MiB") && "\(error)".contains("12 shots fit"))
    }

    @Test func hundredsOfShotsTakeHardlyMoreThanAFew() throws {
        for method in [AutoMethod(), PatchMemoryMethod(), PatchCoreMethod(), PaDiMMethod()] as [any Core.Method] {
            let (few, many) = (try refusal(8, method).needed, try refusal(300, method).needed)
            #expect(many - few < 32 << 20, "\(method.name): \(few), \(many)")
        }
    }
}
