import ControlProtocol
import Journal
package import Logging
import Platform
import ServiceLifecycle

/// Has an event `anchor` written a minute after the start and each hour, as long as there is something new: up to where the lines of both
/// journals come to which chain (``JournalAnchor``).
///
/// Of the lowest priority, and with rests: the line does not wait for it. Only what is on the disk is in an anchor: a power cut makes
/// none of them wrong.
package final class AnchorService: Service {
    private static let (delay, period) = (Duration.seconds(60), Duration.seconds(3600))
    /// For the disk.
    private static let patience = Duration.seconds(2)
    /// Lines that are in memory at a time.
    private static let batch = 1000

    private struct Ended: Error {}

    private let verdicts: VerdictJournal
    private let events: EventLog
    private let logger: Logger
    private let isStopping = Monitor(false)

    package init(verdicts: VerdictJournal, events: EventLog, logger: Logger) {
        self.verdicts = verdicts
        self.events = events
        self.logger = logger
    }

    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-anchor", niceness: 19) { self.keep() }
        } onGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
        }
    }

    private func keep() {
        var (known, pause) = (EventRecord?.none, Self.delay)
        while isStopping.wait(timeout: pause, until: { $0 ? true : nil }) == nil {
            pause = Self.period
            do {
                if known == nil { known = try newest() }
                known = try anchor(behind: known) ?? known
            } catch is Ended {
                return
            } catch {
                logger.warning("the journals have no new anchor", metadata: ["error": "\(error)"])
            }
        }
    }

    /// The event of the newest anchor there is; nil = none.
    private func newest() throws -> EventRecord? {
        var end = events.journal.lastSequence + 1
        while end > 1 {
            let lines = try events.journal.lines(before: end, count: Self.batch)
            guard let first = lines.first else { return nil }
            if let found = lines.reversed().lazy.compactMap({ JournalAnchor.event($0.bytes) }).first { return found }
            end = first.sequence
            try rest(since: nil)
        }
        return nil
    }

    /// - Returns: the new one; nil = there is nothing new, or the disk does not take it.
    private func anchor(behind known: EventRecord?) throws -> EventRecord? {
        let (lastVerdict, lastEvent) = (verdicts.lastSequence, events.journal.lastSequence)
        // What the anchor before has added itself is nothing new.
        let before = try known.flatMap { JournalAnchor($0.after) } ?? beginning()
        guard lastVerdict > before.verdicts.sequence || lastEvent > max(before.events.sequence, known?.seq ?? 0) else {
            return nil
        }
        if let failure = verdicts.sync(within: Self.patience) {
            logger.warning("the journals have no new anchor", metadata: ["error": "\(failure)"])
            return nil
        }
        let after = JournalAnchor(
            verdicts: try chain(before.verdicts, verdicts, upTo: lastVerdict),
            events: try chain(before.events, events.journal, upTo: lastEvent))
        return events.note(Change(.anchor, before: before.values, after: after.values))
    }

    /// In front of the oldest lines.
    private func beginning() throws -> JournalAnchor {
        func start(_ source: any VerdictSource) throws -> LineChain {
            let oldest = try source.lines(from: 1, count: 1).first?.sequence ?? source.lastSequence + 1
            return LineChain(behind: oldest - 1)
        }
        return JournalAnchor(verdicts: try start(verdicts), events: try start(events.journal))
    }

    private func chain(_ known: LineChain, _ source: any VerdictSource, upTo last: UInt64) throws -> LineChain {
        var (chain, next) = (known, known.sequence + 1)
        while next <= last {
            let begun = ContinuousClock.now
            let lines = try source.lines(from: next, count: Self.batch)
            for line in lines where line.sequence <= last { chain.add(line) }
            next = (lines.last?.sequence ?? last) + 1
            try rest(since: begun)
        }
        return chain
    }

    /// Nine times as long as was worked.
    private func rest(since begun: ContinuousClock.Instant?) throws {
        if let begun { MonotonicTime.sleep(min((.now - begun) * 9, .seconds(1))) }
        if isStopping.read(\.self) { throw Ended() }
    }
}
