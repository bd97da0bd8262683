import Capture
import ControlProtocol
import Core
import Daemon
import Glibc
import Platform
import Synchronization
import Testing

@Suite struct PartQueueStateMachineTests {
    private let lane = LaneID(1)
    private let start = ContinuousClock.now

    private func queue(_ policy: LanePolicy) -> PartQueueStateMachine {
        var queue = PartQueueStateMachine()
        queue.open(lane, camera: "cam", policy: policy)
        return queue
    }

    private func part(_ number: UInt64, exposed milliseconds: Int = 0) -> Part {
        let frame = Frame(
            name: "\(number)", number: number, payload: .success(Picture(.file, bytes: [])),
            exposedAt: start + .milliseconds(milliseconds))
        return Part(camera: "cam", recipe: TestLine.recipe(), frame: .success(frame))
    }

    private func heavyPart(_ number: UInt64, bytes: Int) -> Part {
        let frame = Frame(
            name: "\(number)", number: number,
            payload: .success(Picture(.file, bytes: Array(repeating: 0, count: bytes))),
            exposedAt: start)
        return Part(camera: "cam", recipe: TestLine.recipe(), frame: .success(frame))
    }

    private func ticket(_ part: String, at milliseconds: Int = 0, deadline: Int = 1000) -> TriggerTicket {
        TriggerTicket(
            part: part, recipe: TestLine.recipe(name: "of \(part)"), triggeredAt: start + .milliseconds(milliseconds),
            deadline: start + .milliseconds(milliseconds + deadline)
        ) { _ in }
    }

    private func popped(_ queue: inout PartQueueStateMachine, at milliseconds: Int = 0) -> Part? {
        if case .part(let part) = queue.pop(at: start + .milliseconds(milliseconds)) { part } else { nil }
    }

    private func number(_ queue: inout PartQueueStateMachine) -> UInt64? {
        guard case .success(let frame) = popped(&queue)?.frame else { return nil }
        return frame.number
    }

    @Test func aFreeRunningCameraKeepsTheNewestAndCountsTheRest() {
        var queue = queue(.newest)
        #expect(queue.push(part(1), to: lane) == .accepted)
        #expect(queue.push(part(2), to: lane) == .replaced)
        #expect(queue.push(part(3), to: lane) == .replaced)
        #expect(queue.dropped(in: lane) == 2)
        #expect(number(&queue) == 3)
        #expect(number(&queue) == nil)
        #expect(queue.push(part(4), to: lane) == .accepted)
        #expect(queue.dropped(in: lane) == 2)
    }

    @Test func partsOfAStationAreNeverDropped() {
        var queue = queue(.everyPart(capacity: 2))
        #expect(queue.push(part(1), to: lane) == .accepted)
        #expect(queue.push(part(2), to: lane) == .accepted)
        #expect(queue.push(part(3), to: lane) == .wait)
        #expect(number(&queue) == 1)
        #expect(queue.push(part(3), to: lane) == .accepted)
        #expect(number(&queue) == 2)
        #expect(number(&queue) == 3)
        #expect(queue.dropped(in: lane) == 0)
    }

