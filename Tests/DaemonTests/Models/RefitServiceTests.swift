import ControlProtocol
import Core
import Daemon
import Foundation
import Logging
import Platform
import ServiceLifecycle
import Settings
import Synchronization
import TestSupport
import Testing

@Suite struct RefitServiceTests {
    struct Refused: Error, CustomStringConvertible {
        var description: String { "fit: refused for the test" }
    }

    /// Holds a fit until the test lets it go on.
    final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        let shotCounts = Mutex<[Int]>([])

        func open() { semaphore.signal() }

        func fit(_ shots: [Shot]) throws -> FittedModel {
            shotCounts.withLock { $0.append(shots.count) }
            semaphore.wait()
            return try .tiny(shots: shots.map(\.sha256))
        }
    }

    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        _ = try RecipeBook.bottle(folder).entry("bottle").recipe.addNormal(TestPicture.png(1), fileExtension: "png")
    }

    private func service(_ method: RecipeMethod) throws -> (RefitService, Recipe) {
        let book = try RecipeBook.bottle(folder, method)
        return (RefitService(book: book, events: .of(folder), logger: .silent), try book.entry("bottle").recipe)
    }

    private func settle(_ service: RefitService, _ recipe: String = "bottle", fit: UInt64) async throws {
        while service.status(of: recipe).done < fit { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// Runs the service around `body`, as the daemon does. The shot that has no model yet makes it begin with fit 1.
    private func run(_ service: RefitService, _ body: () async throws -> Void) async throws {
        let group = ServiceGroup(services: [service], logger: .silent)
        async let running: Void = group.run()
        do {
            try await body()
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running
    }

    @Test func aStartFitsTheShotThatHasNoModelYet() async throws {
        let (service, recipe) = try service(
            .tiny { shots, progress, _ in
                progress(0.5)
                return try .tiny(shots: shots.map(\.sha256))
            })
        #expect(service.status(of: "bottle") == FitReply(recipe: "bottle", state: .idle, request: 0, done: 0))
        try await run(service) { try await settle(service, fit: 1) }
        #expect(recipe.view.active?.generation == 1)
        #expect(!recipe.view.isFitDue)
        let end = FitReply(recipe: "bottle", state: .idle, generation: 1, request: 1, done: 1)
        #expect(service.status(of: "bottle") == end)
    }

    @Test func aFitThatIsDueSaysWhyInTheLog() async throws {
        for (method, reasons) in [
            ("padim", ["no generation can be used"]), ("spade", ["fitted with padim", "not spade"]),
        ] {
            let log = LogRecord()
            let book = try RecipeBook.bottle(folder, .tiny(method: method))
            let service = RefitService(book: book, events: .of(folder), logger: log.logger)
            try await run(service) { try await settle(service, fit: 1) }
            let line = try #require(log.lines.first { $0.contains("a fit is due") })
            #expect(reasons.allSatisfy { line.contains($0) }, "\(line)")
        }
    }

    @Test func aFailedFitKeepsTheModelAndSaysWhy() async throws {
        let fails = Mutex(false)
        let (service, recipe) = try service(
            .tiny { shots, _, _ in
                if fails.withLock({ $0 }) { throw Refused() }
                return try .tiny(shots: shots.map(\.sha256))
            })
        try await run(service) {
            try await settle(service, fit: 1)
            fails.withLock { $0 = true }
            service.request("bottle")
            try await settle(service, fit: 2)
        }
        #expect(service.status(of: "bottle").state == .failed)
        #expect(service.status(of: "bottle").message == "fit: refused for the test")
        #expect(recipe.view.active?.generation == 1)
    }

    @Test func aStoredPictureThatNoLongerReadsFailsTheFitAndNamesItself() async throws {
        let (service, recipe) = try service(.tiny())
        let sha256 = try #require(recipe.view.normals.first).sha256
        try folder.write("spoilt", to: "recipes/bottle/normals/\(sha256).png")
        try await run(service) { try await settle(service, fit: 1) }
        #expect(service.status(of: "bottle").state == .failed)
        #expect(service.status(of: "bottle").message?.contains(sha256) == true)
    }

    @Test func whoAskedForAFitThatFailedHearsItAlsoAfterALaterOneWentWell() async throws {
        let fails = Mutex(true)
        let (service, _) = try service(
            .tiny { shots, _, _ in
                if fails.withLock({ $0 }) { throw Refused() }
                return try .tiny(shots: shots.map(\.sha256))
            })
        try await run(service) {
            try await settle(service, fit: 1)
            fails.withLock { $0 = false }
            service.request("bottle")
            try await settle(service, fit: 2)
        }
        let (first, second) = (service.status(of: "bottle", request: 1), service.status(of: "bottle", request: 2))
        #expect(first.state == .failed && first.message == "fit: refused for the test" && first.generation == nil)
        #expect(second.state == .idle && second.generation == 1)
    }

    @Test func requestsDuringAFitBecomeOneFitWithAllShots() async throws {
        let gate = Gate()
        let (service, recipe) = try service(.tiny { shots, _, _ in try gate.fit(shots) })
        try await run(service) {
            while gate.shotCounts.withLock(\.isEmpty) { try await Task.sleep(for: .milliseconds(2)) }
            for shade: UInt8 in [2, 3] {
                _ = try recipe.addNormal(TestPicture.png(shade), fileExtension: "png")
                service.request("bottle")
            }
            #expect(service.status(of: "bottle").state == .fitting)
            gate.open()
            gate.open()
            try await settle(service, fit: 3)
        }
        #expect(gate.shotCounts.withLock { $0 } == [1, 3])
        #expect(recipe.view.active?.generation == 2)
    }

    @Test func recipesAreFittedOneAfterTheOtherAndEachKeepsItsOwnCount() async throws {
        let gate = Gate()
        let book = try RecipeBook.bottle(folder, .tiny { shots, _, _ in try gate.fit(shots) })
        let service = RefitService(book: book, events: .of(folder), logger: .silent)
        let cap = try book.copy("bottle", to: "cap").recipe
        _ = try cap.addNormal(TestPicture.png(2), fileExtension: "png")
        try await run(service) {
            while gate.shotCounts.withLock(\.isEmpty) { try await Task.sleep(for: .milliseconds(2)) }
            #expect(service.status(of: "cap").state == .fitting)
            #expect(service.status(of: "cap").done == 0)
            #expect(gate.shotCounts.withLock { $0 } == [1])
            gate.open()
            try await settle(service, fit: 1)
            gate.open()
            try await settle(service, "cap", fit: 1)
        }
        #expect(gate.shotCounts.withLock { $0 } == [1, 2])
        #expect(cap.view.active?.summary.shots.count == 2)
        #expect(try book.entry("bottle").recipe.view.active?.summary.shots.count == 1)
    }

    /// What a kill in the middle of the fit leaves, `count` times one after the other; each start begins with what the one before
    /// left.
    private func stateAfterKills(_ count: Int) async throws -> TemporaryFolder {
        var state = folder
        for number in 1...count {
            let next = try TemporaryFolder()
            let book = try RecipeBook.bottle(state, .tiny { _, _, isCancelled in try Self.wait(isCancelled) })
            let service = RefitService(book: book, events: .of(state), logger: .silent)
            try await run(service) {
                while !state.isAtFit(number) { try await Task.sleep(for: .milliseconds(2)) }
                try FileManager.default.copyItem(atPath: "\(state.path)/recipes", toPath: "\(next.path)/recipes")
            }
            state = next
        }
        return state
    }

    private static func wait(_ isCancelled: () -> Bool) throws -> FittedModel {
        while !isCancelled() { usleep(1000) }
        throw Refused()
    }

    @Test func aFitThatEndedTheDaemonOnceIsMadeByTheNextStart() async throws {
        let state = try await stateAfterKills(1)
        let service = RefitService(book: try .bottle(state), events: .of(state), logger: .silent)
        try await run(service) { try await settle(service, fit: 1) }
        #expect(service.status(of: "bottle").generation == 1)
        #expect(try state.names(in: "recipes/bottle/models") == ["1"])
    }

    @Test func aFitThatEndedTheDaemonTwiceIsLeftOutUntilSomebodyAsks() async throws {
        let state = try await stateAfterKills(2)
        let book = try RecipeBook.bottle(state)
        let log = LogRecord()
        let service = RefitService(book: book, events: .of(state), logger: log.logger)
        try await run(service) {
            while service.status(of: "bottle").state == .idle { try await Task.sleep(for: .milliseconds(2)) }
            #expect(service.status(of: "bottle").state == .failed)
            #expect(service.status(of: "bottle").message?.contains("ended 2 times") == true)
            #expect(log.lines.contains { $0.contains("error a fit is left out") && $0.contains("bottle") })
            service.request("bottle")
            try await settle(service, fit: 1)
        }
        #expect(service.status(of: "bottle").generation == 1)
        #expect(try !state.names(in: "recipes/bottle").contains("fit.json"))
    }

    @Test func anotherShotOrOtherSettingsAreAnotherFit() async throws {
        let state = try await stateAfterKills(2)
        let settings = RefitService(
            book: try .bottle(state, .tiny(method: "spade")), events: .of(state), logger: .silent)
        try await run(settings) { try await settle(settings, fit: 1) }
        #expect(settings.status(of: "bottle").generation == 1)
        #expect(try state.names(in: "recipes/bottle/models") == ["1"])

        let added = try await stateAfterKills(2)
        let book = try RecipeBook.bottle(added)
        _ = try book.entry("bottle").recipe.addNormal(TestPicture.png(2), fileExtension: "png")
        let service = RefitService(book: book, events: .of(added), logger: .silent)
        try await run(service) { try await settle(service, fit: 1) }
        #expect(service.status(of: "bottle").generation == 1)
        #expect(try added.names(in: "recipes/bottle/normals").count == 2)
    }

    @Test func aFitThatFailsOrIsCancelledHasEndedNoDaemon() async throws {
        let (service, _) = try service(.tiny { _, _, isCancelled in try Self.wait(isCancelled) })
        try await run(service) {
            while !folder.isAtFit(1) { try await Task.sleep(for: .milliseconds(2)) }
        }
        #expect(try folder.names(in: "recipes/bottle") == ["models", "normals", "set-aside"])
    }

    @Test func withoutANoteOfItsBeginningThereIsNoFit() async throws {
        var table = Configuration.RecipeSettings()
        table.name = "bottle"
        let full = Disk { operation, path in operation == .write && path.contains("fit.json") ? ENOSPC : nil }
        let book = try RecipeBook(stateDirectory: folder.path, tables: [table], disk: full, logger: .silent) { _ in
            .tiny()
        }
        let service = RefitService(book: book, events: .of(folder), logger: .silent)
        try await run(service) { try await settle(service, fit: 1) }
        #expect(service.status(of: "bottle").state == .failed)
        #expect(try book.entry("bottle").recipe.view.active == nil)
    }

    @Test func shuttingDownCancelsTheFit() async throws {
        let (service, recipe) = try service(
            .tiny { _, _, isCancelled in
                while !isCancelled() { usleep(1000) }
                throw Refused()
            })
        try await run(service) {
            while service.status(of: "bottle").state != .fitting { try await Task.sleep(for: .milliseconds(2)) }
        }
        #expect(recipe.view.active == nil)
    }
}

extension TemporaryFolder {
    /// Whether a fit has begun for so many times, and not ended.
    fileprivate func isAtFit(_ number: Int) -> Bool {
        (try? text(of: "recipes/bottle/fit.json"))?.contains("\"begun\":\(number),") == true
    }
}
