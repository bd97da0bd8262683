package import ControlProtocol
package import Journal
package import Logging
package import Platform
import ServiceLifecycle
import Synchronization

/// The verdicts on disk: a verdict exists once it is in here.
///
/// All writing happens on one thread, `run()`'s. Reading what is recent never touches the disk.
///
/// Whoever appends waits for that thread, but no longer than ``JournalSettings/patience``: a disk that does not answer
/// stops the thread, and not the line. The service is the first to start and the last to stop, for all others append or
/// read.
package final class VerdictJournal: VerdictSource, Service {
    /// Makes a verdict's record, on the thread that appends or on the journal's. Called again where the line did not
    /// come as far as it was to: it must give the same record otherwise, wait for nothing and not come back to the
    /// journal.
    package typealias MakeRecord = @Sendable (_ seq: UInt64, _ landing: Landing) -> InspectionRecord

    /// How the journal does.
    package struct Health: Sendable, Equatable {
        /// Why lines are only in memory; nil while they reach the disk.
        package var failure: String?
        /// A segment was found damaged; it is kept, and everything else in it can be read.
        package var isDamaged = false
        /// What goes wrong without keeping verdicts from the disk: an old segment that cannot be removed, a disk that
        /// is nearly full.
        package var nuisance: String?
        /// Parts that got no line, because the disk failed for too long. None of them got a verdict.
        package var unrecorded: UInt64 = 0
        /// Why nobody can say which journal this is.
        package var anonymity: String?

        package init(
            failure: String? = nil, isDamaged: Bool = false, nuisance: String? = nil, unrecorded: UInt64 = 0,
            anonymity: String? = nil
        ) {
            self.failure = failure
            self.isDamaged = isDamaged
            self.nuisance = nuisance
            self.unrecorded = unrecorded
            self.anonymity = anonymity
        }
    }

    let stateDirectory: String
    let settings: JournalSettings
    let start: JournalStart
    let reader: JournalReader
    let disk: Disk
    let logger: Logger
    let state: Monitor<JournalState>
    /// One verdict at a time: numbers show in their order.
    private let turn = Mutex(())
    /// Busy while it writes and syncs; a disk that does not answer shows here, and not at the inspection.
    package let progress = LoopProgress()

    /// Opens the journal below the state directory and puts it in order. Never fails because of what is in it.
    package init(stateDirectory: String, settings: JournalSettings, disk: Disk = Disk(), logger: Logger) {
        self.stateDirectory = stateDirectory
        self.settings = settings
        self.disk = disk
        self.logger = logger
        let folder = "\(stateDirectory)/journal"
        // On the caller's thread, before anything else runs: the numbers go on from here.
        start = JournalRecovery.run(folder: folder, disk: disk)
        reader = JournalReader(folder: folder, disk: disk)
        state = Monitor(JournalState(start))
        // Before the thread runs: what a power cut left is in the log in any case.
        for note in start.notes { logger.warning("\(note)") }
    }

    /// Appends a verdict and returns when its line has landed as its class demands (NG synced, the others written, or
    /// synced, too, if so configured), or when that failed or took too long; what is shown then is only in memory, says
    /// so, and is no verdict unless the configuration has it count. Blocks the calling thread.
    ///
    /// - Parameter make: the record for a sequence number.
    /// - Returns: the record that was written, or will be, and how far it came.
    /// - Precondition: `close()` was not called.
    package func append(
        _ verdict: Verdict, _ make: @escaping MakeRecord
    ) -> (record: InspectionRecord, landing: Landing) {
        turn.withLock { _ in
            switch takeNumber() {
            case .number(let number):
                land(number, verdict == .ng || settings.syncsEachLine ? .synced : .written, make)
            case .refused(let reason): unrecorded(reason, make)
            }
        }
    }

    package var health: Health {
        state.read { state in
            var health = state.health
            health.unrecorded = state.unrecorded
            switch state.identity {
            case .unreadable(let reason), .damaged(let reason): health.anonymity = reason
            case .unread, .known: break
            }
            health.failure = health.failure ?? (state.isStuck ? unanswered : state.numbersFailure)
            return health
        }
    }

    /// Makes what was appended durable, for the end of a daemon that cannot end in order. Blocks the calling thread.
    ///
    /// - Returns: why a power cut could still take verdicts; nil = all are on the disk.
    package func sync(within limit: Duration) -> String? {
        let wanted = state.withLock { state in
            state.syncsWanted += 1
            return state.syncsWanted
        }
        let isDone = state.wait(timeout: limit) { $0.syncsDone >= wanted ? true : nil }
        return isDone == nil ? "the disk has not answered for \(limit)" : health.failure
    }

    /// Lets `run()` end once everything that was appended is on the disk.
    package func close() {
        state.withLock { $0.isClosed = true }
    }

    var unanswered: String { "the disk does not answer: nothing came back within \(settings.patience)" }
}

