import Core
import Daemon
import Glibc
import Logging
import Platform
import Synchronization
import TestSupport
import Testing

@Suite struct RecipeTests {
    let folder: TemporaryFolder
    private static let root = "recipes/bottle"

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Opens the recipe as a start of the daemon does.
    private func start(
        kind: ModelKind = .tiny(), logger: Logger = .silent,
        activate: @escaping @Sendable (Recipe.Active) -> Void = { _ in },
        check: @escaping Recipe.Check = { _ in nil }
    ) throws -> Recipe {
        try Recipe(
            stateDirectory: folder.path, name: "bottle", kind: kind,
            documents: try StateDocuments.opened(in: folder.path, disk: Disk(), logger: logger), logger: logger,
            check: check
        ) { standing in
            if case .success(let active) = standing { activate(active) }
        }
    }

    /// Changes one byte of a file, not its length.
    private func flip(_ name: String, at place: Int = 3) throws {
        var bytes = try folder.bytes(of: "\(Self.root)/\(name)")
        bytes[place] ^= 0x40
        try folder.write(bytes, to: "\(Self.root)/\(name)")
    }

    /// Three generations, the third in use.
    private func startWithThreeGenerations() throws -> Recipe {
        let recipe = try start()
        for limit in 1...3 { _ = try recipe.install(.tiny(shots: ["a"], limit: Float(limit))) }
        return recipe
    }

    @Test func aFreshRecipeHasNoModelAndNoShots() throws {
        let view = try start().view
        #expect(view.active == nil)
        #expect(view.normals.isEmpty)
        #expect(!view.isFitDue)
    }

    @Test(arguments: ["", "..", "a/b", ".hidden", "-x", "ä", String(repeating: "x", count: 65)])
    func aRecipeNameThatIsNoPlainNameIsRefused(name: String) {
        #expect(throws: StoreError.invalidRecipeName(name)) {
            try Recipe(stateDirectory: folder.path, name: name, kind: .tiny(), logger: .silent) { _ in }
        }
    }

    @Test func aShotIsStoredUnderItsHashByteForByte() throws {
        let recipe = try start()
        let (normal, isNew) = try recipe.addNormal(Array("abc".utf8), fileExtension: "png")
        // SHA-256 of "abc", FIPS 180-2 appendix B.1
        #expect(normal.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(isNew)
        #expect(try folder.text(of: "\(Self.root)/normals/\(normal.sha256).png") == "abc")
        #expect(try start().view.normals == [normal])
    }

    @Test func theSameShotTwiceIsOneShot() throws {
        let recipe = try start()
        _ = try recipe.addNormal(Array("abc".utf8), fileExtension: "png")
        #expect(try !recipe.addNormal(Array("abc".utf8), fileExtension: "png").isNew)
        #expect(recipe.view.normals.count == 1)
    }

    @Test func theLastShotCannotBeRemovedAndOthersCanByTheirFirstDigits() throws {
        let recipe = try start()
        let first = try recipe.addNormal(Array("abc".utf8), fileExtension: "png").normal
        #expect(throws: StoreError.lastNormal(sha256: first.sha256)) { try recipe.removeNormal(first.sha256) }
        _ = try recipe.addNormal(Array("def".utf8), fileExtension: "jpg")
        #expect(try recipe.removeNormal(String(first.sha256.prefix(6))).normal == first)
        #expect(throws: StoreError.noSuchNormal(sha256: first.sha256)) { try recipe.removeNormal(first.sha256) }
        #expect(try folder.names(in: "\(Self.root)/normals").count == 1)
    }

    @Test func anInstalledModelIsTheOneInUseAfterARestart() throws {
        let handed = Mutex<[Int]>([])
        let recipe = try start { active in handed.withLock { $0.append(active.generation) } }
        let active = try recipe.install(.tiny(shots: ["a"], limit: 2))
        #expect(active.generation == 1)
        #expect(handed.withLock { $0 } == [1])
        let again = try start { active in handed.withLock { $0.append(active.generation) } }
        #expect(again.view.active?.model == (try .tiny(shots: ["a"], limit: 2)))
        #expect(handed.withLock { $0 } == [1, 1])
    }

    @Test func theCurrentAndTwoOlderGenerationsAreKept() throws {
        let recipe = try startWithThreeGenerations()
        #expect(try folder.names(in: "\(Self.root)/models") == ["1", "2", "3"])
        _ = try recipe.install(.tiny(shots: ["a"], limit: 4))
        #expect(try folder.names(in: "\(Self.root)/models") == ["2", "3", "4"])
    }

    /// It has no next one.
    @Test func aFolderThatIsNamedLikeTheLastNumberThereIsIsNoGeneration() throws {
        let recipe = try startWithThreeGenerations()
        try folder.write("", to: "\(Self.root)/models/\(Int.max)/model.json")
        #expect(try recipe.install(.tiny(shots: ["a"])).generation == 4)
        #expect(try start().install(.tiny(shots: ["a"])).generation == 5)
    }

    @Test func aFailedSaveLeavesTheOldGenerationAndNoFiles() throws {
        let recipe = try start()
        _ = try recipe.install(.tiny(shots: ["a"]))
        // JSON cannot hold it.
        let unsaveable = try FittedModel.tiny(shots: ["b"]).withLimit(1, band: UncertainBand(lower: .nan, upper: 1))
        #expect(throws: (any Error).self) { try recipe.install(unsaveable) }
        #expect(recipe.view.active?.generation == 1)
        #expect(try start().view.active?.generation == 1)
        #expect(try folder.names(in: "\(Self.root)/models") == ["1"])
    }
}

