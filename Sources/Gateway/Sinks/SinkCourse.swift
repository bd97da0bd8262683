import ControlProtocol

/// Up to where a sink has delivered, as it is kept on the disk.
package struct SinkCursor: Codable, Sendable, Equatable {
    package var verdicts: SinkPlace?
    package var events: SinkPlace?

    package init(verdicts: SinkPlace? = nil, events: SinkPlace? = nil) {
        (self.verdicts, self.events) = (verdicts, events)
    }
}

/// A sink without its receiver, its files and its clock: lines and acknowledgements in, orders out. At least once and in order: what is
/// not acknowledged is sent again, and the cursor never passes it.
package struct SinkCourse: Sendable {
    /// What a message is acknowledged by.
    package enum Ticket: Sendable, Hashable {
        case line(JournalKind, UInt64)
        /// The newest state of the line.
        case state
        /// What nobody acknowledges: the next one comes in its turn.
        case statistics
    }

    package enum Parcel: Sendable, Equatable {
        case line(SinkMessage)
        case state([UInt8])
        case statistics([UInt8])
    }

    package enum Order: Sendable, Equatable {
        /// Reach the receiver; ends with ``opened(at:)`` or ``closed(_:at:chance:)``.
        case open
        /// Leave it: nothing comes back any more.
        case close(String)
        case send([Ticket], [Parcel])
        /// Put messages that were refused beside the cursor, on the disk; ends with ``putAside(_:_:at:)``.
        case putAside(JournalKind, [SinkMessage])
        /// Put the cursor on the disk; ends with ``kept(_:at:)``.
        case keep(SinkCursor)
    }

    package enum Link: Sendable, Equatable {
        case down(until: ContinuousClock.Instant)
        case opening
        case open(since: ContinuousClock.Instant)
    }

    /// How a link ended, or that it never came.
    package enum Ending: Sendable, Equatable {
        case failed
        /// Another client with our name is connected: who comes back at once throws that one out in its turn.
        case takenOver
        /// The receiver ended it without a word.
        case dropped
    }

    private enum StateSlot: Sendable, Equatable {
        /// To be told, but not before `until`.
        case due(until: ContinuousClock.Instant?)
        case sent(ContinuousClock.Instant)
        case told
    }

    /// More messages are never under way to a broker.
    package static let mostUnacknowledged = 20
    private static let (keepPeriod, keepLines) = (Duration.seconds(1), 100)
    private static let suspiciousDrops = 3
    /// A link that stood for so long was a good one.
    private static let goodLink = Duration.seconds(10)

    private let settings: SinkSettings
    private let station: String
    package private(set) var link: Link
    package private(set) var trouble: String?
    /// Why lines do not come from fsacd.
    package var feedTrouble: String?
    /// Why the cursor is not on the disk.
    package private(set) var keepTrouble: String?
    private var spools: [JournalKind: Spool]
    /// Numbers of the newest lines, as far as the feed has heard.
    private var newest: [JournalKind: UInt64] = [:]
    private var state: [UInt8]?
    private var slot = StateSlot.told
    /// Of the shift, to be told once.
    private var statistics: [UInt8]?
    private var stateRefusal: (words: String, count: Int)?
    /// Links that broke, or never came, since the last good one.
    private var failures = 0
    /// Links that the receiver ended soon after they were there, one after the other.
    private var drops = 0
    private var hasDelivered = false
    private var kept: SinkCursor
    private var lastKept: ContinuousClock.Instant?
    private var sinceKept = 0
    /// Since the start.
    private var asideCount = 0

    package init(_ settings: SinkSettings, station: String, cursor: SinkCursor, at now: ContinuousClock.Instant) {
        self.settings = settings
        self.station = station
        kept = cursor
        link = .down(until: now)
        spools = [.verdicts: Spool(cursor.verdicts)]
        if settings.events { spools[.events] = Spool(cursor.events) }
    }

    package var kinds: [JournalKind] { JournalKind.allCases.filter { spools[$0] != nil } }

    private var cursor: SinkCursor {
        SinkCursor(
            verdicts: spools[.verdicts]?.delivered ?? kept.verdicts, events: spools[.events]?.delivered ?? kept.events)
    }

    // MARK: The journal

    package func hasRoom(_ kind: JournalKind) -> Bool { spools[kind]?.hasRoom == true }

    /// A look at the journal: which one it is, and its newest number.
    ///
    /// - Returns: the number to read from; nil while the journal is behind the cursor: after a power cut its numbers go on beyond.
    package mutating func begin(_ kind: JournalKind, journal: String, newest: UInt64) -> UInt64? {
        guard let spool = spools[kind] else { return nil }
        self.newest[kind] = newest
        switch spool.taken {
        case nil:
            let place = SinkPlace(journal: journal, seq: settings.from == .now ? newest : 0)
            spools[kind]?.begin(at: place, telling: nil)
            return place.seq + 1
        case let taken? where taken.journal != journal:
            // Whatever it still had is out of reach; of the new one nothing was delivered.
            let gap = SinkMessage.gap(of: kind, journal: taken.journal, station: station, from: taken.seq + 1, to: nil)
            spools[kind]?.begin(at: SinkPlace(journal: journal, seq: 0), telling: gap)
            return 1
        case let taken?: return taken.seq <= newest ? taken.seq + 1 : nil
        }
    }

    package mutating func take(_ kind: JournalKind, _ line: FeedLine) {
        // A line that was told already, as after a connection that broke, is none.
        guard let taken = spools[kind]?.taken, line.last > taken.seq else { return }
        newest[kind] = max(newest[kind] ?? 0, line.last)
        let message = message(kind, line, taken.journal)
        spools[kind]?.take(message, upTo: SinkPlace(journal: taken.journal, seq: line.last))
    }

    private func message(_ kind: JournalKind, _ line: FeedLine, _ journal: String) -> SinkMessage? {
        switch line {
        case .gap(let from, let to):
            .gap(of: kind, journal: journal, station: station, from: from, to: to)
        case .verdict(_, let verdict, _, _) where !settings.verdicts.contains(verdict): nil
        case .verdict, .event: SinkMessage(line, journal: journal, station: station)
        }
    }

    /// The state of the line is another one.
    package mutating func tell(_ state: [UInt8]) {
        guard state != self.state else { return }
        self.state = state
        // One that is refused is not tried more often for being new.
        switch slot {
        case .due: break
        case .sent, .told: slot = .due(until: nil)
        }
    }

    /// What was counted of the shift; in place of what was not told yet.
    package mutating func tell(statistics: [UInt8]) { self.statistics = statistics }

    // MARK: The receiver

    package mutating func opened(at now: ContinuousClock.Instant) {
        link = .open(since: now)
        hasDelivered = false
        // Again on each connection: meanwhile the broker may have told others that nobody is here.
        slot = .due(until: nil)
    }

    /// - Parameters:
    ///   - words: why, for people.
    ///   - chance: from 0 to 1, so that many sinks do not come back in the same moment.
    ///   - leastPause: what the receiver asked for.
    package mutating func closed(
        _ words: String, _ ending: Ending = .failed, at now: ContinuousClock.Instant, chance: Double,
        leastPause: Duration = .zero
    ) {
        var isSoon = false
        if case .open(let since) = link { isSoon = now - since < Self.goodLink }
        // Mosquitto 2.0 ends the connection of whom it has just refused a message: the refusal is the reason.
        let isOfRefusal = ending == .dropped && refusal != nil
        drops = ending == .dropped && isSoon && !isOfRefusal ? drops + 1 : 0
        // Brokers that do not say so throw one of two clients with the same name out, too: each in its turn, for ever.
        let isTaken = ending == .takenOver || drops >= Self.suspiciousDrops
        if case .open = link, !isTaken, hasDelivered || !isSoon && settings.hasConnection { failures = 0 }
        if isTaken { failures = max(failures, 4) }
        link = .down(until: now + max(leastPause, Self.pause(after: failures, chance)))
        failures += 1
        trouble = isOfRefusal ? nil : words
        if drops >= Self.suspiciousDrops {
            trouble =
                "\(words), \(drops) times soon after it began: is another client with the same station and sink name there?"
        }
        for kind in kinds { spools[kind]?.giveBack() }
    }

    package mutating func accepted(_ ticket: Ticket, at now: ContinuousClock.Instant) {
        switch ticket {
        case .state:
            if case .sent = slot { slot = .told }
            stateRefusal = nil
        case .statistics: return
        case .line(let kind, let number):
            sinceKept += spools[kind]?.acknowledge(number) ?? 0
            hasDelivered = true
        }
        trouble = nil
    }

    package mutating func refused(_ ticket: Ticket, _ words: String, at now: ContinuousClock.Instant, chance: Double) {
        switch ticket {
        case .state:
            let count = (stateRefusal?.count ?? 0) + 1
            stateRefusal = (words, count)
            slot = .due(until: now + Self.pause(after: count, chance))
        case .statistics: break
        case .line(let kind, let number):
            let count = spools[kind]?.refusal?.count ?? 0
            let later = now + Self.pause(after: count, chance)
            spools[kind]?.refuse(number, words, until: later)
        }
    }

    /// - Parameter failure: why the messages are not put aside; nil = they are.
    package mutating func putAside(_ kind: JournalKind, _ failure: String?, at now: ContinuousClock.Instant) {
        let count = spools[kind]?.refused.count ?? 0
        let later = now + Self.pause(after: 6, 0.5)
        spools[kind]?.putAside(failure.map { ($0, later) })
        if failure == nil {
            asideCount += count
            sinceKept += count
        }
    }

    /// From 1 to 60 s, twice as long each time.
    private static func pause(after failures: Int, _ chance: Double) -> Duration {
        let seconds = Double(min(60, 1 << min(failures, 6))) * (0.75 + 0.5 * chance)
        return .milliseconds(Int(1000 * min(60, max(1, seconds))))
    }

    package mutating func kept(_ cursor: SinkCursor, at now: ContinuousClock.Instant) {
        (kept, lastKept, sinceKept, keepTrouble) = (cursor, now, 0, nil)
    }

    /// The next try comes in its turn. What is delivered meanwhile comes twice after a restart.
    package mutating func notKept(_ words: String, at now: ContinuousClock.Instant) {
        (lastKept, sinceKept, keepTrouble) = (now, 0, words)
    }

    // MARK: Orders

    /// What is to be done now; nil = nothing, for ``rest(at:)``.
    package mutating func order(at now: ContinuousClock.Instant) -> Order? {
        if isKeepDue(at: now) { return .keep(cursor) }
        switch link {
        case .opening: return nil
        case .down(let until):
            guard now >= until else { return nil }
            link = .opening
            return .open
        case .open:
            if let oldest, now - oldest >= settings.patience {
                return .close("it acknowledged nothing for \(settings.patience.components.seconds) s")
            }
            if settings.onRefused == .skip {
                for kind in kinds {
                    let refused = spools[kind]?.refused ?? []
                    if !refused.isEmpty { return .putAside(kind, refused.map(\.message)) }
                }
            }
            return sending(at: now)
        }
    }

    /// At the end of the program: what there is to keep, due or not.
    package var lastKeep: SinkCursor? { cursor == kept ? nil : cursor }

    private func isKeepDue(at now: ContinuousClock.Instant) -> Bool {
        guard cursor != kept else { return false }
        guard let lastKept else { return true }
        return sinceKept >= Self.keepLines || now - lastKept >= Self.keepPeriod
    }

    private var oldest: ContinuousClock.Instant? {
        var sent = kinds.compactMap { spools[$0]?.oldestSent }
        if case .sent(let since) = slot { sent.append(since) }
        return sent.min()
    }

    private mutating func sending(at now: ContinuousClock.Instant) -> Order? {
        if case .due(let until) = slot, until.map({ now >= $0 }) ?? true, let state {
            slot = .sent(now)
            return .send([.state], [.state(state)])
        }
        if let counted = statistics {
            statistics = nil
            return .send([.statistics], [.statistics(counted)])
        }
        let underWay = kinds.reduce(0) { $0 + (spools[$1]?.unacknowledged ?? 0) }
        // One place is the state's. Others than brokers get one thing at a time.
        guard settings.hasConnection ? underWay < Self.mostUnacknowledged - 1 : underWay == 0 else { return nil }
        let together = settings.together
        for kind in kinds {
            let parcels = spools[kind]?.next(together, at: now) ?? []
            if !parcels.isEmpty {
                return .send(parcels.map { .line(kind, $0.number) }, parcels.map { .line($0.message) })
            }
        }
        return nil
    }
}

