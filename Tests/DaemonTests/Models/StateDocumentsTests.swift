import ControlProtocol
import Core
import Daemon
import Glibc
import Logging
import Platform
import Settings
import Synchronization
import TestSupport
import Testing

/// Documents that decide how parts are judged, damaged: no part is judged by something laxer than an operator wanted.
@Suite struct StateDocumentsTests {
    let folder: TemporaryFolder
    private static let root = "recipes/bottle"
    /// How a document is damaged.
    enum Damage: CaseIterable { case flipped, cut, emptied, sealLess, aFolder }

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Opens everything as a start of the daemon does.
    private func start(_ tables: [String] = ["bottle"], logger: Logger = .silent) throws -> RecipeBook {
        try RecipeBook(
            stateDirectory: folder.path,
            tables: tables.map { name in
                var table = Configuration.RecipeSettings()
                table.name = name
                return table
            }, logger: logger
        ) { _ in .tiny() }
    }

    private func bottle() throws -> Recipe { try start().entry("bottle").recipe }

    /// Generations 1 to 3 with these limits; 3 is in use.
    private func fitThrice() throws -> Recipe {
        let recipe = try bottle()
        for limit in 1...3 { _ = try recipe.install(.tiny(shots: ["a"], limit: Float(limit))) }
        return recipe
    }

    private func damage(_ name: String, _ damage: Damage) throws {
        let bytes = try folder.bytes(of: name)
        switch damage {
        case .flipped:
            var bytes = bytes
            bytes[bytes.count / 3] ^= 0x40
            try folder.write(bytes, to: name)
        case .cut: try folder.write(Array(bytes.prefix(bytes.count / 2)), to: name)
        case .emptied: try folder.write([] as [UInt8], to: name)
        case .sealLess: try folder.write(Array(bytes.split(separator: UInt8(ascii: "\n"))[0]), to: name)
        case .aFolder:
            try folder.remove(name)
            try folder.write("", to: "\(name)/x")
        }
    }

    /// What becomes of a part on the line.
    private func judged(_ recipe: LineRecipe) -> Inspection {
        var pipeline = InspectionPipeline()
        return pipeline.inspect(Part(camera: "camera1", recipe: recipe, frame: .success(TestLine.frame(50))))
    }

    private func judged(_ book: RecipeBook) throws -> Inspection { judged(try book.entry("bottle").line) }

    // MARK: Limit and commissioning

    @Test(arguments: Damage.allCases)
    func withADamagedLimitNoPartIsJudgedUntilSomebodySetsOne(damage: Damage) throws {
        _ = try fitThrice().setLimit(0.5)
        try self.damage("\(Self.root)/limit.json", damage)
        let log = LogRecord()
        let book = try start(logger: log.logger)
        let invalidity = try #require(judged(book).invalidity)
        #expect(invalidity.cause == .stateUnreadable)
        #expect(invalidity.detail.contains("limit.json") && invalidity.detail.contains("`fsacctl limit auto`"))
        #expect(log.lines.contains { $0.hasPrefix("error") && $0.contains("limit.json") })
        // It is not forgotten by another start.
        #expect(try judged(start()).invalidity?.cause == .stateUnreadable)
        guard damage != .aFolder else { return }
        _ = try book.entry("bottle").recipe.setLimit(0.7)
        #expect(try judged(book).invalidity == nil)
        #expect(try bottle().view.active?.limit == 0.7)
    }

    @Test func calibrationsLimitIsADecisionToo() throws {
        _ = try fitThrice().setLimit(0.5)
        try damage("\(Self.root)/limit.json", .flipped)
        let book = try start()
        #expect(try judged(book).verdict == .invalid)
        _ = try book.entry("bottle").recipe.setLimit(nil)
        #expect(try judged(book).invalidity == nil)
        #expect(try judged(start()).invalidity == nil)
    }

    @Test(arguments: [Damage.flipped, .cut, .emptied, .sealLess])
    func withADamagedCommissioningNoPartIsJudgedUntilItIsEnded(damage: Damage) throws {
        _ = try fitThrice().startCommission(Commission(parts: 9, firstSequence: 4))
        try self.damage("\(Self.root)/commission.json", damage)
        let book = try start()
        let recipe = try book.entry("bottle").recipe
        let invalidity = try #require(judged(book).invalidity)
        #expect(invalidity.cause == .stateUnreadable)
        #expect(invalidity.detail.contains("`fsacctl commission --cancel`"))
        #expect(throws: StoreError.self) { try recipe.startCommission(Commission(parts: 9, firstSequence: 4)) }
        _ = try recipe.endCommission(accepting: nil)
        #expect(try judged(book).invalidity == nil)
        #expect(throws: StoreError.notCommissioning("bottle")) { try recipe.endCommission(accepting: nil) }
    }

    // MARK: The generation in use

