import Core
import Daemon
import Glibc
import Logging
import Platform
import Settings
import Synchronization
import TestSupport
import Testing

@Suite struct RecipeBookTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func table(_ name: String, brightness: Double = 4) -> Configuration.RecipeSettings {
        var table = Configuration.RecipeSettings()
        table.name = name
        table.minBrightness = brightness
        return table
    }

    /// Opens the book as a start of the daemon does.
    private func start(
        _ tables: [Configuration.RecipeSettings], disk: Disk = Disk(), method: RecipeMethod = .tiny(),
        logger: Logger = .silent
    ) throws -> RecipeBook {
        try RecipeBook(stateDirectory: folder.path, tables: tables, disk: disk, logger: logger) { _ in method }
    }

    /// `bottle` with two shots, a model and a limit set by hand.
    private func startWithABottle() throws -> RecipeBook {
        let book = try start([table("bottle")])
        let recipe = try book.entry("bottle").recipe
        for text in ["abc", "def"] { _ = try recipe.addNormal(Array(text.utf8), fileExtension: "png") }
        _ = try recipe.install(.tiny(shots: recipe.view.normals.map(\.sha256), limit: 2))
        _ = try recipe.setLimit(0.5)
        return book
    }

    @Test func aCopyHasTheShotsTheModelAndTheLimitAndGoesItsOwnWay() throws {
        let book = try startWithABottle()
        let copy = try book.copy("bottle", to: "cap")
        #expect(copy.recipe.view.normals == (try book.entry("bottle").recipe.view.normals))
        #expect(copy.recipe.view.active?.limit == 0.5)
        #expect(copy.recipe.view.active?.generation == 1)
        #expect(!copy.recipe.view.isFitDue)
        #expect(copy.line.models.current?.limit == 0.5)
        _ = try copy.recipe.addNormal(Array("ghi".utf8), fileExtension: "png")
        _ = try copy.recipe.setLimit(0.9)
        #expect(try book.entry("bottle").recipe.view.normals.count == 2)
        #expect(try book.entry("bottle").recipe.view.active?.limit == 0.5)
    }

    @Test func aCopyOutlivesARestartAndKeepsToItsTableUntilItHasItsOwn() throws {
        let book = try startWithABottle()
        _ = try book.copy("bottle", to: "cap")
        _ = try book.copy("cap", to: "lid")
        let again = try start([table("bottle", brightness: 9)])
        #expect(again.entries.map(\.name) == ["bottle", "cap", "lid"])
        #expect(again.entries.map(\.settings.name) == ["bottle", "bottle", "bottle"])
        #expect(try again.entry("cap").line.brightness.lowerBound == 9)
        #expect(try again.entry("cap").line.name == "cap")
        let own = try start([table("bottle"), table("cap", brightness: 7)])
        #expect(own.entries.map(\.settings.name) == ["bottle", "cap", "bottle"])
        #expect(try own.entry("cap").line.brightness.lowerBound == 7)
        #expect(try own.entry("cap").recipe.view.normals.count == 2)
        // Its table is gone: it is left out, and nothing is lost.
        #expect(try start([table("other")]).entries.map(\.name) == ["other"])
        #expect(try folder.names(in: "recipes/cap/normals").count == 2)
    }

    @Test func aCopyOverAnotherRecipeOrOfNoneIsRefused() throws {
        let book = try startWithABottle()
        _ = try book.copy("bottle", to: "cap")
        #expect(throws: StoreError.recipeExists("cap")) { try book.copy("bottle", to: "cap") }
        #expect(throws: StoreError.recipeExists("bottle")) { try book.copy("cap", to: "bottle") }
        #expect(throws: StoreError.invalidRecipeName("../x")) { try book.copy("bottle", to: "../x") }
        #expect(throws: StoreError.noSuchRecipe("none", known: ["bottle", "cap"])) { try book.copy("none", to: "x") }
    }

    /// Fails the n-th operation of a copy for every n until it passes untouched: the copy is there in whole, or not.
    @Test func aCopyIsWholeOrNotThere() throws {
        _ = try startWithABottle()
        var failedStep = 1
        var isUntouched = false
        while !isUntouched {
            let step = Mutex(0)
            let isArmed = Mutex(false)
            let limit = failedStep
            let disk = Disk { _, _ in
                guard isArmed.withLock({ $0 }) else { return nil }
                let number = step.withLock { step in
                    step += 1
                    return step
                }
                return number == limit ? EIO : nil
            }
            let name = "copy\(failedStep)"
            let book = try start([table("bottle")], disk: disk)
            isArmed.withLock { $0 = true }
            let passed = (try? book.copy("bottle", to: name)) != nil
            let after = try start([table("bottle")])
            let copy = try? after.entry(name)
            if passed { #expect(copy != nil) }
            if let copy {
                #expect(copy.recipe.view.normals.count == 2)
                #expect(copy.recipe.view.active?.limit == 0.5)
            }
            #expect(try !folder.names(in: "recipes").contains(".copy"))
            isUntouched = step.withLock { $0 } < failedStep
            failedStep += 1
        }
        // Fewer would mean that the disk's operations were not asked about.
        #expect(failedStep > 15)
    }

    @Test func theRecipeInUseIsTheChosenOneElseTheConfiguredElseTheFirst() throws {
        var camera = Configuration.Camera()
        let tables = [table("bottle"), table("cap")]
        let book = try start(tables)
        #expect(book.entry(for: camera)?.name == "bottle")
        camera.recipe = "cap"
        #expect(book.entry(for: camera)?.name == "cap")
        try book.remember("bottle", for: camera.name)
        #expect(try start(tables).entry(for: camera)?.name == "bottle")
        #expect(throws: StoreError.noSuchRecipe("none", known: ["bottle", "cap"])) {
            try book.remember("none", for: camera.name)
        }
    }

    @Test func aReloadWithOtherSettingsKeepsTheShotsAndMakesAFitDue() throws {
        let method = Mutex(RecipeMethod.tiny())
        let book = try RecipeBook(
            stateDirectory: folder.path, tables: [table("bottle")], logger: .silent
        ) { _ in method.withLock { $0 } }
        let old = try book.entry("bottle")
        _ = try old.recipe.addNormal(Array("abc".utf8), fileExtension: "png")
        _ = try old.recipe.install(.tiny(shots: old.recipe.view.normals.map(\.sha256), limit: 2))
        #expect(try book.reload([table("bottle")]).isEmpty)

        method.withLock { $0 = .tiny(method: "spade") }
        #expect(try book.reload([table("bottle", brightness: 9)]) == ["recipe bottle with its new settings"])
        let new = try book.entry("bottle")
        #expect(new.recipe.view.isFitDue)
        // The model of the settings before judges until the fit is done; parts of before keep what they had.
        #expect(new.line.models.current?.limit == 2)
        #expect(new.line.brightness.lowerBound == 9)
        #expect(old.line.brightness.lowerBound == 4)
        _ = try new.recipe.install(.tiny(shots: [], limit: 3))
        #expect(new.line.models.current?.limit == 3)
        #expect(old.line.models.current?.limit == 2)
    }

    @Test func noOtherRecipeJudgesForOneThatIsGone() throws {
        let (camera, log) = (Configuration.Camera(), LogRecord())
        try start([table("bottle"), table("cap")]).remember("bottle", for: camera.name)
        let book = try start([table("cap")], logger: log.logger)
        let cap = try book.entry("cap").recipe
        _ = try cap.install(.tiny(shots: ["a"]))
        #expect(book.entry(for: camera) == nil)
        let gone = book.lineRecipe(for: camera)
        #expect(gone.name == "bottle")
        #expect(log.lines.contains { $0.contains("recipe bottle, which was in use, is not there any more") })
        var pipeline = InspectionPipeline()
        let part = Part(camera: camera.name, recipe: gone, frame: .success(TestLine.frame(50)))
        let invalidity = try #require(pipeline.inspect(part).invalidity)
        #expect(invalidity.cause == .noModel)
        #expect(invalidity.detail.contains("`fsacctl recipe use`"))
        // Nothing else is refused for that, and an operator's choice ends it.
        _ = try book.reload([table("cap", brightness: 9)], from: [camera], to: [camera])
        try book.remember("cap", for: camera.name)
        #expect(book.lineRecipe(for: camera).models.current?.generation == 1)
    }

    @Test func aRecipeInUseCannotBeRemoved() throws {
        let camera = Configuration.Camera()
        let book = try start([table("bottle"), table("cap")])
        let refusal = StoreError.recipeInUse("bottle", camera: camera.name)
        #expect("\(refusal)".contains("fsacctl recipe use RECIPE --camera camera1"))
        #expect(throws: refusal) { try book.reload([table("cap")], from: [camera], to: [camera]) }
        #expect(book.entries.map(\.name) == ["bottle", "cap"])
        // The file may say what to use instead, as long as no operator has chosen.
        var other = camera
        other.recipe = "cap"
        try book.remember("bottle", for: camera.name)
        #expect(throws: refusal) { try book.reload([table("cap")], from: [camera], to: [other]) }
        try book.remember("cap", for: camera.name)
        #expect(
            try book.reload([table("cap")], from: [camera], to: [camera])
                == ["recipe bottle removed; its folder stays"])
        var named = Configuration.Camera()
        named.name = "camera2"
        named.recipe = "lid"
        #expect(
            try book.reload([table("lid")], from: [], to: [named])
                == ["recipe lid added", "recipe cap removed; its folder stays"])
        #expect(book.entry(for: named)?.name == "lid")
        var renamed = named
        renamed.recipe = "top"
        _ = try book.reload([table("top")], from: [named], to: [renamed])
        #expect(book.entry(for: renamed)?.name == "top")
    }

    /// A copy's folder that cannot be made, and generations that cannot be listed.
    @Test(arguments: [Disk.Operation.createFolder, .list])
    func aReloadThatTheDiskRefusesLeavesEverythingAsItIs(operation: Disk.Operation) throws {
        _ = try startWithABottle()
        let isFailing = Mutex(false)
        let place = operation == .list ? "recipes/lid/models" : "recipes/cap/normals"
        let disk = Disk { done, path in
            isFailing.withLock { $0 } && done == operation && path.hasSuffix(place) ? EIO : nil
        }
        let book = try start([table("bottle"), table("lid")], disk: disk)
        let old = try book.entry("bottle")
        isFailing.withLock { $0 = true }
        #expect(throws: DiskError.self) {
            try book.reload([table("bottle", brightness: 9), table("lid", brightness: 9), table("cap")])
        }
        #expect(book.entries.map(\.name) == ["bottle", "lid"])
        #expect(try folder.names(in: "recipes") == ["bottle", "lid"])
        // What the line has is what changes.
        _ = try book.entry("bottle").recipe.setLimit(0.7)
        #expect(old.line.models.current?.limit == 0.7)
        #expect(try book.entry("bottle").line.brightness.lowerBound == 4)
        isFailing.withLock { $0 = false }
        #expect(try book.reload([table("bottle", brightness: 9), table("lid"), table("cap")]).count == 2)
        _ = try book.entry("bottle").recipe.setLimit(0.8)
        #expect(try book.entry("bottle").line.models.current?.limit == 0.8)
    }

    @Test func repairedWeightsAreUsedAfterAReload() throws {
        _ = try startWithABottle()
        let absence = Mutex<String?>("weights are cut")
        let log = LogRecord()
        let book = try RecipeBook(
            stateDirectory: folder.path, tables: [table("bottle")], logger: log.logger
        ) { _ in
            var method = RecipeMethod.tiny()
            method.absence = absence.withLock { $0 }
            return method
        }
        #expect(log.lines.contains { $0.contains("no part can be judged") && $0.contains("weights are cut") })
        // Still cut: no worse than before, other changes are taken over.
        _ = try book.reload([table("bottle", brightness: 9)])
        #expect(try book.entry("bottle").line.brightness.lowerBound == 9)
        absence.withLock { $0 = nil }
        #expect(try book.reload([table("bottle", brightness: 9)]) == ["recipe bottle with its weights read again"])
        #expect(try book.entry("bottle").method.absence == nil)
        #expect(try book.entry("bottle").line.models.current?.limit == 0.5)
        #expect(try book.reload([table("bottle", brightness: 9)]).isEmpty)
        // Refused now, and the line judges on: nobody is told otherwise.
        let told = log.lines.count
        absence.withLock { $0 = "weights are cut" }
        #expect(throws: StoreError.self) { try book.reload([table("bottle", brightness: 8)]) }
        #expect(log.lines.count == told)
    }

    @Test func aMethodThatIsRefusedLeavesEverythingAsItIs() throws {
        struct Refused: Error {}
        let book = try RecipeBook(
            stateDirectory: folder.path, tables: [table("bottle")], logger: .silent
        ) { table throws(Refused) in
            if table.name == "bad" { throw Refused() }
            return .tiny()
        }
        #expect(throws: Refused.self) { try book.reload([table("bottle", brightness: 9), table("bad")]) }
        #expect(book.entries.map(\.name) == ["bottle"])
        #expect(try book.entry("bottle").line.brightness.lowerBound == 4)
    }

    @Test func weightsThatCannotBeUsedAreToldAtTheStartAndRefusedLater() throws {
        let absence = Mutex<String?>("weights are cut")
        func book() throws -> RecipeBook {
            try RecipeBook(stateDirectory: folder.path, tables: [table("bottle")], logger: .silent) { _ in
                var method = RecipeMethod.tiny()
                method.absence = absence.withLock { $0 }
                return method
            }
        }
        #expect(try book().entry("bottle").method.absence == "weights are cut")
        absence.withLock { $0 = nil }
        let running = try book()
        absence.withLock { $0 = "weights are cut" }
        #expect(throws: StoreError.recipeUnusable("bottle", reason: "weights are cut")) {
            try running.reload([table("bottle", brightness: 9)])
        }
        #expect(try running.entry("bottle").line.brightness.lowerBound == 4)
    }

    @Test func aFitThatEndsAfterTheBackboneChangedIsNotUsed() throws {
        let book = try startWithABottle()
        let other = try FittedModel.tiny(shots: [], backbone: "other")
        #expect(throws: StoreError.otherSettings(found: "other (weights other)", configured: "tiny (weights tiny)")) {
            try book.entry("bottle").recipe.install(other)
        }
    }
}
