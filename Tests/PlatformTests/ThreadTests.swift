import Glibc
import Platform
import Synchronization
import Testing

@Suite struct ThreadTests {
    @Test func whatAWaitChangesAsItTimesOutWakesTheOthers() async {
        let monitor = Monitor((looks: 0, isDone: false))
        await withTaskGroup { tasks in
            tasks.addTask {
                await NamedThread.run("waits") {
                    _ = monitor.wait { $0.isDone ? true : nil }
                }
            }
            tasks.addTask {
                await NamedThread.run("times-out") {
                    // Nothing at the first look; the look after the time-out changes what the other one waits for.
                    _ = monitor.wait(timeout: .milliseconds(100)) { state -> Bool? in
                        state.looks += 1
                        guard state.looks > 1 else { return nil }
                        state.isDone = true
                        return true
                    }
                }
            }
        }
        #expect(monitor.read(\.isDone))
    }

    @Test func helpersHaveThePriorityOfWhoAsksThem() async {
        for niceness in [CInt(0), 10] {
            let seen = Mutex<Set<CInt>>([])
            let threads = Mutex<Set<pthread_t>>([])
            await NamedThread.run("asks", niceness: niceness) {
                let together = Atomic<Int>(0)
                WorkerPool.perform(helpers: 1) {
                    // Neither goes on alone: both are here.
                    together.add(1, ordering: .relaxed)
                    while together.load(ordering: .relaxed) < 2 { sched_yield() }
                    seen.withLock { _ = $0.insert(NamedThread.niceness) }
                    threads.withLock { _ = $0.insert(pthread_self()) }
                }
            }
            #expect(threads.withLock(\.count) == 2)
            #expect(seen.withLock { $0 } == [niceness])
        }
    }

    @Test func workInsideOfWorkComesToItsEnd() {
        let sum = Atomic<Int>(0)
        WorkerPool.perform(helpers: 3) {
            WorkerPool.perform(helpers: 3) { sum.add(1, ordering: .relaxed) }
        }
        let outer = 1...4
        #expect(sum.load(ordering: .relaxed) >= outer.lowerBound && sum.load(ordering: .relaxed) <= 16)
    }

    @Test func slowWorkDoesNotHoldUpQuickWork() async throws {
        let slow = WorkLane("test-slow", threads: 1)
        let quick = WorkLane("test-quick", threads: 1)
        let gate = Monitor(false)
        async let blocked = slow.run { gate.wait { $0 ? true : nil } }
        #expect(try await quick.run { 1 } == 1)
        gate.withLock { $0 = true }
        #expect(try await blocked == true)
    }

    @Test func aLaneDoesEveryPieceOfWorkAndReportsItsError() async throws {
        struct Refused: Error {}
        let lane = WorkLane("test-lane", threads: 2)
        let numbers = try await withThrowingTaskGroup(of: Int.self) { tasks in
            for number in 0..<100 { tasks.addTask { try await lane.run { number } } }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(numbers.sorted() == Array(0..<100))
        await #expect(throws: Refused.self) { try await lane.run { throw Refused() } }
    }
}

@Suite struct ClockTests {
    @Test func aMomentTellsTheTimeOfAnotherOneByTheMonotonicClock() {
        let moment = Moment(instant: .now, microseconds: 5_000_000)
        #expect(moment.microseconds(of: moment.instant + .milliseconds(250)) == 5_250_000)
        #expect(moment.microseconds(of: moment.instant - .seconds(2)) == 3_000_000)
    }

    @Test func theMonotonicClockGoesForward() {
        let before = MonotonicTime.nanoseconds
        MonotonicTime.sleep(.milliseconds(2))
        #expect(MonotonicTime.nanoseconds - before >= 2_000_000)
    }
}
