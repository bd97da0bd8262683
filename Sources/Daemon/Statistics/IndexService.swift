package import ControlProtocol
package import Journal
package import JournalIndex
package import Logging
import Platform
import ServiceLifecycle
import Statistics
import Synchronization

/// Keeps the index beside the journals: reads on behind them, on a thread of low priority, and makes it anew when it is lost
/// or cannot be trusted. No verdict waits for it, and nothing is judged by it.
package final class IndexService: Service, HealthSource {
    private static let period = Duration.seconds(1)
    /// Between two tries after a failure.
    private static let pause = Duration.seconds(10)
    /// Lines at a time: who asks waits for no more, also behind a thread that gets little of a busy computer.
    /// Short: whoever asks waits for one of them, which on a busy core takes ten times as long as its work.
    private static let batch = 250
    /// For how long somebody who asks waits for the index to come up with the journals.
    private static let patience = Duration.seconds(1)
    /// Between two looks at what retention has taken.
    private static let housekeeping = 60

    package let index: JournalIndex
    private let stateDirectory: String
    private let verdicts: any VerdictSource
    private let events: any VerdictSource
    /// Left free on the file system for those that need it more.
    private let minFreeBytes: UInt64
    private let logger: Logger
    private let isStopping = Monitor(false)
    /// Held from the look at the index's place to the lines that follow it.
    private let turn = Turn()
    private let shown = Mutex(Shown())

    private struct Shown {
        /// Why there are no statistics.
        var failure: String?
        /// All of its pages are being looked at: nobody can ask it anything.
        var isOpening = false
        /// Why the index is being built anew; nil once it is complete.
        var rebuilding: String?
    }

    /// Touches no file.
    package init(
        stateDirectory: String, verdicts: any VerdictSource, events: any VerdictSource, minFreeBytes: Int,
        logger: Logger
    ) {
        self.stateDirectory = stateDirectory
        self.verdicts = verdicts
        self.events = events
        self.minFreeBytes = UInt64(minFreeBytes)
        self.logger = logger
        index = JournalIndex(path: "\(stateDirectory)/index.sqlite")
    }

    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-index", niceness: 10) { self.keep() }
        } onGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
        }
    }

    private func keep() {
        var looks = 0
        var pause = Duration.zero
        while isStopping.wait(timeout: pause, until: { $0 ? true : nil }) == nil {
            do {
                while try step(), !isStopping.read(\.self) {}
                if looks % Self.housekeeping == 0, let first = try verdicts.lines(from: 1, count: 1).first {
                    try index.forget(before: first.sequence)
                }
                looks += 1
                pause = Self.period
            } catch {
                fail(error)
                pause = Self.pause
            }
        }
        index.close()
    }

    /// Takes a batch.
    ///
    /// - Parameter limit: how long to wait for others who are at it; nil = as long as it takes.
    /// - Returns: whether there is more, and time for it.
    private func step(within limit: Duration? = nil) throws -> Bool {
        try turn.take(within: limit, read) ?? false
    }

    private func read() throws -> Bool {
        if !index.isOpen { try open() }
        let place = try index.place()
        let lines = try verdicts.lines(from: place.verdict + 1, count: Self.batch)
        let changes = try events.lines(from: place.event + 1, count: Self.batch)
        if lines.isEmpty && changes.isEmpty {
            succeed()
            return false
        }
        let free = try Disk().freeBytes(at: stateDirectory)
        guard free >= minFreeBytes else {
            throw StatisticsError.noRoom(free: free, needed: minFreeBytes)
        }
        Failpoint.pass("index")
        let unreadable = try index.take(verdicts: lines, events: changes)
        if let first = unreadable.first {
            logger.warning(
                "journal lines are in no statistics: this version cannot read them",
                metadata: ["first": "\(first)", "lines": "\(unreadable.count)"])
        }
        return lines.count == Self.batch || changes.count == Self.batch
    }

    private func open() throws {
        shown.withLock { $0.isOpening = true }
        defer { shown.withLock { $0.isOpening = false } }
        let reason = try index.open(verdicts: verdicts, events: events)
        let isNew = try index.place().verdict == 0 && verdicts.lastSequence > 0
        if let reason {
            logger.warning("the index was thrown away and is built anew", metadata: ["reason": "\(reason)"])
        } else if isNew {
            logger.notice("the index is built", metadata: ["lines": "\(verdicts.lastSequence)"])
        }
        shown.withLock { $0.rebuilding = reason }
    }

    private func succeed() {
        let (wasFailure, wasRebuilding) = shown.withLock { shown in
            defer { shown = Shown() }
            return (shown.failure != nil, shown.rebuilding != nil)
        }
        if wasFailure || wasRebuilding { logger.notice("the index is complete again") }
    }

    private func fail(_ error: any Error) {
        let reason = ErrorWords.of(error)
        let isNew = shown.withLock { shown in
            defer { shown.failure = reason }
            return shown.failure == nil
        }
        if isNew { logger.warning("no statistics", metadata: ["error": "\(reason)"]) }
    }

    package var findings: [Finding] {
        let shown = shown.withLock { $0 }
        if let failure = shown.failure { return [Finding(warning: "statistics", "none can be made: \(failure)")] }
        guard let reason = shown.rebuilding else { return [] }
        return [Finding(warning: "statistics", "their index could not be used (\(reason)) and is built anew")]
    }

    /// Reads on behind the journals for somebody who asks, as far as that takes about a second. Blocks the calling thread.
    package func refresh() throws -> IndexReply {
        let end = ContinuousClock.now + Self.patience
        while .now < end, try step(within: max(.zero, end - .now)) {}
        if shown.withLock(\.isOpening) { throw StatisticsError.opening }
        return IndexReply(
            lastSequence: try index.place().verdict, journalSequence: verdicts.lastSequence,
            unreadable: try index.unreadable())
    }
}

/// Why there are no statistics.
package enum StatisticsError: Error, Equatable, CustomStringConvertible {
    case noRoom(free: UInt64, needed: UInt64)
    case opening

    package var description: String {
        switch self {
        case .opening: "statistics: their index is being looked through after a start: ask again"
        case .noRoom(let free, let needed):
            "statistics: \(free) bytes are free, and \(needed) are left to verdicts and pictures (images.min_free_bytes)"
        }
    }
}
