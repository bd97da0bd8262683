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

    /// Lines that are held at a time.
    private static let capacity = 256

    /// Everything up to here was acknowledged, or was not asked for; nil before the first look at a journal.
    package private(set) var delivered: SinkPlace?
    /// Everything up to here was taken of the journal.
    package private(set) var taken: SinkPlace?
    package private(set) var refusal: Refusal?
    private var entries: [Entry] = []
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

    /// The next messages to send, at most `count`, which count as sent from here on. After a refusal the refused ones alone, and not
    /// before its time.
    package mutating func next(_ count: Int, at now: ContinuousClock.Instant) -> [(
        number: UInt64, message: SinkMessage
    )] {
        var count = count
        if let refusal {
            guard now >= refusal.until, unacknowledged == 0 else { return [] }
            count = min(count, 1)
        }
        var parcels: [(number: UInt64, message: SinkMessage)] = []
        for index in entries.indices where parcels.count < count && entries[index].state == .waiting {
            entries[index].state = .sent(now)
            parcels.append((entries[index].number, entries[index].message))
        }
        return parcels
    }

    /// - Returns: how many messages are done with, now that all before them are.
    package mutating func acknowledge(_ number: UInt64) -> Int {
        guard let index = entries.firstIndex(where: { $0.number == number }), case .sent = entries[index].state
        else { return 0 }
        entries[index].state = .acknowledged
        refusal = nil
        let done = entries.prefix { $0.state == .acknowledged }
        if let last = done.last { delivered = last.place }
        entries.removeFirst(done.count)
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