    @Test func waitingPicturesHaveALimitInBytesOverAllCameras() {
        var queue = queue(.everyPart(capacity: 64))
        let (triggered, free) = (LaneID(2), LaneID(3))
        queue.open(triggered, camera: "triggered", policy: .triggered)
        queue.open(free, camera: "free", policy: .newest)
        // Three of them are more than the limit; the pictures share their bytes here.
        let heavy = heavyPart(1, bytes: PartQueueStateMachine.byteLimit * 2 / 5)
        for _ in 0..<2 { #expect(queue.push(heavy, to: lane) == .accepted) }
        #expect(queue.push(heavy, to: lane) == .wait)
        #expect(queue.trigger(ticket("A"), in: triggered) == nil)
        #expect(queue.trigger(ticket("B"), in: triggered) == nil)
        // One a camera may always wait.
        #expect(queue.push(heavy, to: triggered) == .accepted)
        #expect(queue.push(heavy, to: triggered) == .wait)
        #expect(queue.trigger(ticket("C"), in: triggered) == .busy(camera: "triggered", waiting: 2))
        #expect(queue.push(heavy, to: free) == .accepted)
        #expect(queue.push(heavy, to: free) == .replaced)
        for _ in 0..<4 { #expect(popped(&queue) != nil) }
        #expect(queue.push(heavy, to: triggered) == .accepted)
        #expect(popped(&queue)?.trigger?.part == "B")
    }

    @Test func aClosedLaneIsInspectedWhenItsLastPartHasItsVerdict() {
        var queue = queue(.everyPart(capacity: 2))
        _ = queue.push(part(1), to: lane)
        #expect(!queue.isInspected(lane))
        queue.close(lane, reason: "stopped")
        #expect(!queue.isInspected(lane))
        #expect(number(&queue) == 1)
        #expect(!queue.isInspected(lane))
        queue.release()
        #expect(queue.isInspected(lane))
    }

    @Test(arguments: [LanePolicy.newest, .everyPart(capacity: 4)])
    func whatWaitsAtTheEndIsStillGivenOut(policy: LanePolicy) {
        var queue = queue(policy)
        _ = queue.push(part(1), to: lane)
        queue.close(lane, reason: "stopped")
        queue.close()
        #expect(queue.push(part(2), to: lane) == .refused)
        #expect(number(&queue) == 1)
        guard case .finished = queue.pop(at: start) else {
            Issue.record("an empty closed queue is not finished")
            return
        }
    }

    @Test func aBusyCameraDoesNotKeepTheOthersWaiting() {
        var queue = queue(.everyPart(capacity: 10))
        let other = LaneID(2)
        queue.open(other, camera: "other", policy: .newest)
        for number: UInt64 in 1...4 { _ = queue.push(part(number), to: lane) }
        _ = queue.push(part(100), to: other)
        let order = (0..<3).compactMap { _ in number(&queue) }
        #expect(order.contains(100))
        _ = queue.push(part(101), to: other)
        #expect([number(&queue), number(&queue)].contains(101))
    }

    @Test func aTriggerGetsTheFirstFrameExposedAfterItAndEachFrameServesOne() {
        var queue = queue(.triggered)
        #expect(queue.push(part(1), to: lane) == .unwanted)
        #expect(queue.trigger(ticket("A", at: 10), in: lane) == nil)
        #expect(queue.trigger(ticket("B", at: 11), in: lane) == nil)
        #expect(queue.push(part(2, exposed: 9), to: lane) == .unwanted)
        #expect(queue.push(part(3, exposed: 10), to: lane) == .accepted)
        #expect(queue.push(part(4, exposed: 50), to: lane) == .accepted)
        #expect(queue.push(part(5, exposed: 90), to: lane) == .unwanted)
        let parts = [popped(&queue), popped(&queue)].compactMap(\.self)
        #expect(parts.map { $0.trigger?.part } == ["A", "B"])
        #expect(parts.map { try? $0.frame.get().number } == [3, 4])
        #expect(parts.map(\.recipe.name) == ["of A", "of B"])
        #expect(popped(&queue) == nil)
    }

    @Test func triggersThatOvertakeEachOtherOnTheWayAreServedByTheirTimes() {
        var queue = queue(.triggered)
        for (part, time) in [("B", 20), ("C", 30), ("A", 10), ("B2", 20)] {
            #expect(queue.trigger(ticket(part, at: time), in: lane) == nil)
        }
        for number: UInt64 in 1...4 { _ = queue.push(part(number, exposed: 40), to: lane) }
        #expect((1...4).compactMap { _ in popped(&queue)?.trigger?.part } == ["A", "B", "B2", "C"])
    }

    @Test func withoutACameraATriggerIsAnsweredAtOnce() {
        var queue = queue(.triggered)
        #expect(queue.trigger(ticket("A"), in: lane) == nil)
        queue.lose(lane, reason: "unplugged")
        #expect(queue.trigger(ticket("B"), in: lane) == nil)
        let parts = [popped(&queue), popped(&queue)].compactMap(\.self)
        #expect(parts.map { $0.trigger?.part } == ["A", "B"])
        for part in parts {
            guard case .failure(let invalidity) = part.frame else { continue }
            #expect(invalidity == Invalidity(.cameraLost, "unplugged"))
        }
        // The first frame ends it.
        _ = queue.push(part(1), to: lane)
        #expect(queue.trigger(ticket("C"), in: lane) == nil)
        #expect(popped(&queue) == nil)
    }

    @Test func aTriggerThatNoFrameComesForIsAnsweredAtItsDeadline() {
        var queue = queue(.triggered)
        #expect(queue.trigger(ticket("A", at: 0, deadline: 100), in: lane) == nil)
        #expect(queue.trigger(ticket("B", at: 50, deadline: 100), in: lane) == nil)
        guard case .wait(let until) = queue.pop(at: start + .milliseconds(99)) else {
            Issue.record("there is something before the deadline")
            return
        }
        #expect(until == start + .milliseconds(100))
        let late = popped(&queue, at: 100)
        #expect(late?.trigger?.part == "A")
        if case .failure(let invalidity) = late?.frame { #expect(invalidity.cause == .deadlineMissed) }
        #expect(popped(&queue, at: 149) == nil)
        #expect(popped(&queue, at: 150)?.trigger?.part == "B")
    }

    @Test func moreThan64WaitingTriggersAreRefusedAndNoneIsLost() {
        var queue = queue(.triggered)
        for number in 1...64 { #expect(queue.trigger(ticket("\(number)"), in: lane) == nil) }
        #expect(queue.trigger(ticket("65"), in: lane) == .busy(camera: "cam", waiting: 64))
        for number: UInt64 in 1...40 { #expect(queue.push(part(number), to: lane) == .accepted) }
        #expect(queue.trigger(ticket("66"), in: lane) == .busy(camera: "cam", waiting: 64))
        queue.close(lane, reason: "stopped")
        let parts = (0..<70).compactMap { _ in popped(&queue)?.trigger?.part }
        #expect(parts == (1...64).map(String.init))
        #expect(queue.trigger(ticket("67"), in: lane) == .stopping)
    }

    @Test func thePartBehindTheOneInHandIsKnown() throws {
        var queue = queue(.everyPart(capacity: 4))
        _ = queue.push(part(1), to: lane)
        _ = queue.push(part(2), to: lane)
        #expect(queue.next == nil, "nothing is in hand: whoever inspects takes the first itself")
        #expect(number(&queue) == 1)
        #expect(try queue.next?.frame.get().number == 2)
        queue.release()
        #expect(queue.next == nil)
        #expect(number(&queue) == 2)
        #expect(queue.next == nil)
    }

    @Test func aFrameThatANewerOneMayReplaceIsNotKnownAsTheNext() {
        var queue = queue(.newest)
        _ = queue.push(part(1), to: lane)
        #expect(number(&queue) == 1)
        _ = queue.push(part(2), to: lane)
        #expect(queue.next == nil)
        #expect(number(&queue) == 2)
    }

    @Test(arguments: [UInt64(1), 2, 3]) func whatIsKnownAsTheNextIsPoppedNext(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var queue = PartQueueStateMachine()
        let lanes = (1...3).map { LaneID($0) }
        for lane in lanes { queue.open(lane, camera: "cam", policy: .everyPart(capacity: 5)) }
        var known = 0
        for number: UInt64 in 1...2000 {
            if Bool.random(using: &random) {
                _ = queue.push(part(number), to: lanes[Int.random(in: 0..<3, using: &random)])
            } else {
                let next = queue.next
                let after = popped(&queue)
                guard let next else { continue }
                known += 1
                #expect(try after?.frame.get().number == next.frame.get().number)
                #expect(after?.order == next.order)
            }
        }
        #expect(known > 500)
    }
}

@Suite struct FrameSelectionTests {
    private func frames(_ milliseconds: [Int], by rule: FrameSelection.Rule) -> [Int] {
        var selection = FrameSelection(rule)
        let start = ContinuousClock.now
        return milliseconds.filter { time in
            selection.wants(
                Frame(
                    name: "", number: 1, payload: .success(Picture(.file, bytes: [])),
                    exposedAt: start + .milliseconds(time)))
        }
    }

    @Test func anIntervalTakesTheFirstFrameAfterEachDueTime() {
        #expect(frames([0, 40, 80, 120, 160, 200, 240], by: .interval(.milliseconds(100))) == [0, 120, 200])
        // No drift: 300 is due at 300, not 100 after the frame at 240.
        #expect(frames([0, 140, 240, 300], by: .interval(.milliseconds(100))) == [0, 140, 240, 300])
        // A gap is not made up for.
        #expect(frames([0, 1000, 1050, 1100], by: .interval(.milliseconds(100))) == [0, 1000, 1100])
    }

    @Test func continuousTakesEveryFrame() {
        #expect(frames([0, 1, 2], by: .everyFrame) == [0, 1, 2])
    }
}

@Suite struct PartQueueTests {
    private final class Seen: Sendable {
        private let numbers = Mutex<[UInt64]>([])
        func add(_ number: UInt64) { numbers.withLock { $0.append(number) } }
        var all: [UInt64] { numbers.withLock { $0 } }
    }

    @Test func everyPartGoesThroughAQueueThatIsTooShort() async {
        let (queue, seen, lane) = (PartQueue(), Seen(), LaneID(1))
        queue.open(lane, camera: "cam", policy: .everyPart(capacity: 2))
        async let pushing: Void = NamedThread.run("test-push") {
            for number: UInt64 in 1...500 {
                let frame = Frame(name: "", number: number, payload: .success(Picture(.file, bytes: [])))
                queue.push(Part(camera: "cam", recipe: TestLine.recipe(), frame: .success(frame)), to: lane)
            }
            queue.close(lane, reason: "")
            queue.close()
        }
        await NamedThread.run("test-pop") {
            while let part = queue.pop() {
                if case .success(let frame) = part.frame { seen.add(frame.number) }
            }
        }
        await pushing
        #expect(seen.all == Array(1...500))
        #expect(queue.dropped(in: lane) == 0)
    }

    @Test func aDeadlineEndsAWaitThatBeganWithoutOne() async {
        let (queue, lane) = (PartQueue(), LaneID(1))
        queue.open(lane, camera: "cam", policy: .triggered)
        let start = ContinuousClock.now
        async let trigger: Void = NamedThread.run("test-trigger") {
            // Long enough that the other thread waits by now.
            usleep(50_000)
            let ticket = TriggerTicket(
                part: nil, recipe: TestLine.recipe(), deadline: .now + .milliseconds(50)
            ) { _ in }
            try? queue.trigger(ticket, in: lane)
        }
        let waited = Mutex(Duration.zero)
        await NamedThread.run("test-pop") {
            if queue.pop() != nil { waited.withLock { $0 = .now - start } }
        }
        await trigger
        #expect(waited.withLock { $0 } >= .milliseconds(100))
    }
}
