/// The stretch of one journal that is on its way to a receiver, in order: what was taken of the journal, what was sent, and up to
/// where everything was acknowledged. A value without a clock and a network; the journal itself is the store.
package struct Spool: Sendable {
    /// A moment in which a refused line is tried again.
    package struct Refusal: Sendable, Equatable {
        package var words: String
        /// One after the other, of the same line.
        package var count: Int
        package var until: ContinuousClock.Instant
    }

    private enum State: Sendable, Equatable {
        case waiting
        case sent(ContinuousClock.Instant)
        case acknowledged
    }

    private struct Entry: Sendable {
        let number: UInt64
        let message: SinkMessage
        /// Where one is when it and all before it are acknowledged: also behind lines that nobody asked for.
        var place: SinkPlace
        var state = State.waiting
    }

    /// After so many refusals one after the other no other answer is waited for.
    private static let patience = 3
    /// Lines that are held at a time.
    private static let capacity = 256

    /// Everything up to here was acknowledged, or was not asked for; nil before the first look at a journal.
    package private(set) var delivered: SinkPlace?
    /// Everything up to here was taken of the journal.
    package private(set) var taken: SinkPlace?
    package private(set) var refusal: Refusal?
    private var entries: [Entry] = []
    /// How many of the first entries were sent together.
    private var group: Int?
    private var nextNumber: UInt64 = 1

    package init(_ place: SinkPlace?) {
        (delivered, taken) = (place, place)
    }

    package var hasRoom: Bool { entries.count < Self.capacity }
    package var unacknowledged: Int { entries.count { if case .sent = $0.state { true } else { false } } }
    package var oldestSent: ContinuousClock.Instant? {
        entries.lazy.compactMap { if case .sent(let since) = $0.state { since } else { nil } }.min()
    }

    // MARK: From the journal

    /// A journal is looked at for the first time, or another one than before.
    package mutating func begin(at place: SinkPlace, telling gap: SinkMessage?) {
        taken = place
        if let gap { add(gap) } else if entries.isEmpty { delivered = place }
    }

    /// - Parameter message: nil = nobody asked for it.
    package mutating func take(_ message: SinkMessage?, upTo place: SinkPlace) {
        taken = place
        if let message {
            add(message)
        } else if entries.isEmpty {
            delivered = place
        } else {
            entries[entries.count - 1].place = place
        }
    }

    private mutating func add(_ message: SinkMessage) {
        entries.append(Entry(number: nextNumber, message: message, place: taken ?? message.place))
        nextNumber += 1
    }

    // MARK: To the receiver

    /// The next messages to send, at most `count` and of one journal, which count as sent from here on. What was sent together and
    /// not done with comes together again, with the same bytes; after a refusal the refused ones alone, and not before their time.
    package mutating func next(
        _ count: Int, at now: ContinuousClock.Instant
    ) -> [(number: UInt64, message: SinkMessage)] {
        var count = group ?? count
        if let refusal {
            guard now >= refusal.until, unacknowledged == 0 else { return [] }
            if group == nil { count = 1 }
        }
        var parcels: [(number: UInt64, message: SinkMessage)] = []
        for index in entries.indices where parcels.count < count && entries[index].state == .waiting {
            let message = entries[index].message
            guard message.place.journal == parcels.first?.message.place.journal ?? message.place.journal else { break }
            entries[index].state = .sent(now)
            parcels.append((entries[index].number, message))
        }
        if parcels.count > 1 { group = parcels.count }
        return parcels
    }

    /// What was refused so often that it is to be put aside.
    package var refused: [(number: UInt64, message: SinkMessage)] {
        guard let refusal, refusal.count >= Self.patience else { return [] }
        return entries.prefix(group ?? 1).map { ($0.number, $0.message) }
    }

    /// The refused ones are put aside, or could not be.
    ///
    /// - Parameter words: why not, and when to try again; nil = they are.
    package mutating func putAside(_ failure: (words: String, until: ContinuousClock.Instant)?) {
        guard let refusal else { return }
        if let failure {
            self.refusal = Refusal(words: failure.words, count: refusal.count - 1, until: failure.until)
            return
        }
        for index in entries.indices.prefix(group ?? 1) { entries[index].state = .acknowledged }
        _ = removeDone()
    }

    /// - Returns: how many messages are done with, now that all before them are.
    package mutating func acknowledge(_ number: UInt64) -> Int {
        guard let index = entries.firstIndex(where: { $0.number == number }), case .sent = entries[index].state
        else { return 0 }
        entries[index].state = .acknowledged
        return removeDone()
    }

    private mutating func removeDone() -> Int {
        refusal = nil
        let done = entries.prefix { $0.state == .acknowledged }
        if let last = done.last { delivered = last.place }
        entries.removeFirst(done.count)
        group = group.flatMap { $0 > done.count ? $0 - done.count : nil }
        return done.count
    }

    /// The receiver does not take it. All that is not done with is sent again then, so that the order holds.
    package mutating func refuse(_ number: UInt64, _ words: String, until: ContinuousClock.Instant) {
        guard let index = entries.firstIndex(where: { $0.number == number }), case .sent = entries[index].state
        else { return }
        giveBack()
        refusal = Refusal(words: words, count: (refusal?.count ?? 0) + 1, until: until)
    }

    /// Nobody knows what arrived: all that is not done with is sent again.
    package mutating func giveBack() {
        for index in entries.indices { entries[index].state = .waiting }
    }
}
