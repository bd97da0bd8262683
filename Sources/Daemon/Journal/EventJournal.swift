import ControlProtocol
import Glibc
package import Journal
package import Logging
package import Platform
import ServiceLifecycle
import Synchronization

/// What was changed, and by whom: an append-only journal beside that of the verdicts, with the same lines, numbers, segments and
/// recovery.
///
/// Changes are rare: each is appended, and synced, on the thread that makes it. Those threads may wait for the disk
/// (``WorkLane/slow``, the fits'). A thread of its own begins the journal and looks after a disk that failed, so that neither the
/// start nor the line waits for it. Reading goes to the files.
package final class EventJournal: VerdictSource, Service {
    /// Makes the event for a number. Called again with `false` when it is not on the disk: that line is kept in memory, and is
    /// written when the disk works again.
    typealias MakeRecord = @Sendable (_ seq: UInt64, _ isOnDisk: Bool) -> EventRecord

    /// Held over the disk.
    private struct Writing {
        /// Nil until it is begun, and while nobody knows which numbers were given out.
        var writer: JournalWriter?
        /// Comes before every other event.
        var beginning: MakeRecord?
        /// The next number; nil = the first of this run.
        var next: UInt64?
        /// Why the next number cannot be reserved, once that is known.
        var numberFailure: DiskError?
    }

    /// Held for moments: readers do not wait for the disk.
    private struct Shown {
        var lastSequence: UInt64 = 0
        /// Why the newest events are only in memory; nil while they reach the disk.
        var failure: String?
        var nuisance: String?
        var isDamaged = false
        var readers: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var nextReader: UInt64 = 0
    }

    /// Between two looks at the disk.
    private static let period = Duration.milliseconds(500)
    /// Longer than a slow disk takes for a line.
    private static let patience = Duration.milliseconds(1500)

    private let folder: String
    private let disk: Disk
    private let logger: Logger
    private let settings: JournalSettings
    private let reader: JournalReader
    private let writing = Mutex(Writing())
    private let shown = Mutex(Shown())
    private let isStopping = Monitor(false)
    private let progress = LoopProgress()

    /// Waits for no disk: the journal below the state directory is put in order by whoever comes first, the first event or
    /// ``run()``.
    package init(stateDirectory: String, disk: Disk = Disk(), logger: Logger) {
        folder = "\(stateDirectory)/events"
        self.disk = disk
        self.logger = logger
        var settings = JournalSettings()
        // A year of a change a minute, and one segment more when others have filled the disk.
        (settings.segmentBytes, settings.spareBytes, settings.maxBytes) = (1 << 20, 1 << 20, 256 << 20)
        // Of changes that were refused: what comes then is refused without a line.
        settings.heldLines = 1000
        // Whoever asks for a change waits for the answer, and asks again by hand.
        settings.retryInterval = .zero
        self.settings = settings
        reader = JournalReader(folder: folder, disk: disk)
    }

    /// Runs until the shutdown, which comes after all that makes changes: the next run goes on without leaving out a number.
    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-events") { [self] in keep() }
        } onGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
        }
    }

    private func keep() {
        repeat { work { _ in } } while isStopping.wait(timeout: Self.period) { $0 ? true : nil } == nil
        work { $0.writer?.finish() }
        // Who follows the journal ends with it.
        for reader in shown.withLock({ Array($0.readers.values) }) { reader.finish() }
    }
}

// MARK: Writing

extension EventJournal {
    /// Has an event written before every other, by whoever comes first.
    func begin(with make: @escaping MakeRecord) {
        writing.withLock { $0.beginning = make }
    }

    /// Appends an event and returns when it is on the disk, or when that failed. Blocks the calling thread.
    ///
    /// - Returns: the event as it will stand in the file; nil when not even a number could be had.
    func append(_ make: @escaping MakeRecord) -> EventRecord? {
        work { write(make, &$0) }
    }

    /// Opens the journal if that was not done yet, sees whether a disk that failed is back, does some work on it, and shows what
    /// came of it.
    private func work<Outcome: Sendable>(_ body: (inout Writing) -> Outcome) -> Outcome {
        let (outcome, readers) = writing.withLock { writing in
            progress.begin()
            defer { progress.end() }
            if writing.writer == nil { open(&writing) }
            writing.writer?.look()
            if writing.numberFailure != nil { _ = number(&writing) }
            if writing.writer != nil, let make = writing.beginning.take(), write(make, &writing) == nil {
                writing.beginning = make
            }
            let outcome = body(&writing)
            return (outcome, show(writing))
        }
        for reader in readers { reader.yield() }
        return outcome
    }

    private func open(_ writing: inout Writing) {
        let start = JournalRecovery.run(folder: folder, disk: disk)
        writing.numberFailure = start.failure
        if start.failure != nil { return }
        for note in start.notes { logger.warning("events: \(note)") }
        writing.writer = JournalWriter(start, folder: folder, settings: settings, disk: disk)
        shown.withLock { shown in
            shown.lastSequence = start.lastLine.previousSequence
            shown.isDamaged = start.isDamaged
        }
    }

    /// The next number, reserved; nil when that failed.
    private func number(_ writing: inout Writing) -> UInt64? {
        do throws(DiskError) {
            // One at a time: a kill leaves out none.
            let numbers = try writing.writer?.reserve(1, from: writing.next)
            writing.numberFailure = nil
            return numbers?.lowerBound
        } catch {
            writing.numberFailure = error
            return nil
        }
    }

