package import ControlProtocol
import Glibc
package import Journal
import Platform
package import Statistics
import Synchronization

/// What is looked up in the journals, in a database beside them: made of them alone, never the record, and made anew when it is lost,
/// damaged, of another version or of other journals.
///
/// One connection, which threads take turns at. All functions read or write files: never called on an event loop, and by nobody whom
/// a part waits for.
package final class JournalIndex: Sendable {
    /// Where the index goes on reading.
    package struct Place: Sendable, Equatable {
        /// Of the newest line of each journal in it, 0 = none.
        package var verdict: UInt64
        package var event: UInt64
    }

    private let path: String
    private let tables: Mutex<Tables?>

    /// Touches no file.
    package init(path: String) {
        self.path = path
        tables = Mutex(nil)
    }

    /// Opens the index, or makes a new one.
    ///
    /// - Parameters:
    ///   - verdicts: the journal that it has to be of.
    /// - Returns: why what was there was thrown away; nil = it was not, or nothing was there.
    /// - Throws: ``IndexError`` when there can be none; what `verdicts` throws.
    package func open(verdicts: any VerdictSource, events: any VerdictSource) throws -> String? {
        try tables.withLock { tables throws -> String? in
            tables = nil
            var status = stat()
            // What is no file is none of ours, wherever it leads.
            if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG { try Self.remove(path) }
            do {
                let found = try Tables(path: path)
                if let reason = try found.disagreement(with: verdicts, events) {
                    throw IndexError(path: path, code: 0, reason: reason)
                }
                try found.forgetNewest()
                tables = found
                return nil
            } catch let error as IndexError where error.isDamage || error.code == 0 {
                try Self.remove(path)
                tables = try Tables(path: path)
                return error.reason
            }
        }
    }

    private static func remove(_ path: String) throws(IndexError) {
        for file in [path, "\(path)-wal", "\(path)-shm", "\(path)-journal"] where unlink(file) != 0 && errno != ENOENT {
            throw IndexError(path: path, code: 1, reason: "cannot be removed: \(ErrnoText.describe(errno))")
        }
    }

    /// Lets go of the files.
    package func close() { tables.withLock { $0 = nil } }

    /// Lets go of the files where an error says that they are damaged: the next opening makes them anew.
    private func withTables<Outcome: Sendable>(_ body: (Tables) throws -> Outcome) throws -> Outcome {
        try tables.withLock { tables throws -> Outcome in
            guard let open = tables else { throw IndexError(path: path, code: 1, reason: "is not open") }
            do {
                return try body(open)
            } catch let error as IndexError where error.isDamage {
                tables = nil
                throw error
            }
        }
    }

    package var isOpen: Bool { tables.withLock { $0 != nil } }

    package func place() throws -> Place { try withTables { try $0.place() } }

    /// Takes what comes behind ``place()``, all or nothing.
    ///
    /// - Returns: numbers of verdicts that this version cannot read.
    package func take(verdicts: [VerdictLine], events: [VerdictLine]) throws -> [UInt64] {
        try withTables { try $0.take(verdicts, events) }
    }

    /// Forgets verdicts that the journal has no more.
    package func forget(before first: UInt64) throws { try withTables { try $0.forget(before: first) } }

    /// Shows the verdicts of a question, in the order of their numbers.
    package func count(_ question: StatisticsQuestion, into count: inout StatisticsCount) throws {
        // Passed through the lock and out again: it belongs to nobody else.
        count = try withTables { [start = count] tables in
            var counted = start
            try tables.facts(of: question) { counted.count($0) }
            return counted
        }
    }

    /// Events that say when the line ran, in the order of their numbers.
    package func downtime() throws -> Downtime {
        try withTables { tables in
            var downtime = Downtime()
            for event in try tables.events([.start, .stop, .state]) {
                try downtime.add(event) { try tables.newestTime(before: $0) }
            }
            return downtime
        }
    }

    package func events(_ kinds: [EventRecord.Kind]) throws -> [EventRecord] {
        try withTables { try $0.events(kinds) }
    }

    /// The first and the last time that a question's lot, recipe or camera has a verdict of, and has none of any more.
    package func bounds(of question: StatisticsQuestion) throws -> (from: Int64, to: Int64)? {
        try withTables { try $0.bounds(of: question) }
    }

    /// Numbers of the verdicts on a part number, or on a lot, oldest first, at most `count`.
    package func sequences(part: String?, lot: String?, count: Int) throws -> [UInt64] {
        try withTables { try $0.sequences(part: part, lot: lot, count: count) }
    }

    package func unreadable() throws -> Int { try withTables { try $0.unreadable() } }
}