// MARK: Roll-back and limit

extension RecipeTests {
    @Test func rollingBackHoldsOverARestartAndEndsWithTheNextFit() throws {
        let recipe = try startWithThreeGenerations()
        #expect(try recipe.rollback(to: nil).active.generation == 2)
        #expect(try recipe.rollback(to: nil).active.generation == 1)
        let again = try start()
        #expect(again.view.active?.generation == 1)
        #expect(try again.install(.tiny(shots: ["a"])).generation == 4)
        #expect(try start().view.active?.generation == 4)
    }

    @Test(arguments: [false, true])
    func anotherShotAfterARollBackIsFittedEvenIfTheDaemonDiesBeforeTheFit(isRemoved: Bool) throws {
        let recipe = try start()
        let shots = try ["abc", "def", "ghi"].map { text in
            try recipe.addNormal(Array(text.utf8), fileExtension: "png").normal.sha256
        }
        _ = try recipe.install(.tiny(shots: shots))
        let other = try recipe.addNormal(Array("jkl".utf8), fileExtension: "png").normal.sha256
        _ = try recipe.install(.tiny(shots: shots + [other]))
        _ = try recipe.rollback(to: nil)
        #expect(!recipe.view.isFitDue)
        #expect(try !start().view.isFitDue)
        if isRemoved {
            _ = try recipe.removeNormal(shots[0])
        } else {
            _ = try recipe.addNormal(Array("mno".utf8), fileExtension: "png")
        }
        #expect(recipe.view.isFitDue)
        let again = try start()
        #expect(again.view.isFitDue)
        #expect(again.view.active?.generation == 1)
    }

    @Test func rollingForwardAgainIsPossible() throws {
        let recipe = try startWithThreeGenerations()
        _ = try recipe.rollback(to: 1)
        #expect(try recipe.rollback(to: 3).active.generation == 3)
        #expect(try start().view.active?.generation == 3)
    }

    @Test func rollingBackToNothingSaysSo() throws {
        let recipe = try start()
        #expect(throws: StoreError.noModel) { try recipe.rollback(to: nil) }
        _ = try recipe.install(.tiny(shots: ["a"]))
        #expect(throws: StoreError.noOlderGeneration(than: 1)) { try recipe.rollback(to: nil) }
        #expect(throws: StoreError.noSuchGeneration(7, kept: [1])) { try recipe.rollback(to: 7) }
    }

    @Test func aLimitSetByHandOutlivesARefitAndARestartUntilAuto() throws {
        let recipe = try start()
        _ = try recipe.install(.tiny(shots: ["a"], limit: 1))
        #expect(try recipe.setLimit(0.5).model.calibration.limit == 0.5)
        #expect(try recipe.install(.tiny(shots: ["a", "b"], limit: 2)).limit == 0.5)
        let again = try start()
        #expect(again.view.active?.limit == 0.5)
        #expect(again.view.active?.summary.limit == 2)
        #expect(try again.setLimit(nil).model.calibration.limit == 2)
        #expect(try start().view.active?.limit == 2)
    }

    @Test func afterLimitAutoTheModelIsAsItWasFittedAndSaysSo() throws {
        let (model, recipe) = (try FittedModel.tiny(shots: ["a"], limit: 2), try start())
        _ = try recipe.install(model)
        #expect(try recipe.setLimit(0.5).model.calibration.origin == .manual)
        #expect(try recipe.setLimit(nil).model == model)
    }

