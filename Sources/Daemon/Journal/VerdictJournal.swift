package import ControlProtocol
package import Logging
package import Platform
import ServiceLifecycle
import Synchronization

/// The verdicts on disk: a verdict exists once it is in here.
///
/// All writing happens on one thread, `run()`'s. Reading what is recent never touches the disk.
///
/// Whoever appends waits for that thread: one append at a time is all that the line needs, and a verdict that is shown
/// is in the journal. The service is the first to start and the last to stop, for all others append or read.
package final class VerdictJournal: VerdictSource, Service {
    /// Called on the journal's thread once the number is known, and again without `durable` when the sync failed: it
    /// must give the same record otherwise, wait for nothing and not come back to the journal.
    package typealias MakeRecord = @Sendable (_ seq: UInt64, _ durable: Bool) -> InspectionRecord

    /// How the journal does.
    package struct Health: Sendable, Equatable {
        /// Why lines are only in memory; nil while they reach the disk.
        package var failure: String?
        /// A segment was found damaged; it is kept, and everything else in it can be read.
        package var isDamaged = false
        /// What goes wrong without keeping verdicts from the disk: an old segment that cannot be removed.
        package var nuisance: String?
        /// Verdicts that were given up because the disk failed for too long.
        package var lostLines: UInt64 = 0
    }

    private struct Request {
        var ticket: UInt64
        var synced: Bool
        var make: MakeRecord
    }

    private struct State {
        /// Not taken by the thread yet.
        var requests: [Request] = []
        /// Of tickets whose callers have not seen them yet.
        var records: [UInt64: InspectionRecord] = [:]
        var nextTicket: UInt64 = 0
        /// Changed together with `recent`, after the line has landed.
        var lastSequence: UInt64
        /// The newest lines, oldest first.
        var recent: [VerdictLine] = []
        var health: Health
        /// Of ``changes()``, by ticket.
        var readers: [UInt64: AsyncStream<Void>.Continuation] = [:]
        /// Of ``sync(within:)``: asked for, and done.
        var syncsWanted: UInt64 = 0
        var syncsDone: UInt64 = 0
        var isClosed = false

        var isSyncWanted: Bool { syncsWanted > syncsDone }
    }

    /// Kept at least, twice as many at most: some MB that spare `tail` and the trends the disk.
    private static let recentLines = 10_000
    /// A group is synced when it is this old or this long.
    private static let groupAge = Duration.seconds(1)
    private static let groupLength = 100

    private let settings: JournalSettings
    private let start: JournalStart
    private let reader: JournalReader
    private let disk: Disk
    private let logger: Logger
    private let state: Monitor<State>
    /// Busy while it writes and syncs; a disk that does not answer shows here, and not at the inspection that waits for
    /// it.
    package let progress = LoopProgress()

    /// Opens the journal below the state directory and puts it in order. Never fails because of what is in it.
    package init(stateDirectory: String, settings: JournalSettings, disk: Disk = Disk(), logger: Logger) {
        self.settings = settings
        self.disk = disk
        self.logger = logger
        let folder = "\(stateDirectory)/journal"
        // On the caller's thread, before anything else runs: the numbers go on from here.
        start = JournalRecovery.run(folder: folder, disk: disk)
        reader = JournalReader(folder: folder, disk: disk)
        state = Monitor(State(lastSequence: start.lastSequence, health: Health(isDamaged: start.isDamaged)))
        // Before the thread runs: what a power cut left is in the log in any case.
        for note in start.notes { logger.warning("\(note)") }
    }

    /// Appends a verdict and returns when it has landed as its class demands: NG synced, the others written (or synced,
    /// too, if so configured). Blocks the calling thread; while the disk fails the line is only in memory, and says so.
    ///
    /// - Parameter make: the record for a sequence number.
    /// - Returns: the record that was written.
    /// - Precondition: `close()` was not called.
    package func append(_ verdict: Verdict, _ make: @escaping MakeRecord) -> InspectionRecord {
        let ticket = state.withLock { state in
            precondition(!state.isClosed, "journal: append after close")
            state.nextTicket += 1
            let synced = verdict == .ng || settings.syncsEachLine
            state.requests.append(Request(ticket: state.nextTicket, synced: synced, make: make))
            return state.nextTicket
        }
        // Every change wakes whoever waits, so a ticket per append is enough.
        guard let record = state.wait(until: { $0.records.removeValue(forKey: ticket) }) else {
            preconditionFailure("journal: a wait without end ended")
        }
        return record
    }

    package var health: Health { state.read(\.health) }

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
}

