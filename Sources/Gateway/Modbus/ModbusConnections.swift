/// Which of the clients stay. Rules alone, no sockets.
///
/// A newcomer that finds all places taken gets that of a client that never asked anything, or else of the one that has been silent for
/// longest: a PLC that asks each second keeps its place against any number of silent ones.
package struct ModbusConnections {
    package static let limit = 8
    /// A client that asks nothing for so long is closed.
    package static let silence = Duration.seconds(60)
    /// A reply that is not taken for so long closes its client.
    package static let patience = Duration.seconds(1)

    private struct Entry {
        var id: CInt
        var heard: ContinuousClock.Instant
        var hasAsked = false
        /// Since when a reply waits for its reader.
        var blocked: ContinuousClock.Instant?
    }

    private var entries: [Entry] = []

    package init() {}

    package var ids: [CInt] { entries.map(\.id) }

    /// - Returns: the client that loses its place.
    package mutating func admit(_ id: CInt, at now: ContinuousClock.Instant) -> CInt? {
        var leaving: CInt?
        if entries.count >= Self.limit {
            let silent = entries.filter { !$0.hasAsked }
            leaving = (silent.isEmpty ? entries : silent).min { $0.heard < $1.heard }?.id
        }
        if let leaving { leave(leaving) }
        entries.append(Entry(id: id, heard: now))
        return leaving
    }

    package mutating func ask(_ id: CInt, at now: ContinuousClock.Instant) {
        change(id) { ($0.heard, $0.hasAsked) = (now, true) }
    }

    /// - Parameter isBlocked: whether something of a reply is left to be sent.
    package mutating func send(_ id: CInt, isBlocked: Bool, at now: ContinuousClock.Instant) {
        change(id) { $0.blocked = isBlocked ? $0.blocked ?? now : nil }
    }

    package mutating func leave(_ id: CInt) { entries.removeAll { $0.id == id } }

    /// Those whose time is over.
    package func overdue(at now: ContinuousClock.Instant) -> [CInt] {
        entries.filter { entry in
            now - entry.heard > Self.silence || entry.blocked.map { now - $0 > Self.patience } ?? false
        }.map(\.id)
    }

    private mutating func change(_ id: CInt, _ body: (inout Entry) -> Void) {
        if let index = entries.firstIndex(where: { $0.id == id }) { body(&entries[index]) }
    }
}
