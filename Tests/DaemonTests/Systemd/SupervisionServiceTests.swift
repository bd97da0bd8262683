import ControlProtocol
import Daemon
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite struct SupervisionServiceTests {
    private final class Recorder: Sendable {
        let messages = Mutex<[String]>([])
        let stalled = Mutex<String?>(nil)
        let health = Mutex(Health([]))
        let limits = Mutex<Set<Duration>>([])

        var notifier: ServiceNotifier { ServiceNotifier { message in self.messages.withLock { $0.append(message) } } }

        func count(_ message: String) -> Int { messages.withLock { $0.count { $0 == message } } }
    }

    /// Runs the service until `body` is done, and shuts it down as the daemon does.
    private func supervise(
        _ recorder: Recorder, watchdog: Duration?, _ body: () async throws -> Void
    ) async throws {
        let service = SupervisionService(
            notifier: recorder.notifier, watchdogPeriod: watchdog, logger: .silent,
            health: { recorder.health.withLock { $0 } },
            stalledLoop: { limit in
                recorder.limits.withLock { _ = $0.insert(limit) }
                return recorder.stalled.withLock { $0 }
            })
        let group = ServiceGroup(services: [service], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test(.timeLimit(.minutes(1))) func signsOfLifeComeWhileEveryLoopMovesAndStopWhenOneHangs() async throws {
        let recorder = Recorder()
        try await supervise(recorder, watchdog: .milliseconds(20)) {
            try await wait { recorder.count("WATCHDOG=1") >= 5 }
            recorder.stalled.withLock { $0 = "fsac-inspect" }
            // One that is on its way may still come.
            try await Task.sleep(for: .milliseconds(20))
            let count = recorder.count("WATCHDOG=1")
            try await Task.sleep(for: .milliseconds(100))
            #expect(recorder.count("WATCHDOG=1") == count)
            recorder.stalled.withLock { $0 = nil }
            try await wait { recorder.count("WATCHDOG=1") > count }
        }
        #expect(recorder.messages.withLock { $0.last } == "STOPPING=1")
        // With a look each 5 ms too, the last sign of life comes 10 ms after a hang began at the latest.
        #expect(recorder.limits.withLock { $0 } == [.milliseconds(5)])
    }

    @Test(.timeLimit(.minutes(1))) func theStatusLineFollowsTheStateAndIsSentOnceAChange() async throws {
        let recorder = Recorder()
        try await supervise(recorder, watchdog: nil) {
            try await wait { recorder.count("STATUS=inspecting") == 1 }
            recorder.health.withLock { $0 = Health([Finding("camera cam", .cameraLost, "unplugged\nand gone")]) }
            try await wait { recorder.count("STATUS=camera_lost: unplugged and gone") == 1 }
            // A reason that counts is not sent each time.
            recorder.health.withLock { $0 = Health([Finding("camera cam", .cameraLost, "unplugged for 2 s")]) }
            try await Task.sleep(for: .milliseconds(600))
        }
        #expect(
            recorder.messages.withLock { $0 } == [
                "STATUS=inspecting", "STATUS=camera_lost: unplugged and gone", "STOPPING=1",
            ])
    }
}