// MARK: Reading

extension VerdictJournal {
    package var lastSequence: UInt64 { state.read(\.lastSequence) }

    package func lines(from first: UInt64, count: Int) throws -> [VerdictLine] {
        // Whoever asks may name any number there is.
        guard first <= lastSequence else { return [] }
        let (start, recent) = state.read { state in
            let start = state.recent.first?.sequence ?? state.lastSequence + 1
            // Numbers without a gap: the place of a line follows from its number.
            let skipped = Int(max(first, start) - start)
            return (start, Array(state.recent.dropFirst(skipped).prefix(count)))
        }
        guard first < start else { return recent }
        let older = try reader.lines(from: first, below: start, count: count)
        return older + recent.prefix(count - older.count)
    }

    package func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        // So that a reader looks once at what came before it asked.
        continuation.yield()
        let ticket = state.withLock { state in
            state.nextTicket += 1
            state.readers[state.nextTicket] = continuation
            return state.nextTicket
        }
        continuation.onTermination = { [state] _ in
            _ = state.withLock { $0.readers.removeValue(forKey: ticket) }
        }
        return stream
    }
}

// MARK: The thread

extension VerdictJournal {
    /// Writes until the shutdown, which comes when nobody appends any more; ends with everything synced.
    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-journal") { [self] in write() }
        } onGracefulShutdown: {
            self.close()
        }
    }

    private func write() {
        progress.begin()
        var writer = JournalWriter(start, folder: reader.folder, settings: settings, disk: disk)
        report(writer)
        var isOpen = true
        // Wakes for appends, for a group that is due, and twice a second to look after the folder and a disk that
        // failed.
        while isOpen {
            progress.end()
            let requests = state.wait(timeout: timeout(of: writer)) { state -> [Request]? in
                defer { state.requests = [] }
                return state.requests.isEmpty && !state.isClosed && !state.isSyncWanted ? nil : state.requests
            }
            progress.begin()
            for request in requests ?? [] {
                publish(writer.append(synced: request.synced, request.make), for: request.ticket)
            }
            let wanted = state.read { $0.isSyncWanted ? $0.syncsWanted : nil }
            // Nobody appends once it is closed.
            isOpen = state.read { !$0.isClosed || !$0.requests.isEmpty }
            if !isOpen || wanted != nil || isGroupDue(writer) { writer.sync() }
            writer.look()
            report(writer)
            if let wanted { state.withLock { $0.syncsDone = wanted } }
        }
        progress.end()
        state.withLock { $0.syncsDone = .max }
        // Who follows the journal ends with it.
        let readers = state.withLock { $0.readers.values.map(\.self) }
        for reader in readers { reader.finish() }
    }

    private func timeout(of writer: JournalWriter) -> Duration {
        guard writer.failure == nil, let since = writer.unsyncedSince else { return settings.retryInterval }
        return max(.zero, Self.groupAge - (.now - since))
    }

    private func isGroupDue(_ writer: JournalWriter) -> Bool {
        guard let since = writer.unsyncedSince else { return false }
        return writer.unsynced.count >= Self.groupLength || ContinuousClock.now - since >= Self.groupAge
    }

    private func publish(_ appended: JournalWriter.Appended, for ticket: UInt64) {
        let readers = state.withLock { state in
            state.records[ticket] = appended.record
            state.lastSequence = appended.line.sequence
            state.recent.append(appended.line)
            if state.recent.count > 2 * Self.recentLines { state.recent.removeFirst(Self.recentLines) }
            return state.readers.values.map(\.self)
        }
        // Outside of the lock: a reader's end takes it.
        for reader in readers { reader.yield() }
    }

    /// Shows and logs changes, not each failure.
    private func report(_ writer: JournalWriter) {
        let new = Health(
            failure: writer.failure?.description, isDamaged: start.isDamaged,
            nuisance: writer.nuisance?.description, lostLines: writer.lostLines)
        let old = state.withLock { state in
            defer { state.health = new }
            return state.health
        }
        switch (old.failure, new.failure) {
        case (nil, let failure?):
            logger.error("journal: verdicts are only in memory", metadata: ["error": "\(failure)"])
        case (_?, nil): logger.notice("journal: verdicts are on the disk again", metadata: ["lost": "\(new.lostLines)"])
        default: break
        }
        if let nuisance = new.nuisance, old.nuisance == nil {
            logger.warning("journal: housekeeping failed", metadata: ["error": "\(nuisance)"])
        }
    }
}
