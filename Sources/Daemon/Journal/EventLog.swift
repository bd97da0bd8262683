package import ControlProtocol
package import Glibc
import Platform

/// Who makes a change.
package struct ChangeAuthor: Sendable, Equatable {
    package static let signal = ChangeAuthor(origin: .signal)
    package static let daemon = ChangeAuthor(origin: .daemon)

    let origin: EventRecord.Origin
    var uid: uid_t?
    var pid: pid_t?
    /// As somebody at the page calls themselves, which nobody checks.
    var name: String?

    private init(origin: EventRecord.Origin) { self.origin = origin }

    /// Whoever stands at the page where it may act.
    static func page(named name: String?) -> ChangeAuthor {
        var author = ChangeAuthor(origin: .page)
        author.name = name
        return author
    }

    /// Somebody at the control socket, by the kernel's word.
    package init(uid: uid_t?, pid: pid_t?) {
        (origin, self.uid, self.pid) = (.control, uid, pid)
    }

    /// The name of the user; nil where the system has none. May ask a directory on the network.
    var user: String? {
        guard let uid else { return nil }
        var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return PrintableText.line(String(cString: entry.pw_name), atMost: 64)
    }
}

/// What is changed, told before it is.
package struct Change: Sendable {
    package let event: EventRecord.Kind
    package var recipe: String?
    package var camera: String?
    package var before: [String: EventValue]
    package var after: [String: EventValue]

    package init(
        _ event: EventRecord.Kind, recipe: String? = nil, camera: String? = nil, before: [String: EventValue] = [:],
        after: [String: EventValue] = [:]
    ) {
        self.event = event
        self.recipe = recipe
        self.camera = camera
        self.before = before
        self.after = after
    }

    fileprivate func record(by author: ChangeAuthor, user: String?) -> EventJournal.MakeRecord {
        let time = WallTime.now.rfc3339
        return { seq, isOnDisk in
            EventRecord(
                seq: seq, time: time, event: event, recipe: recipe, camera: camera, origin: author.origin,
                uid: author.uid, user: user, pid: author.pid, name: author.name, before: before, after: after,
                refused: isOnDisk ? nil : true)
        }
    }
}

/// An event could not be written, so nothing was changed.
package struct EventNotWritten: Error, CustomStringConvertible {
    let reason: String

    package var description: String {
        "storage: who changed what has to be on the disk before it is changed, and cannot be written: \(reason): "
            + "nothing was changed"
    }
}

/// Every change goes by here: its event is on the disk before it is made, or it is not made.
///
/// A disk that takes no event leaves the line as it is: limits, shots, models, recipes and the configuration in use stay. One that
/// takes it late, too: whoever asked has gone away, and believes that nothing was changed.
package final class EventLog: Sendable {
    /// To be read.
    package let journal: EventJournal
    /// Of somebody who asks for a change.
    private let patience: Duration
    /// Held over each change: events are in the order of the changes, and `before` is what the change before has left. Taken
    /// before any lock of a recipe or of the book.
    private let turn = Turn()

    package init(_ journal: EventJournal, patience: Duration = .seconds(10)) {
        self.journal = journal
        self.patience = patience
    }

    /// Has the event of a daemon that starts written before every other. Does not wait for the disk, and nothing depends on it.
    package func begin(_ change: Change) {
        let record = change.record(by: .daemon, user: nil)
        journal.begin { seq, _ in record(seq, true) }
    }

    /// Has an event written that nobody decided. Waits for the disk; what it does not take is written when it works again.
    ///
    /// - Returns: nil when not even a number could be had.
    @discardableResult
    package func note(_ change: Change) -> EventRecord? {
        let record = change.record(by: .daemon, user: nil)
        return journal.append { seq, _ in record(seq, true) }
    }

    /// Writes the event, then makes the change. Waits for the disk, and for other changes: somebody's change is made within the
    /// log's patience, or not at all. The daemon's own wait as long as it takes.
    ///
    /// - Parameters:
    ///   - describe: looks at what is now; throws when it is clear that nothing will be changed.
    ///   - make: a failure is another event.
    /// - Throws: ``EventNotWritten``; what `describe` and `make` throw.
    package func record<Outcome: Sendable>(
        by author: ChangeAuthor, _ describe: () throws -> Change, _ make: () throws -> Outcome
    ) throws -> Outcome {
        // Before others wait for it.
        let user = author.user
        let (asked, limit) = (Duration.sinceBoot, [.control, .page].contains(author.origin) ? patience : nil)
        let outcome = try turn.take(within: limit) {
            let record = try describe().record(by: author, user: user)
            guard let event = journal.append(record), event.refused != true else {
                throw EventNotWritten(reason: journal.failure ?? "the disk is busy")
            }
            Failpoint.pass("event")
            do {
                if let limit, Duration.sinceBoot - asked > limit {
                    throw EventNotWritten(reason: "the disk has not answered for \(limit)")
                }
                return try make()
            } catch {
                fail(event, error)
                throw error
            }
        }
        guard let outcome else {
            throw EventNotWritten(reason: "another change is not made yet after \(patience)")
        }
        return outcome
    }

    /// Nothing, or not all, of what an event says was done.
    private func fail(_ event: EventRecord, _ error: any Error) {
        let (time, reason) = (WallTime.now.rfc3339, PrintableText.line("\(error)", atMost: 300))
        _ = journal.append { seq, _ in
            EventRecord(
                seq: seq, time: time, event: event.event, recipe: event.recipe, camera: event.camera,
                origin: event.origin, uid: event.uid, user: event.user, pid: event.pid, name: event.name,
                failed: event.seq,
                error: reason)
        }
    }
}
