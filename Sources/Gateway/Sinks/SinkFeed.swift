import ControlClient
import ControlProtocol
import Platform

/// Lines of one of the daemon's journals into a sink's course, from its place on, on a thread of its own. The daemon holds nothing for
/// it: who has no room does not read.
struct SinkFeed: Sendable {
    /// Between two attempts.
    private static let pause = Duration.milliseconds(250)
    /// Before a connection is given up on which nothing can be taken; the daemon closes it a little later.
    private static let patience = Duration.seconds(5)

    let client: DaemonClient
    let kind: JournalKind
    let loop: SinkLoop

    private enum Break: Error {
        /// It is read again once there is room.
        case full
        /// The daemon is another one since it was asked.
        case otherJournal
    }

    private var paths: (newest: String, tail: String) {
        switch kind {
        case .verdicts: (ControlPath.history, ControlPath.tail)
        case .events: (ControlPath.events, ControlPath.eventsTail)
        }
    }

    func start() {
        NamedThread.start("fsac-feed") {
            while true {
                follow()
                MonotonicTime.sleep(Self.pause)
                // There may be no room for hours.
                _ = loop.course.wait { $0.hasRoom(kind) ? true : nil }
            }
        }
    }

    /// One connection to the daemon, from its beginning to its end.
    private func follow() {
        do {
            let (journal, newest) = try newest()
            guard let journal else {
                return tell("fsacd does not know its journal's id (fsacctl status says why), or is of an older version")
            }
            guard let first = loop.course.withLock({ $0.begin(kind, journal: journal, newest: newest) }) else {
                return tell("the journal ends at \(newest), before what was delivered: it goes on with its next lines")
            }
            loop.wake.wake()
            tell(nil)
            try client.follow(paths.tail, query: ["since": "\(first)"]) { head, line in
                guard head[JournalHeader.identity] == journal else { throw Break.otherJournal }
                let line = try FeedLine(line)
                let hasRoom: Bool? = loop.course.wait(timeout: Self.patience) { course in
                    guard course.hasRoom(kind) else { return nil }
                    course.take(kind, line)
                    return true
                }
                guard hasRoom == true else { throw Break.full }
                loop.wake.wake()
            }
            tell("fsacd ended the stream")
        } catch is Break {
        } catch {
            tell(ErrorWords.of(error))
        }
    }

    private struct Numbered: Decodable {
        var seq: UInt64
    }

    /// Which journal it is, and the number of its newest line, 0 = none.
    private func newest() throws -> (journal: String?, seq: UInt64) {
        var seq: UInt64 = 0
        let head = try client.follow(paths.newest, query: ["limit": "1"]) { _, line in
            seq = try ControlCoding.decode(Numbered.self, from: line).seq
        }
        return (head[JournalHeader.identity], seq)
    }

    /// Once, as long as it is the same.
    private func tell(_ words: String?) {
        let isNew = loop.course.withLock { course in
            defer { course.feedTrouble = words }
            return course.feedTrouble != words
        }
        guard isNew else { return }
        if let words { GatewayLog.say(.warning, "sink \(loop.settings.name): \(words)") }
    }
}
