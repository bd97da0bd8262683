import ControlProtocol
import Core
import Daemon
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
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

        func fit(_ shots: [Shot]) throws -> TinyModel {
            shotCounts.withLock { $0.append(shots.count) }
            semaphore.wait()
            return TinyModel(shots: shots.map(\.sha256))
        }
    }

    let folder: TemporaryFolder
    let recipe: Recipe<TinyModel>

    init() throws {
        folder = try TemporaryFolder()
        recipe = try Recipe(stateDirectory: folder.path, name: "bottle", kind: TinyModel.kind, logger: .silent) { _ in }
        _ = try recipe.addNormal(TestPicture.png(1), fileExtension: "png")
    }

    private func settle(_ service: RefitService<TinyModel>, fit: UInt64) async throws {
        while service.status.done < fit { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// Runs the service around `body`, as the daemon does. The shot that has no model yet makes it begin with fit 1.
    private func run(_ service: RefitService<TinyModel>, _ body: () async throws -> Void) async throws {
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
        let service = RefitService(recipe: recipe, logger: .silent) { shots, progress, _ in
            progress(0.5)
            return TinyModel(shots: shots.map(\.sha256))
        }
        #expect(service.status == FitReply(state: .idle, request: 0, done: 0))
        try await run(service) { try await settle(service, fit: 1) }
        #expect(recipe.view.active?.generation == 1)
        #expect(!recipe.view.isFitDue)
        #expect(service.status == FitReply(state: .idle, request: 1, done: 1))
    }

    @Test func aFailedFitKeepsTheModelAndSaysWhy() async throws {
        let fails = Mutex(false)
        let service = RefitService(recipe: recipe, logger: .silent) { shots, _, _ in
            if fails.withLock({ $0 }) { throw Refused() }
            return TinyModel(shots: shots.map(\.sha256))
        }
        try await run(service) {
            try await settle(service, fit: 1)
            fails.withLock { $0 = true }
            service.request()
            try await settle(service, fit: 2)
        }
        #expect(service.status.state == .failed)
        #expect(service.status.message == "fit: refused for the test")
        #expect(recipe.view.active?.generation == 1)
    }

    @Test func aStoredPictureThatNoLongerReadsFailsTheFitAndNamesItself() async throws {
        let sha256 = try #require(recipe.view.normals.first).sha256
        try folder.write("spoilt", to: "recipes/bottle/normals/\(sha256).png")
        let service = RefitService(recipe: recipe, logger: .silent) { shots, _, _ in
            TinyModel(shots: shots.map(\.sha256))
        }
        try await run(service) { try await settle(service, fit: 1) }
        #expect(service.status.state == .failed)
        #expect(service.status.message?.contains(sha256) == true)
    }

    @Test func requestsDuringAFitBecomeOneFitWithAllShots() async throws {
        let gate = Gate()
        let service = RefitService(recipe: recipe, logger: .silent) { shots, _, _ in try gate.fit(shots) }
        try await run(service) {
            while gate.shotCounts.withLock(\.isEmpty) { try await Task.sleep(for: .milliseconds(2)) }
            for shade: UInt8 in [2, 3] {
                _ = try recipe.addNormal(TestPicture.png(shade), fileExtension: "png")
                service.request()
            }
            #expect(service.status.state == .fitting)
            gate.open()
            gate.open()
            try await settle(service, fit: 3)
        }
        #expect(gate.shotCounts.withLock { $0 } == [1, 3])
        #expect(recipe.view.active?.generation == 2)
    }

    @Test func shuttingDownCancelsTheFit() async throws {
        let service = RefitService(recipe: recipe, logger: .silent) { _, _, isCancelled in
            while !isCancelled() { usleep(1000) }
            throw Refused()
        }
        try await run(service) {
            while service.status.state != .fitting { try await Task.sleep(for: .milliseconds(2)) }
        }
        #expect(recipe.view.active == nil)
    }
}