    @Test(arguments: Damage.allCases)
    func withADamagedCurrentNoGenerationComesBackThatWasRolledBack(damage: Damage) throws {
        _ = try fitThrice().rollback(to: 2)
        try self.damage("\(Self.root)/current", damage)
        let book = try start()
        let recipe = try book.entry("bottle").recipe
        let invalidity = try #require(judged(book).invalidity)
        #expect(invalidity.cause == .stateUnreadable)
        #expect(invalidity.detail.contains("`fsacctl models rollback GENERATION` (kept: 3, 2, 1)"))
        // No fit decides on its own either.
        #expect(!recipe.view.isFitDue)
        #expect(throws: StoreError.self) { try recipe.rollback(to: nil) }
        guard damage != .aFolder else { return }
        #expect(try recipe.rollback(to: 2).active.generation == 2)
        #expect(try judged(book).invalidity == nil)
        #expect(try bottle().view.active?.generation == 2)
    }

    @Test func aCurrentThatIsGoneIsAskedFor() throws {
        _ = try fitThrice().rollback(to: 2)
        try folder.remove("\(Self.root)/current")
        #expect(try judged(start()).invalidity?.cause == .stateUnreadable)
        let recipe = try bottle()
        #expect(try recipe.install(.tiny(shots: ["a"])).generation == 4)
        #expect(try bottle().view.active?.generation == 4)
    }

    @Test func aDamagedGenerationIsReplacedByTheLastOneThatNobodyWentBackFrom() throws {
        let recipe = try fitThrice()
        _ = try recipe.rollback(to: 1)
        _ = try recipe.install(.tiny(shots: ["a"], limit: 4))
        for file in ["model.json", "model.safetensors"] {
            let name = "\(Self.root)/models/4/\(file)"
            let bytes = try folder.bytes(of: name)
            try damage(name, .flipped)
            // Not 3 or 2, though they are whole.
            #expect(try bottle().view.active?.generation == 1)
            try folder.write(bytes, to: name)
        }
        #expect(try bottle().view.active?.generation == 4)
        try damage("\(Self.root)/models/4/model.json", .flipped)
        try damage("\(Self.root)/models/1/model.json", .cut)
        let invalidity = try #require(judged(start()).invalidity)
        #expect(invalidity.cause == .modelUnreadable)
        #expect(invalidity.detail.contains("generation 4") && invalidity.detail.contains("checksum"))
    }

    @Test func oneFlippedBitInTheUnitOfScoresMakesNoRejectAGoodPart() throws {
        _ = try fitThrice()
        for generation in 1...3 {
            let name = "\(Self.root)/models/\(generation)/model.json"
            var text = try folder.text(of: name)
            text.replace("\"unit\" : 1", with: "\"unit\" : 9")
            try folder.write(text, to: name)
        }
        #expect(try judged(start()).invalidity?.cause == .modelUnreadable)
    }

    // MARK: Shots