    private func write(_ make: MakeRecord, _ writing: inout Writing) -> EventRecord? {
        let held = writing.writer?.unsynced.count ?? 0
        guard held < settings.heldLines, let seq = number(&writing) else { return nil }
        writing.next = seq + 1
        let record = make(seq, true)
        if writing.writer?.append(VerdictLine(record), synced: true) == true { return record }
        let refused = make(seq, false)
        writing.writer?.replaceNewest(with: VerdictLine(refused))
        return refused
    }

    /// - Returns: who is to be told. Logs changes, not each failure.
    private func show(_ writing: Writing) -> [AsyncStream<Void>.Continuation] {
        let failure = (writing.writer?.failure ?? writing.numberFailure)?.description
        let (known, readers) = shown.withLock { shown in
            let (known, last) = (shown.failure, shown.lastSequence)
            (shown.failure, shown.nuisance) = (failure, writing.writer?.nuisance?.description)
            // What is only in memory does not show: reading goes to the files.
            if failure == nil, let next = writing.next { shown.lastSequence = next - 1 }
            return (known, shown.lastSequence == last ? [] : Array(shown.readers.values))
        }
        switch (known, failure) {
        case (nil, let failure?): logger.error("events cannot be written", metadata: ["error": "\(failure)"])
        case (_?, nil): logger.notice("events are on the disk again")
        default: break
        }
        return readers
    }
}

// MARK: Health

extension EventJournal: HealthSource {
    /// Why the newest events are only in memory; nil while they reach the disk.
    package var failure: String? { shown.withLock { $0.failure } }

    /// Warnings only: parts are judged as before. What a failure keeps from being done is told to whoever asks for it, too.
    package var findings: [Finding] {
        let (failure, nuisance, isDamaged) = shown.withLock { ($0.failure, $0.nuisance, $0.isDamaged) }
        var findings: [Finding] = []
        if let failure {
            findings.append(
                Finding(
                    warning: "events",
                    "\(failure): no limit, shot, model, recipe or setting can be changed, for who changed it cannot be "
                        + "written down"))
        } else if let silence = progress.hang(beyond: Self.patience) {
            findings.append(
                Finding(warning: "events", "the disk has not answered for \(silence.wholeSeconds): changes wait for it")
            )
        }
        if isDamaged {
            findings.append(Finding(warning: "events", "a segment is damaged and was kept: look into \(folder)"))
        }
        if let nuisance { findings.append(Finding(warning: "events", "housekeeping failed: \(nuisance)")) }
        return findings
    }
}

// MARK: Reading

extension EventJournal {
    package var lastSequence: UInt64 { shown.withLock { $0.lastSequence } }

    /// Of those that are on the disk.
    package func lines(from first: UInt64, count: Int) throws -> [VerdictLine] {
        // Before the first event there may be no folder.
        lastSequence == 0 ? [] : try reader.lines(from: first, below: .max, count: count)
    }

    /// Of those that are on the disk.
    package func lines(before end: UInt64, count: Int) throws -> [VerdictLine] {
        lastSequence == 0 ? [] : try reader.lines(before: end, count: count)
    }

    /// Of those that are on the disk, also before the journal was put in order.
    func stored(before end: UInt64, count: Int) throws(DiskError) -> [VerdictLine] {
        do {
            return try reader.lines(before: end, count: count)
        } catch {
            // Before the first event there may be no folder.
            guard error.errno == ENOENT else { throw error }
            return []
        }
    }

    package func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        // So that a reader looks once at what came before it asked.
        continuation.yield()
        let ticket = shown.withLock { shown in
            shown.nextReader += 1
            shown.readers[shown.nextReader] = continuation
            return shown.nextReader
        }
        continuation.onTermination = { [weak self] _ in
            self?.shown.withLock { _ = $0.readers.removeValue(forKey: ticket) }
        }
        return stream
    }
}

extension VerdictLine {
    init(_ record: EventRecord) {
        self.init(sequence: record.seq, bytes: JournalLine.sealed(JSONLine(record)))
    }
}

extension JSONLine {
    fileprivate init(_ record: EventRecord) {
        self.init()
        add("seq", record.seq)
        add("time", record.time)
        add("event", record.event.rawValue)
        if let recipe = record.recipe { add("recipe", recipe) }
        if let camera = record.camera { add("camera", camera) }
        add("origin", record.origin.rawValue)
        if let uid = record.uid { add("uid", uid) }
        if let user = record.user { add("user", user) }
        if let pid = record.pid { add("pid", pid) }
        if let name = record.name { add("name", name) }
        add("before", JSONLine(record.before))
        add("after", JSONLine(record.after))
        if let failed = record.failed { add("failed", failed) }
        if let error = record.error { add("error", error) }
        if let refused = record.refused { add("refused", refused) }
    }

    private init(_ values: [String: EventValue]) {
        self.init()
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            switch value {
            case .flag(let flag): add(key, flag)
            case .count(let count): add(key, count)
            case .number(let number) where number.isFinite: add(key, number)
            case .number(let number): add(key, number.description)
            case .text(let text): add(key, text)
            }
        }
    }
}
