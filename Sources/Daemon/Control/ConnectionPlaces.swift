/// Who may stay connected when many are. Rules alone, no connections.
///
/// A newcomer that finds all places taken gets that of the connection that has been idle for longest: one without a request, or
/// with a part of a request's head. Where all are at work, a few places are left for root, and a few for questions about the
/// line's health: nobody who is let in can shut those two out.
package struct ConnectionPlaces<ID: Hashable> {
    package enum Place: Equatable, Sendable {
        case ordinary
        /// Only root's.
        case root
        /// Only for questions that are answered at once (``ControlRoute/Kind/vital``).
        case vital
    }

    private struct Entry {
        let place: Place
        /// When it became so, counted; nil = at work.
        var idleSince: UInt64?
    }

    private let limits: [Place: Int]
    private var entries: [ID: Entry] = [:]
    private var moments: UInt64 = 0

    package init(ordinary: Int, root: Int, vital: Int) {
        limits = [.ordinary: ordinary, .root: root, .vital: vital]
    }

    package var count: Int { entries.count }

    /// A new connection, idle as yet.
    ///
    /// - Returns: its place, nil when there is none; and the connection that loses its own for it.
    package mutating func admit(_ id: ID, isRoot: Bool) -> (place: Place?, leaving: ID?) {
        for place in [Place.ordinary, .root, .vital] where place != .root || isRoot {
            let leaving = isFull(place) ? idle(place) : nil
            if isFull(place), leaving == nil { continue }
            if let leaving { entries[leaving] = nil }
            entries[id] = Entry(place: place, idleSince: nextMoment())
            return (place, leaving)
        }
        return (nil, nil)
    }

    /// A request has begun.
    ///
    /// - Returns: false = the connection has lost its place meanwhile.
    package mutating func begin(_ id: ID) -> Bool {
        guard entries[id] != nil else { return false }
        entries[id]?.idleSince = nil
        return true
    }

    /// The request has been answered.
    package mutating func end(_ id: ID) {
        guard let place = entries[id]?.place else { return }
        entries[id] = Entry(place: place, idleSince: nextMoment())
    }

    package mutating func leave(_ id: ID) { entries[id] = nil }

    private func isFull(_ place: Place) -> Bool {
        entries.values.count { $0.place == place } >= limits[place, default: 0]
    }

    private func idle(_ place: Place) -> ID? {
        entries.filter { $1.place == place && $1.idleSince != nil }
            .min { $0.value.idleSince ?? 0 < $1.value.idleSince ?? 0 }?.key
    }

    private mutating func nextMoment() -> UInt64 {
        moments += 1
        return moments
    }
}