    @Test func aShotThatIsNotWhatItsNameSaysIsNotLearnt() throws {
        let recipe = try bottle()
        let shot = try recipe.addNormal(TestPicture.png(1), fileExtension: "png").normal
        try folder.write(TestPicture.png(200), to: "\(Self.root)/normals/\(shot.sha256).png")
        #expect {
            try recipe.bytes(of: shot)
        } throws: { error in
            "\(error)".contains("changed since it was stored") && "\(error)".contains("fsacctl normals remove")
        }
    }

    // MARK: Recipes in use

    private var camera: Configuration.Camera { Configuration.Camera() }

    @Test(arguments: Damage.allCases)
    func whenTheRecipesInUseAreDamagedNoProductIsJudgedByAnothersRecipe(damage: Damage) throws {
        var other = camera
        other.name = "camera2"
        let book = try start(["bottle", "cap"])
        for name in ["bottle", "cap"] { _ = try book.entry(name).recipe.install(.tiny(shots: ["a"])) }
        try book.remember("cap", for: camera.name)
        #expect(judged(book.lineRecipe(for: camera)).invalidity == nil)
        try self.damage("recipes-in-use.json", damage)
        let again = try start(["bottle", "cap"])
        let invalidity = try #require(judged(again.lineRecipe(for: camera)).invalidity)
        #expect(invalidity.cause == .stateUnreadable)
        #expect(invalidity.detail.contains("`fsacctl recipe use RECIPE --camera camera1`"))
        guard damage != .aFolder else { return }
        try again.remember("cap", for: camera.name)
        #expect(judged(again.lineRecipe(for: camera)).invalidity == nil)
        // What was chosen for the others is as lost as before, also after another start.
        for book in [again, try start(["bottle", "cap"])] {
            #expect(book.entry(for: camera)?.name == "cap")
            #expect(judged(book.lineRecipe(for: other)).invalidity?.cause == .stateUnreadable)
        }
    }

    @Test(arguments: [Damage.flipped, .cut, .emptied, .sealLess])
    func aCopyWhoseSettingsAreLostIsNotJudgedByOthers(damage: Damage) throws {
        let book = try start()
        _ = try book.entry("bottle").recipe.install(.tiny(shots: ["a"]))
        _ = try book.copy("bottle", to: "cap")
        try book.remember("cap", for: camera.name)
        #expect(judged(try start().lineRecipe(for: camera)).invalidity == nil)
        try self.damage("recipes/cap/settings", damage)
        let invalidity = try #require(judged(try start().lineRecipe(for: camera)).invalidity)
        #expect(invalidity.cause == .stateUnreadable && invalidity.detail.contains("recipes/cap/settings"))
        #expect(judged(try start(["bottle", "cap"]).lineRecipe(for: camera)).invalidity == nil)
    }

    // MARK: State directories of older versions

    /// Takes the seal off, as if an older version had written the document.
    private func unseal(_ name: String) throws {
        guard case .sound(let content) = Seal.open(try folder.bytes(of: name)) else { return }
        let text = String(decoding: content, as: UTF8.self)
        try folder.write(text.replacing("\"version\" : 5", with: "\"version\" : 3") + "\n", to: name)
    }

    /// Two generations of an older version, the first of them in use after a roll-back, and a limit set by hand.
    private func leaveAnOlderVersion() throws {
        let recipe = try bottle()
        for limit in 1...2 { _ = try recipe.install(.tiny(shots: ["a"], limit: Float(limit))) }
        _ = try recipe.setLimit(0.5)
        for generation in 1...2 { try unseal("\(Self.root)/models/\(generation)/model.json") }
        try unseal("\(Self.root)/limit.json")
        try folder.write("1 rolled-back\n", to: "\(Self.root)/current")
        try folder.write(#"{"camera1":"bottle"}"#, to: "recipes-in-use.json")
        try folder.remove("taken-over.json")
    }

    @Test func whatAnOlderVersionLeftGoesOnAsItWas() throws {
        try leaveAnOlderVersion()
        for _ in 0..<2 {
            let book = try start(["cap", "bottle"])
            let view = try book.entry("bottle").recipe.view
            #expect(view.active?.generation == 1 && view.active?.limit == 0.5)
            #expect(book.entry(for: camera)?.name == "bottle")
        }
        let copy = try start().copy("bottle", to: "lid")
        #expect(copy.recipe.view.active?.limit == 0.5)
    }

    @Test func whatWasTakenOverIsNotBelievedOnceItChanged() throws {
        try leaveAnOlderVersion()
        _ = try start()
        try folder.write("2\n", to: "\(Self.root)/current")
        #expect(try judged(start()).invalidity?.cause == .stateUnreadable)
        try folder.write("1 rolled-back\n", to: "\(Self.root)/current")
        #expect(try bottle().view.active?.generation == 1)
        let model = "\(Self.root)/models/1/model.json"
        try folder.write(folder.text(of: model).replacing("\"unit\" : 1", with: "\"unit\" : 9"), to: model)
        #expect(try judged(start()).invalidity?.cause == .modelUnreadable)
    }

    @Test func aSealThatIsTakenOffLaterIsNoDocumentOfAnOlderVersion() throws {
        let recipe = try fitThrice()
        _ = try recipe.setLimit(0.5)
        try unseal("\(Self.root)/limit.json")
        #expect(try judged(start()).invalidity?.cause == .stateUnreadable)
        // Not either with the list of what was taken over out of the way: a sealed document shows that there was one.
        try folder.remove("taken-over.json")
        #expect(try judged(start()).invalidity?.cause == .stateUnreadable)
        #expect(try judged(start()).invalidity?.cause == .stateUnreadable)
    }

    @Test func aDamagedListOfOlderDocumentsMakesNoneOfThemGood() throws {
        try leaveAnOlderVersion()
        _ = try start()
        try damage("taken-over.json", .flipped)
        let log = LogRecord()
        #expect(try judged(start(logger: log.logger)).invalidity?.cause == .stateUnreadable)
        #expect(log.lines.contains { $0.contains("taken-over.json") })
    }

    /// As version 2 of the model document had it beside it.
    @Test(arguments: [("padim, maximum, 100 dimensions", true), ("padim, top 1 %, 100 dimensions", false), ("", false)])
    func aLimitThatAnOlderProgramKeptHoldsForWhatItWasSetFor(method: String, holds: Bool) throws {
        try folder.write(
            """
            {"kind":{"backbone":"tiny (weights tiny)","method":"\(method)","sensitivity":0.5},
            "unit":"typical good part","value":0.5}
            """, to: "\(Self.root)/limit.json")
        let recipe = try bottle()
        #expect(try recipe.install(.tiny(shots: ["a"], limit: 1)).limit == (holds ? 0.5 : 1))
        let other = try FittedModel.tiny(shots: ["a"], limit: 30, method: "spade")
        #expect(try recipe.install(other).limit == 30)
    }

    @Test func whatAKillLeftOfADocumentIsRemoved() throws {
        try folder.write("{", to: "tmp-recipes-in-use.json.7")
        _ = try start()
        #expect(try folder.names(in: ".") == ["recipes", "taken-over.json"])
    }

    @Test func theListIsMadeOnceAlsoWhenTheDiskRefusesItAtFirst() throws {
        try leaveAnOlderVersion()
        let disk = Disk { operation, path in operation == .open && path.contains("taken-over") ? EROFS : nil }
        let book = try RecipeBook(stateDirectory: folder.path, tables: [.init()], disk: disk, logger: .silent) { _ in
            .tiny()
        }
        #expect(book.entries.count == 1)
        #expect(try bottle().view.active?.limit == 0.5)
    }
}