    @Test func aLimitSetByHandDoesNotCountForAnotherMethod() throws {
        let recipe = try start()
        _ = try recipe.install(.tiny(shots: ["a"], limit: 1))
        _ = try recipe.setLimit(0.5)
        let other = try FittedModel.tiny(shots: ["a"], limit: 30, method: "spade")
        #expect(try recipe.install(other).limit == 30)
    }

    @Test func aModelOfAnotherBackboneIsNotUsedAndAFitIsDue() throws {
        let recipe = try start(kind: .tiny(backbone: "other"))
        let sha256 = try recipe.addNormal(Array("abc".utf8), fileExtension: "png").normal.sha256
        let other = try FittedModel.tiny(shots: [sha256], backbone: "other")
        _ = try recipe.install(other)
        let again = try start()
        #expect(again.view.active == nil)
        #expect(again.view.isFitDue)
        _ = try again.install(.tiny(shots: [sha256]))
        #expect(
            throws: StoreError.otherBackbone(
                generation: 1, found: "other (weights other)", configured: "tiny (weights tiny)")
        ) {
            try again.rollback(to: nil)
        }
    }

    @Test func aModelOfOtherSettingsIsUsedUntilTheFitThatIsDue() throws {
        let recipe = try start()
        let sha256 = try recipe.addNormal(Array("abc".utf8), fileExtension: "png").normal.sha256
        let other = try FittedModel.tiny(shots: [sha256], method: "spade")
        _ = try recipe.install(other)
        let again = try start()
        #expect(again.view.active?.generation == 1)
        #expect(again.view.isFitDue)
    }

    @Test(arguments: [0, -1, Float.nan, Float.infinity])
    func aLimitThatIsNoScoreIsRefused(value: Float) throws {
        let recipe = try start()
        _ = try recipe.install(.tiny(shots: ["a"], limit: 1))
        #expect(throws: StoreError.self) { try recipe.setLimit(value) }
        #expect(recipe.view.active?.limit == 1)
    }
}

// MARK: Disks that fail

extension RecipeTests {
    /// Fails the n-th operation of one change, once or from then on, for every n until the change passes untouched; after
    /// each the next start finds the old state or the new one.
    @Test(arguments: [false, true], [ENOSPC, EIO, EROFS])
    func aDiskThatFailsAtAnyStepLeavesTheOldStateOrTheNew(forEver: Bool, code: CInt) throws {
        var failedStep = 0
        var isUntouched = false
        while !isUntouched {
            let folder = try TemporaryFolder()
            let step = Mutex(0)
            let limit = failedStep
            let disk = Disk { _, _ in
                let number = step.withLock { step in
                    step += 1
                    return step
                }
                return number == limit || (forEver && number > limit && limit > 0) ? code : nil
            }
            let recipe = try Recipe(
                stateDirectory: folder.path, name: "bottle", kind: .tiny(), logger: .silent
            ) { _ in }
            _ = try recipe.addNormal(Array("abc".utf8), fileExtension: "png")
            _ = try recipe.install(.tiny(shots: ["a"], limit: 1))
            let passed = (try? change(folder, disk)) != nil

            let after = try Recipe(
                stateDirectory: folder.path, name: "bottle", kind: .tiny(), logger: .silent
            ) { _ in }.view
            #expect([1, 2].contains(after.active?.summary.limit))
            #expect([1, 2].contains(after.normals.count))
            if passed { #expect(after.active?.summary.limit == 2 && after.normals.count == 2) }
            for place in ["", "/normals", "/models"] {
                #expect(try folder.names(in: "recipes/bottle\(place)").allSatisfy { !$0.hasPrefix("tmp-") })
            }
            isUntouched = failedStep > 0 && step.withLock { $0 } < failedStep
            failedStep += 1
        }
        // Fewer would mean that the disk's operations were not asked about.
        #expect(failedStep > 20)
    }

    private func change(_ folder: TemporaryFolder, _ disk: Disk) throws {
        let recipe = try Recipe(
            stateDirectory: folder.path, name: "bottle", kind: .tiny(), documents: StateDocuments(disk: disk),
            logger: .silent
        ) { _ in }
        _ = try recipe.addNormal(Array("def".utf8), fileExtension: "jpg")
        _ = try recipe.install(.tiny(shots: ["a"], limit: 2))
    }
}

// MARK: Starts after a crash: each test leaves the files of one instant behind

extension RecipeTests {
    @Test func aHalfWrittenPictureIsRemovedAndIsNoShot() throws {
        _ = try start()
        try folder.write("half", to: "\(Self.root)/normals/tmp-aa.png")
        #expect(try start().view.normals.isEmpty)
        #expect(try folder.names(in: "\(Self.root)/normals").isEmpty)
    }

