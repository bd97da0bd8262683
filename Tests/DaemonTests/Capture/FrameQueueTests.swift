import Core
import Daemon
import Synchronization
import Testing

@Suite struct FrameQueueStateMachineTests {
    private func frame(_ number: UInt64) -> Frame {
        Frame(name: "\(number)", number: number, payload: .success(Picture(.file, bytes: [])))
    }

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
    private final class Seen: Sendable {
        private let numbers = Mutex<[UInt64]>([])
        func add(_ number: UInt64) { numbers.withLock { $0.append(number) } }
        var all: [UInt64] { numbers.withLock { $0 } }
    }

    @Test func everyPartGoesThroughAQueueThatIsTooShort() async {
        let (queue, seen) = (FrameQueue(policy: .everyFrame(capacity: 2)), Seen())
        async let pushing: Void = NamedThread.run("test-push") {
            for number: UInt64 in 1...500 {
                queue.push(Frame(name: "", number: number, payload: .success(Picture(.file, bytes: []))))
            }
            queue.close()
        }
        await NamedThread.run("test-pop") {
            while let frame = queue.pop() { seen.add(frame.number) }
        }
        await pushing
        #expect(seen.all == Array(1...500))
        #expect(queue.dropped == 0)
    }
}
