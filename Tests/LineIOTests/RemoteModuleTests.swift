import Dispatch
import LineIO
import Platform
import Settings
import Synchronization
import Testing

/// What answers in time here must not wait for a thread of the pool, which all tests share.
private final class OwnThread: TaskExecutor {
    private let queue = DispatchQueue(label: "gateways")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

@Suite(.timeLimit(.minutes(1))) struct RemoteModuleTests {
    private static let gateways = OwnThread()

    private static func module(_ edge: Configuration.LineIO.Input.Edge = .rising) -> RemoteModule {
        var io = Configuration.LineIO()
        (io.driver, io.chip) = (.modbus, "cabinet-3")
        for (signal, line) in [(OutputSignal.ok, 1), (.reject, 3)] {
            io.outputs[signal] = Configuration.LineIO.Output()
            io.outputs[signal]?.line = .offset(line)
        }
        var input = Configuration.LineIO.Input()
        (input.line, input.edge) = (.offset(2), edge)
        io.inputs[.trigger] = input
        return RemoteModule(io) {}
    }

    /// A gateway that does what it is told, and says so as long as it is asked to.
    private static func gateway(
        _ module: RemoteModule, _ take: @escaping @Sendable (RemoteModule.Order) -> Bool = { _ in true }
    ) -> UInt64 {
        let (session, orders) = module.open(path: "192.168.10.30:502")
        Task(executorPreference: Self.gateways) {
            for await order in orders where take(order) {
                _ = module.report(session: session, written: order.number, [])
            }
        }
        return session
    }

    /// Lines block their thread, which is none of the pool's.
    private static func onThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        let result = Mutex<Value?>(nil)
        await NamedThread.run("lines") { result.withLock { $0 = work() } }
        return result.withLock { $0.unsafelyUnwrapped }
    }

    private static func reason(_ work: () throws(LinesError) -> Void) -> String {
        do throws(LinesError) {
            try work()
            return "none"
        } catch {
            return "\(error)"
        }
    }

    @Test func theFirstOrderMakesAllOutputsInactiveAndEachStandsWhenItIsWritten() async {
        let module = Self.module()
        let seen = Mutex<[[Bool]]>([])
        _ = Self.gateway(module) { order in
            seen.withLock { $0.append(order.outputs) }
            #expect(order.inputs == 3)
            return true
        }
        let reason = await Self.onThread {
            Self.reason { () throws(LinesError) in
                let lines = try ModuleLines(module)
                #expect(lines.path == "192.168.10.30:502" && lines.descriptor == nil)
                try lines.set([.ok])
                #expect(seen.withLock(\.last) == [false, true, false, false])
                try lines.set([.reject])
                #expect(seen.withLock(\.last) == [false, false, false, true])
            }
        }
        #expect(reason == "none")
        #expect(seen.withLock(\.first) == [false, false, false, false])
    }

    @Test func anOrderThatNobodyConfirmsIsALossAndTheSessionIsOver() async {
        let module = Self.module()
        // It takes the first one, and an OK it does not.
        let session = Self.gateway(module) { !$0.outputs.contains(true) }
        let reason = await Self.onThread {
            Self.reason { () throws(LinesError) in try ModuleLines(module).set([.ok]) }
        }
        #expect(reason == "module cabinet-3: what was ordered was not written in time")
        #expect(!module.report(session: session, written: 9, []) && !module.isOffered)
    }

    @Test func withoutAGatewayThereAreNoLinesAndItsTroubleIsTheReason() {
        let module = Self.module()
        #expect(Self.reason { () throws(LinesError) in _ = try ModuleLines(module) }.contains("does it run"))
        module.complain("192.168.10.30: Connection refused")
        #expect(
            Self.reason { () throws(LinesError) in _ = try ModuleLines(module) }
                == "module cabinet-3: 192.168.10.30: Connection refused")
    }

    @Test func aGatewayThatBeginsAnewEndsTheSessionOfBefore() async {
        let module = Self.module()
        let first = Self.gateway(module)
        let reason = await Self.onThread {
            Self.reason { () throws(LinesError) in
                let lines = try ModuleLines(module)
                let second = Self.gateway(module)
                #expect(second != first && module.isOffered)
                #expect(!module.report(session: first, written: 1, []))
                _ = try lines.edges()
            }
        }
        #expect(reason.hasPrefix("module cabinet-3"))
        // The lines of before take nothing of the new session with them.
        #expect(module.isOffered)
    }

    @Test func aGatewayThatSaysNothingForASecondIsALoss() async {
        let module = Self.module()
        _ = Self.gateway(module) { $0.number < 2 }
        let reason = await Self.onThread {
            Self.reason { () throws(LinesError) in
                let lines = try ModuleLines(module)
                let end = Duration.sinceBoot + .seconds(5)
                while .sinceBoot < end {
                    _ = try lines.edges()
                    MonotonicTime.sleep(.milliseconds(50))
                }
            }
        }
        // What was repeated was confirmed until then.
        #expect(reason == "none")
        let silent = Self.module()
        let isQuiet = Atomic(false)
        _ = Self.gateway(silent) { _ in !isQuiet.load(ordering: .relaxed) }
        let lost = await Self.onThread {
            Self.reason { () throws(LinesError) in
                let lines = try ModuleLines(silent)
                isQuiet.store(true, ordering: .relaxed)
                let end = Duration.sinceBoot + .seconds(5)
                while .sinceBoot < end {
                    _ = try lines.edges()
                    MonotonicTime.sleep(.milliseconds(50))
                }
            }
        }
        #expect(lost == "module cabinet-3: fsac-gateway has said nothing for a second")
    }

    @Test(arguments: [Configuration.LineIO.Input.Edge.rising, .falling])
    func anInputsLeadingEdgesCountWithTheirTimesAndNumbers(edge: Configuration.LineIO.Input.Edge) async {
        let module = Self.module(edge)
        let session = Self.gateway(module)
        let edges = await Self.onThread { () -> [LineEdge] in
            do throws(LinesError) {
                let lines = try ModuleLines(module)
                let changes = (1...4).map { tick in
                    RemoteModule.Change(input: 2, isActive: !tick.isMultiple(of: 2), time: .milliseconds(tick))
                }
                // One that no signal has says nothing.
                let other = RemoteModule.Change(input: 0, isActive: edge == .rising, time: .zero)
                #expect(module.report(session: session, written: nil, [other] + changes))
                let edges = try lines.edges()
                #expect(try lines.edges().isEmpty)
                return edges
            } catch {
                Issue.record("\(error)")
                return []
            }
        }
        #expect(edges.map(\.time) == (edge == .rising ? [1, 3] : [2, 4]).map { .milliseconds($0) })
        #expect(edges.map(\.number) == [1, 2] && edges.allSatisfy { $0.signal == .trigger })
    }
}
