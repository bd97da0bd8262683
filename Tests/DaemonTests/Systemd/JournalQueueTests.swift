import Daemon
import Foundation
import Logging
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct JournalQueueTests {
    private static func entry(_ number: Int) -> JournalEntry {
        JournalLog().entry(
            for: LogEvent(
                level: .info, message: "\(number)", metadata: nil, source: "", file: "", function: "", line: 1))
    }

    @Test func aJournalThatHangsHoldsNobodyUpAndIsToldWhatItMissed() {
        let journal = HungJournal()
        let queue = JournalQueue(capacity: 10) { journal.take($0) }
        queue.offer(Self.entry(0))
        journal.waitUntilItHangs()
        for number in 1...25 { queue.offer(Self.entry(number)) }
        queue.flush(within: .milliseconds(20))
        #expect(journal.messages.isEmpty)
        journal.goOn()
        queue.flush(within: .seconds(30))
        #expect(
            journal.messages
                == (0...10).map { "MESSAGE=\($0)" }
                + ["MESSAGE=the journal took nothing for a while: 15 entries are lost"])
        queue.offer(Self.entry(26))
        queue.flush(within: .seconds(30))
        #expect(journal.messages.last == "MESSAGE=26")
    }
}

/// Takes nothing until it is told to.
private final class HungJournal: Sendable {
    private let state = Mutex<[String]>([])
    private let isHanging = DispatchSemaphore(value: 0)
    private let gate = DispatchSemaphore(value: 0)

    var messages: [String] { state.withLock { $0 } }

    func take(_ entry: JournalEntry) {
        isHanging.signal()
        gate.wait()
        gate.signal()
        state.withLock { $0.append(entry.fields.first ?? "") }
    }

    func waitUntilItHangs() { isHanging.wait() }
    func goOn() { gate.signal() }
}
