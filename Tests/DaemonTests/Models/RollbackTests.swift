import Core
import Daemon
import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

/// Going back to an older generation undoes what was learnt since.
@Suite struct RollbackTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func start(_ disk: Disk = Disk()) throws -> Recipe {
        try Recipe(
            stateDirectory: folder.path, name: "bottle", kind: .tiny(), documents: StateDocuments(disk: disk),
            logger: .silent
        ) { _ in }
    }

    private func add(_ text: String, to recipe: Recipe) throws -> StoredNormal {
        try recipe.addNormal(Array(text.utf8), fileExtension: "png").normal
    }

    private func fit(_ recipe: Recipe) throws {
        _ = try recipe.install(.tiny(shots: recipe.view.normals.map(\.sha256)))
    }

    /// A good shot in generation 1, and a bad one beside it in generation 2, which is in use.
    private func startWithABadShot() throws -> (Recipe, good: StoredNormal, bad: StoredNormal) {
        let recipe = try start()
        let good = try add("good", to: recipe)
        try fit(recipe)
        let bad = try add("bad", to: recipe)
        try fit(recipe)
        return (recipe, good, bad)
    }

    @Test func theNextFitDoesNotLearnAgainWhatWasGoneBackFrom() throws {
        let (recipe, good, bad) = try startWithABadShot()
        let rollback = try recipe.rollback(to: nil)
        #expect(rollback.active.generation == 1 && rollback.setAside == [bad] && rollback.restored.isEmpty)
        #expect(recipe.view.normals == [good] && recipe.view.setAside == [bad])
        #expect(!recipe.view.isFitDue)
        let again = try start()
        #expect(again.view.normals == [good] && again.view.setAside == [bad])
        let other = try add("another good one", to: again)
        #expect(Set(again.view.normals.map(\.sha256)) == [good.sha256, other.sha256])
        try fit(again)
        #expect(again.view.active?.generation == 3)
        #expect(again.view.setAside == [bad])
    }

    @Test func aDoubtedShotStaysDoubtedOverARestartARollbackAndARestoration() throws {
        let recipe = try start()
        _ = try recipe.addNormal(Array("good".utf8), fileExtension: "png")
        _ = try recipe.install(.tiny(shots: recipe.view.normals.map(\.sha256)))
        let doubted = try recipe.addNormal(Array("doubted".utf8), fileExtension: "jpg", isDoubted: true).normal
        #expect(doubted.isDoubted)
        let again = try start()
        #expect(again.view.normals.filter(\.isDoubted) == [doubted])
        #expect(try again.bytes(of: doubted) == Array("doubted".utf8))
        _ = try again.install(.tiny(shots: again.view.normals.map(\.sha256)))
        #expect(try again.rollback(to: nil).setAside == [doubted])
        #expect(try start().view.setAside == [doubted])
        _ = try again.restoreNormal(doubted.sha256)
        #expect(try start().view.normals.filter(\.isDoubted) == [doubted])
        #expect(try again.removeNormal(doubted.sha256).normal == doubted)
        #expect(try start().view.normals.count == 1)
    }

    @Test func aShotThatWasNeverFittedIsSetAsideToo() throws {
        let (recipe, _, bad) = try startWithABadShot()
        let waiting = try add("without a fit", to: recipe)
        #expect(try Set(recipe.rollback(to: nil).setAside.map(\.sha256)) == [bad.sha256, waiting.sha256])
    }

    @Test func aShotThatWasSetAsideCanBeSeenRestoredAndRemoved() throws {
        let (recipe, good, bad) = try startWithABadShot()
        _ = try recipe.rollback(to: nil)
        #expect(try recipe.picture(named: String(bad.sha256.prefix(8))).bytes == Array("bad".utf8))
        #expect(throws: StoreError.noSuchNormal(sha256: good.sha256)) { try recipe.restoreNormal(good.sha256) }
        #expect(try recipe.restoreNormal(String(bad.sha256.prefix(8))) == bad)
        #expect(recipe.view.setAside.isEmpty && recipe.view.normals.count == 2)
        #expect(recipe.view.isFitDue)
        _ = try recipe.rollback(to: 1)
        // Though it is the only other one: what is set aside stands for nothing.
        #expect(try recipe.removeNormal(bad.sha256).wasInUse == false)
        #expect(try start().view.setAside.isEmpty)
    }

    @Test func aDamagedPictureIsNotRestored() throws {
        let (recipe, _, bad) = try startWithABadShot()
        _ = try recipe.rollback(to: nil)
        try folder.write("other", to: "recipes/bottle/set-aside/\(bad.sha256).png")
        #expect(throws: StoreError.self) { try recipe.restoreNormal(bad.sha256) }
        #expect(recipe.view.normals.count == 1)
    }

    @Test func goingForwardAgainBringsTheShotsBack() throws {
        let (recipe, good, bad) = try startWithABadShot()
        _ = try recipe.rollback(to: 1)
        let forward = try recipe.rollback(to: 2)
        #expect(forward.active.generation == 2 && forward.restored == [bad] && forward.setAside.isEmpty)
        #expect(Set(recipe.view.normals.map(\.sha256)) == [good.sha256, bad.sha256])
        #expect(!recipe.view.isFitDue)
    }

    @Test func addingAPictureThatWasSetAsideMakesItAShotAgain() throws {
        let (recipe, _, bad) = try startWithABadShot()
        _ = try recipe.rollback(to: nil)
        #expect(try add("bad", to: recipe) == bad)
        #expect(recipe.view.setAside.isEmpty && recipe.view.normals.count == 2)
    }

    /// Fails the n-th operation for every n until the roll-back passes untouched: it is done, or nothing has changed. When
    /// the disk fails for ever, shots may be out of the next fit that would have been in it, and never the other way round.
    @Test(arguments: [false, true])
    func aDiskThatFailsNeverLeavesABadShotInAGenerationThatWasGoneBackTo(forEver: Bool) throws {
        var (failing, isUntouched) = (1, false)
        while !isUntouched {
            let other = RollbackTests(folder: try TemporaryFolder())
            let (_, good, bad) = try other.startWithABadShot()
            let step = Mutex(0)
            let isArmed = Mutex(false)
            let limit = failing
            let recipe = try other.start(
                Disk { _, _ in
                    guard isArmed.withLock({ $0 }) else { return nil }
                    let number = step.withLock { step in
                        step += 1
                        return step
                    }
                    return number == limit || (forEver && number > limit) ? EIO : nil
                })
            isArmed.withLock { $0 = true }
            let passed = (try? recipe.rollback(to: nil)) != nil
            isUntouched = step.withLock { $0 } < failing
            let view = try other.start().view
            if passed { #expect(view.active?.generation == 1) }
            if view.active?.generation == 1 { #expect(view.normals == [good] && view.setAside == [bad]) }
            if !forEver, view.active?.generation == 2 {
                #expect(view.normals.count == 2 && view.setAside.isEmpty, "operation \(limit)")
            }
            failing += 1
        }
        // Fewer would mean that the disk's operations were not asked about.
        #expect(failing > 8)
    }

    private init(folder: TemporaryFolder) { self.folder = folder }
}
