import Journal
import Logging
import Platform
import ServiceLifecycle

extension VerdictJournal {
    /// A group is synced when it is this old or this long.
    private static let groupAge = Duration.seconds(1)
    private static let groupLength = 100
    /// Numbers that are reserved at a time, beyond those that lines may wait in memory with.
    private static let reservedNumbers: UInt64 = 1000

    /// Writes until the shutdown, which comes when nobody appends any more; ends with everything synced.
    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-journal") { [self] in write() }
        } onGracefulShutdown: {
            self.close()
        }
    }

    private struct Batch {
        var requests: [JournalState.Request]
        var wantsNumbers: Bool
        /// Nil = none is wanted.
        var sync: UInt64?
        var isClosed: Bool
    }

    private func write() {
        progress.begin()
        var start = start
        var writer = open(start)
        if writer != nil { lookAfterIdentity() }
        report(writer, start)
        var lastLook = ContinuousClock.now
        var (isOpen, lastStart) = (true, ContinuousClock.now)
        // Wakes for appends, for a group that is due, and twice a second to look after the folder and a disk that
        // failed.
        while isOpen {
            progress.end()
            let batch = takeBatch(timeout(of: writer))
            progress.begin()
            if writer == nil, .now - lastStart >= settings.retryInterval {
                lastStart = .now
                start = JournalRecovery.run(folder: reader.folder, disk: disk)
                writer = open(start)
            }
            // Once a disk that failed at the start is back, before the first line.
            if writer != nil, .now - lastLook >= settings.retryInterval || state.read({ $0.identity == .unread }) {
                lastLook = .now
                lookAfterIdentity()
            }
            for request in batch?.requests ?? [] { land(request, &writer) }
            progress.begin()
            // An empty batch comes only once it is closed; nil is a timeout.
            isOpen = batch?.isClosed != true
            if isOpen {
                if batch?.sync != nil || writer.map(isGroupDue) == true { writer?.sync() }
                writer?.look()
                reserveNumbers(&writer, isWanted: batch?.wantsNumbers == true)
            } else {
                writer?.finish()
            }
            report(writer, start)
            if let sync = batch?.sync { state.withLock { $0.syncsDone = sync } }
        }
        progress.end()
        state.withLock { $0.syncsDone = .max }
        // Who follows the journal ends with it.
        let readers = state.withLock { $0.readers.values.map(\.self) }
        for reader in readers { reader.finish() }
    }

    /// Nil where nobody knows yet which numbers were given out.
    private func open(_ start: JournalStart) -> JournalWriter? {
        guard start.failure == nil else { return nil }
        if self.start.failure != nil {
            for note in start.notes { logger.warning("\(note)") }
            state.withLock { $0.begin(at: start) }
        }
        return JournalWriter(start, folder: reader.folder, settings: settings, disk: disk)
    }

    private func takeBatch(_ timeout: Duration) -> Batch? {
        state.wait(timeout: timeout) { state -> Batch? in
            let isClosed = state.isClosed && state.requests.isEmpty
            guard !state.requests.isEmpty || state.wantsNumbers || state.isSyncWanted || isClosed else { return nil }
            defer { (state.requests, state.wantsNumbers) = ([], false) }
            for case .pending(let line, _, _, _) in state.requests { state.lastTaken = line.sequence }
            return Batch(
                requests: state.requests, wantsNumbers: state.wantsNumbers,
                sync: state.isSyncWanted ? state.syncsWanted : nil, isClosed: isClosed)
        }
    }

    private func timeout(of writer: JournalWriter?) -> Duration {
        guard let writer, writer.failure == nil, let since = writer.unsyncedSince else { return settings.retryInterval }
        return max(.zero, Self.groupAge - (.now - since))
    }

    private func isGroupDue(_ writer: JournalWriter) -> Bool {
        guard let since = writer.unsyncedSince else { return false }
        return writer.unsynced.count >= Self.groupLength || ContinuousClock.now - since >= Self.groupAge
    }

    private func land(_ request: JournalState.Request, _ writer: inout JournalWriter?) {
        progress.begin()
        switch request {
        case .answered(let line):
            _ = writer?.append(line, synced: false)
        case .pending(let line, let record, let wanted, let make):
            var outcome = (record: record, landing: wanted)
            var shown = line
            if writer?.append(line, synced: wanted == .synced) != true {
                let reason = writer?.failure?.description ?? unanswered
                let landing: Landing = settings.keepsVerdictsInMemory ? .held : .withheld(reason: reason)
                outcome = (make(line.sequence, landing), landing)
                shown = VerdictLine(outcome.record)
            }
            let (withdrawn, readers) = state.withLock { state in
                let withdrawn = state.end(outcome)
                return (withdrawn, withdrawn == nil ? state.show(shown) : [])
            }
            for reader in readers { reader.yield() }
            // What the disk has is what was shown.
            let final = withdrawn ?? shown
            if final != line { writer?.replaceNewest(with: final) }
        }
    }

    private func reserveNumbers(_ writer: inout JournalWriter?, isWanted: Bool) {
        let (left, failure) = state.read { ($0.numbers, $0.numbersFailure) }
        // A journal that nobody has appended to yet leaves no trace.
        guard isWanted || !left.isEmpty || failure != nil, left.count < settings.heldLines, var open = writer else {
            return
        }
        do {
            // What is left is given out meanwhile, and only from the front.
            let numbers = try open.reserve(
                UInt64(settings.heldLines) + Self.reservedNumbers, from: left.upperBound > 1 ? left.lowerBound : nil)
            state.withLock { state in
                let next = left.upperBound > 1 ? state.numbers.lowerBound : numbers.lowerBound
                (state.numbers, state.numbersFailure) = (next..<numbers.upperBound, nil)
            }
        } catch {
            state.withLock { $0.numbersFailure = "no numbers can be reserved: \(error)" }
        }
        writer = open
    }

    /// Shows and logs changes, not each failure.
    private func report(_ writer: JournalWriter?, _ start: JournalStart) {
        let failure = start.failure ?? writer?.failure
        let new = Health(
            failure: failure?.description, isDamaged: start.isDamaged, nuisance: writer?.nuisance?.description)
        let (old, wasStuck) = state.withLock { state in
            // Not before everything that was shown without the disk has been taken to it.
            let isBack = state.isStuck && state.requests.isEmpty
            defer {
                state.health = new
                state.heldByWriter = failure == nil ? 0 : writer?.unsynced.count ?? 0
                if isBack { state.isStuck = false }
            }
            return (state.health, isBack)
        }
        switch (old.failure ?? (wasStuck ? unanswered : nil), new.failure) {
        case (nil, let failure?):
            logger.error("journal: verdicts are only in memory", metadata: ["error": "\(failure)"])
        case (_?, nil):
            logger.notice("journal: verdicts are on the disk again", metadata: ["unrecorded": "\(health.unrecorded)"])
        default: break
        }
        if let nuisance = new.nuisance, old.nuisance == nil {
            logger.warning("journal: housekeeping failed", metadata: ["error": "\(nuisance)"])
        }
    }
}
