import ControlProtocol
import Journal
import Platform

/// What those who append to the verdict journal, those who read it and its thread share.
struct JournalState {
    enum Request {
        /// Its caller waits for the landing that is named.
        case pending(VerdictLine, InspectionRecord, Landing, VerdictJournal.MakeRecord)
        /// Its caller went on without the disk, and this is what it showed.
        case answered(VerdictLine)
    }

    /// Kept at least, twice as many at most: some MB that spare `tail` and the trends the disk.
    private static let recentLines = 10_000

    /// What becomes of an append.
    typealias Outcome = (record: InspectionRecord, landing: Landing)

    /// Not taken by the thread yet.
    var requests: [Request] = []
    /// Of the request that the thread has landed, until its caller takes it.
    var outcome: Outcome?
    /// The number of the request that the thread is at, and what its caller has shown meanwhile.
    var lastTaken: UInt64?
    private var withdrawn: VerdictLine?
    /// Reserved and not given out yet.
    var numbers: Range<UInt64> = 1..<1
    var wantsNumbers = false
    /// Why there are no more numbers, once that is known.
    var numbersFailure: String?
    /// Lines that the thread holds because the disk fails.
    var heldByWriter = 0
    /// Whether a caller's patience came to an end, and the thread has not come back since.
    var isStuck = false
    /// Changed together with `recent`, after the line has landed or was shown without.
    private(set) var lastSequence: UInt64
    /// The newest lines, oldest first.
    private(set) var recent: [VerdictLine] = []
    var health: VerdictJournal.Health
    var unrecorded: UInt64 = 0
    /// Of ``VerdictJournal/changes()``, by ticket.
    var readers: [UInt64: AsyncStream<Void>.Continuation] = [:]
    private var nextTicket: UInt64 = 0
    /// What tells this journal from others.
    enum Identity: Equatable {
        case unread
        case known(JournalIdentity)
        /// The disk does not say, or takes none.
        case unreadable(reason: String)
        case damaged(reason: String)
    }

    var identity = Identity.unread
    /// Of ``VerdictJournal/sync(within:)``: asked for, and done.
    var syncsWanted: UInt64 = 0
    var syncsDone: UInt64 = 0
    var isClosed = false

    var isSyncWanted: Bool { syncsWanted > syncsDone }

    init(_ start: JournalStart) {
        lastSequence = start.lastLine.previousSequence
        health = VerdictJournal.Health(failure: start.failure?.description, isDamaged: start.isDamaged)
    }

    /// Lines that are only in memory.
    var held: Int { heldByWriter + requests.count }

    /// Where a start had failed that has now been made up for.
    mutating func begin(at start: JournalStart) {
        if recent.isEmpty { lastSequence = start.lastLine.previousSequence }
    }

    /// Puts what a caller has shown in the place of its request, or behind those that wait.
    mutating func answer(_ line: VerdictLine) {
        let index = requests.firstIndex { request in
            if case .pending(let pending, _, _, _) = request { pending.sequence == line.sequence } else { false }
        }
        if let index {
            requests[index] = .answered(line)
        } else if lastTaken == line.sequence {
            withdrawn = line
        } else {
            requests.append(.answered(line))
        }
    }

    /// Ends a request: its caller is told, or has gone on without.
    ///
    /// - Returns: what the caller has shown instead; nil = it gets `outcome`, whose line shows from here on.
    mutating func end(_ outcome: Outcome) -> VerdictLine? {
        lastTaken = nil
        if let withdrawn = withdrawn.take() { return withdrawn }
        self.outcome = outcome
        return nil
    }

    /// Shows a line to those who read.
    ///
    /// - Returns: who is to be woken, outside of the lock: a reader's end takes it.
    mutating func show(_ line: VerdictLine) -> [AsyncStream<Void>.Continuation] {
        lastSequence = line.sequence
        recent.append(line)
        if recent.count > 2 * Self.recentLines { recent.removeFirst(Self.recentLines) }
        return readers.values.map(\.self)
    }

    mutating func add(_ reader: AsyncStream<Void>.Continuation) -> UInt64 {
        nextTicket += 1
        readers[nextTicket] = reader
        return nextTicket
    }
}