// MARK: Appending

extension VerdictJournal {
    private enum Number {
        case number(UInt64)
        case refused(reason: String)
    }

    private func takeNumber() -> Number {
        let known = state.withLock { state -> Number? in
            precondition(!state.isClosed, "journal: append after close")
            let failure = state.isStuck ? unanswered : state.health.failure
            guard state.held < settings.heldLines else {
                return .refused(reason: "\(state.held) lines wait for the disk: \(failure ?? unanswered)")
            }
            if let number = state.numbers.popFirst() { return .number(number) }
            state.wantsNumbers = true
            return (state.numbersFailure ?? failure).map(Number.refused)
        }
        if let known { return known }
        let number = state.wait(timeout: settings.patience) { state -> Number? in
            if let number = state.numbers.popFirst() { return .number(number) }
            return (state.numbersFailure ?? state.health.failure).map(Number.refused)
        }
        if number == nil { sayStuck() }
        return number ?? .refused(reason: unanswered)
    }

    private func unrecorded(_ reason: String, _ make: MakeRecord) -> (record: InspectionRecord, landing: Landing) {
        state.withLock { $0.unrecorded += 1 }
        let landing = Landing.unrecorded(reason: reason)
        return (make(0, landing), landing)
    }

    private func land(
        _ number: UInt64, _ wanted: Landing, _ make: @escaping MakeRecord
    ) -> (record: InspectionRecord, landing: Landing) {
        let record = make(number, wanted)
        let line = VerdictLine(record)
        // A disk that is known not to answer is not waited for.
        let isWaiting = state.withLock { state in
            guard !state.isStuck else { return false }
            state.outcome = nil
            state.requests.append(.pending(line, record, wanted, make))
            return true
        }
        if isWaiting, let outcome = state.wait(timeout: settings.patience, until: { $0.outcome.take() }) {
            return outcome
        }
        return goOn(without: number, isWaiting: isWaiting, make)
    }

    /// Shows a verdict, or none, whose line the thread has not landed.
    private func goOn(
        without number: UInt64, isWaiting: Bool, _ make: MakeRecord
    ) -> (record: InspectionRecord, landing: Landing) {
        let landing: Landing = settings.keepsVerdictsInMemory ? .held : .withheld(reason: unanswered)
        let record = make(number, landing)
        let line = VerdictLine(record)
        let (late, readers) = state.withLock { state -> (JournalState.Outcome?, [AsyncStream<Void>.Continuation]) in
            // In the last moment.
            if isWaiting, let outcome = state.outcome.take() {
                return (outcome, [])
            }
            state.answer(line)
            return (nil, state.show(line))
        }
        for reader in readers { reader.yield() }
        if late == nil, isWaiting { sayStuck() }
        return late ?? (record, landing)
    }

    /// By whoever waited: the journal's thread cannot.
    private func sayStuck() {
        let isNew = state.withLock { state in
            defer { state.isStuck = true }
            return !state.isStuck
        }
        if isNew { logger.error("journal: verdicts are only in memory", metadata: ["error": "\(unanswered)"]) }
    }
}

// MARK: Reading

extension VerdictJournal {
    package var lastSequence: UInt64 { state.read(\.lastSequence) }

    package func lines(from first: UInt64, count: Int) throws -> [VerdictLine] {
        // Whoever asks may name any number there is.
        guard first <= lastSequence else { return [] }
        let (start, recent) = state.read { state in
            let start = state.recent.first?.sequence ?? state.lastSequence + 1
            // Numbers without a gap since the start: the place of a line follows from its number.
            let skipped = Int(max(first, start) - start)
            return (start, Array(state.recent.dropFirst(skipped).prefix(count)))
        }
        guard first < start else { return recent }
        let older = try reader.lines(from: first, below: start, count: count)
        return older + recent.prefix(count - older.count)
    }

    package func lines(before end: UInt64, count: Int) throws -> [VerdictLine] {
        let (start, recent) = state.read { state in
            let start = state.recent.first?.sequence ?? state.lastSequence + 1
            let kept = Int(min(max(end, start) - start, UInt64(state.recent.count)))
            return (start, Array(state.recent.prefix(kept).suffix(count)))
        }
        guard recent.count < count, start > 1 else { return recent }
        return try reader.lines(before: min(start, end), count: count - recent.count) + recent
    }

    package func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        // So that a reader looks once at what came before it asked.
        continuation.yield()
        let ticket = state.withLock { $0.add(continuation) }
        continuation.onTermination = { [state] _ in
            _ = state.withLock { $0.readers.removeValue(forKey: ticket) }
        }
        return stream
    }
}