    @Test func aHalfWrittenGenerationIsRemovedAndTheOldOneUsed() throws {
        _ = try startWithThreeGenerations()
        try folder.write("{", to: "\(Self.root)/models/tmp-4/model.json")
        #expect(try start().view.active?.generation == 3)
        #expect(try folder.names(in: "\(Self.root)/models") == ["1", "2", "3"])
    }

    @Test func aFinishedGenerationThatCurrentDoesNotNameYetIsUsed() throws {
        let recipe = try start()
        for limit in 1...2 { _ = try recipe.install(.tiny(shots: ["a"], limit: Float(limit))) }
        let current = try folder.bytes(of: "\(Self.root)/current")
        _ = try recipe.install(.tiny(shots: ["a"], limit: 3))
        let third = try folder.bytes(of: "\(Self.root)/current")
        try folder.write(current, to: "\(Self.root)/current")
        #expect(try start().view.active?.generation == 3)
        #expect(try folder.bytes(of: "\(Self.root)/current") == third)
    }

    @Test func aFirstFitWhoseLastStepWasCutOffIsUsed() throws {
        _ = try start().install(.tiny(shots: ["a"]))
        try folder.remove("\(Self.root)/current")
        #expect(try start().view.active?.generation == 1)
    }

    @Test func aHalfWrittenCurrentLeavesTheOldOne() throws {
        _ = try startWithThreeGenerations()
        try folder.write("", to: "\(Self.root)/tmp-current")
        #expect(try start().view.active?.generation == 3)
        #expect(try !folder.names(in: Self.root).contains("tmp-current"))
    }

    @Test func aDamagedGenerationMeansTheOneBefore() throws {
        _ = try startWithThreeGenerations()
        try flip("models/3/model.json")
        #expect(try start().view.active?.generation == 2)
        #expect(try start().install(.tiny(shots: ["a"])).generation == 4)
    }

    @Test func nothingReadableMeansNoModelAndNoFailure() throws {
        _ = try startWithThreeGenerations()
        for generation in 1...3 { try folder.write("x", to: "\(Self.root)/models/\(generation)/model.json") }
        let view = try start().view
        #expect(view.active == nil)
        #expect(view.hindrance?.cause == .modelUnreadable)
    }

    @Test func aShotWithoutItsFitMakesAFitDueUnlessAnOperatorRolledBack() throws {
        let recipe = try start()
        let sha256 = try recipe.addNormal(Array("abc".utf8), fileExtension: "png").normal.sha256
        #expect(try start().view.isFitDue)
        _ = try recipe.install(.tiny(shots: [sha256]))
        #expect(try !start().view.isFitDue)
        _ = try recipe.install(.tiny(shots: [sha256, "removed since"]))
        #expect(try start().view.isFitDue)
        _ = try recipe.install(.tiny(shots: [sha256]))
        _ = try recipe.rollback(to: 2)
        #expect(try !start().view.isFitDue)
    }

    @Test func aModelThatComputesOtherNumbersJudgesNoPart() throws {
        let (mismatch, log) = (Invalidity(.modelMismatch, "other numbers"), LogRecord())
        _ = try start().install(.tiny(shots: ["a"], limit: 1))
        let broken = try start(logger: log.logger, check: { _ in mismatch })
        #expect(broken.view.active?.withheld == mismatch)
        #expect(broken.view.hindrance == mismatch)
        #expect(log.lines.contains { $0.hasPrefix("error") && $0.contains("other numbers") })
        // No decision about the limit makes its numbers right.
        #expect(try broken.setLimit(0.5).withheld == mismatch)
        #expect(throws: StoreError.unusable("other numbers")) { try broken.install(.tiny(shots: ["a"], limit: 2)) }
        #expect(try start().view.hindrance == nil)
    }

    @Test func anOldGenerationThatCannotBeRemovedDoesNotMakeTheFitAFailure() throws {
        _ = try startWithThreeGenerations()
        let disk = Disk { operation, path in operation == .rename && path.hasSuffix("models/1") ? EIO : nil }
        let recipe = try Recipe(
            stateDirectory: folder.path, name: "bottle", kind: .tiny(), documents: StateDocuments(disk: disk),
            logger: .silent
        ) { _ in }
        #expect(try recipe.install(.tiny(shots: ["a"], limit: 4)).generation == 4)
        #expect(try start().view.active?.limit == 4)
    }
}