// MARK: What is told of it

/// How a sink does, for people and programs: a line of `fsac-gateway --status`.
package struct SinkReport: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        /// What comes is delivered.
        case delivering
        case connecting
        /// The receiver is not reached, or left.
        case unreachable
        /// The receiver is there and does not take what it is given.
        case refused
        /// fsacd does not say what is to be delivered.
        case waiting
        /// It does nothing before somebody has done something.
        case failed
    }

    package var name: String
    package var kind: String
    package var receiver: String
    package var state: State
    /// In words; absent while it delivers.
    package var reason: String?
    /// Up to where everything was delivered; absent before the first look at the journal.
    package var delivered: SinkPlace?
    /// Numbers of the journal that are not delivered yet, as far as is known.
    package var behind: UInt64
    /// Messages that were refused and put aside since the start; absent = none.
    package var putAside: Int?

    private enum CodingKeys: String, CodingKey {
        case name, kind, receiver, state, reason, delivered, behind
        case putAside = "put_aside"
    }

    package init(
        name: String, kind: String, receiver: String, state: State, reason: String?, delivered: SinkPlace?,
        behind: UInt64, putAside: Int? = nil
    ) {
        self.name = name
        self.kind = kind
        self.receiver = receiver
        self.state = state
        self.reason = reason
        self.delivered = delivered
        self.behind = behind
        self.putAside = putAside
    }
}

extension SinkCourse {
    package var report: SinkReport {
        let delivered = spools[.verdicts]?.delivered
        let (state, reason) = finding
        return SinkReport(
            name: settings.name, kind: settings.kind.rawValue, receiver: settings.address, state: state,
            reason: reason,
            delivered: delivered, behind: (newest[.verdicts] ?? 0) - min(newest[.verdicts] ?? 0, delivered?.seq ?? 0),
            putAside: asideCount > 0 ? asideCount : nil)
    }

    private var refusal: String? {
        kinds.compactMap { spools[$0]?.refusal?.words }.first ?? stateRefusal?.words
    }

    private var finding: (SinkReport.State, String?) {
        // Until something was delivered again: the next try is under way.
        if let trouble { return (.unreachable, trouble) }
        if let refusal { return (.refused, refusal) }
        guard case .open = link else { return (.connecting, nil) }
        if let feedTrouble { return (.waiting, feedTrouble) }
        return (.delivering, keepTrouble)
    }
}
