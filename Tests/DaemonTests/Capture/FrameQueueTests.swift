import Daemon
import Synchronization
import Testing

@Suite struct FrameQueueStateMachineTests {
    private func frame(_ number: UInt64) -> Frame { Frame(name: "\(number)", number: number, payload: .success([])) }

    private func popped(_ queue: inout FrameQueueStateMachine) -> UInt64? {
        if case .frame(let frame) = queue.pop() { frame.number } else { nil }
    }

    @Test func aFreeRunningCameraKeepsTheNewestAndCountsTheRest() {
        var queue = FrameQueueStateMachine(policy: .newest)
        #expect(queue.push(frame(1)) == .accepted)
        #expect(queue.push(frame(2)) == .replaced)
        #expect(queue.push(frame(3)) == .replaced)
        #expect(queue.dropped == 2)
        #expect(popped(&queue) == 3)
        #expect(popped(&queue) == nil)
        #expect(queue.push(frame(4)) == .accepted)
        #expect(queue.dropped == 2)
    }

    @Test func triggeredPartsAreNeverDropped() {
        var queue = FrameQueueStateMachine(policy: .everyFrame(capacity: 2))
        #expect(queue.push(frame(1)) == .accepted)
        #expect(queue.push(frame(2)) == .accepted)
        #expect(queue.push(frame(3)) == .wait)
        #expect(popped(&queue) == 1)
        #expect(queue.push(frame(3)) == .accepted)
        #expect(popped(&queue) == 2)
        #expect(popped(&queue) == 3)
        #expect(queue.dropped == 0)
    }

    @Test(arguments: [FrameQueuePolicy.newest, .everyFrame(capacity: 4)])
    func whatWaitsAtTheEndIsStillGivenOut(policy: FrameQueuePolicy) {
        var queue = FrameQueueStateMachine(policy: policy)
        _ = queue.push(frame(1))
        queue.close()
        #expect(queue.push(frame(2)) == .refused)
        #expect(popped(&queue) == 1)
        guard case .finished = queue.pop() else {
            Issue.record("an empty closed queue is not finished")
            return
        }
    }
}

@Suite struct FrameQueueTests {
    @Test func everyPartGoesThroughAQueueThatIsTooShort() async {
        let queue = FrameQueue(policy: .everyFrame(capacity: 2))
        let seen = Mutex<[UInt64]>([])
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                await NamedThread.run("test-push") {
                    for number: UInt64 in 1...500 { queue.push(Frame(name: "", number: number, payload: .success([]))) }
                    queue.close()
                }
            }
            tasks.addTask {
                await NamedThread.run("test-pop") {
                    while let frame = queue.pop() { seen.withLock { $0.append(frame.number) } }
                }
            }
        }
        #expect(seen.withLock { $0 } == Array(1...500))
        #expect(queue.dropped == 0)
    }
}
