import ControlProtocol
import Journal
import Platform
import Statistics
import Synchronization

/// Parts whose stored pictures stay while others can go: the newest of those that somebody judged.
package final class PinnedParts: Sendable {
    package static let most = 500

    private struct State {
        /// The one that was judged last at the end.
        var numbers: [UInt64] = []
        var isChanged = true
    }

    private let state = Mutex(State())

    package init() {}

    package func pin(_ number: UInt64) {
        state.withLock { state in
            state.numbers.removeAll { $0 == number }
            state.numbers = (state.numbers + [number]).suffix(Self.most)
            state.isChanged = true
        }
    }

    /// Those of before this run, in the order in which they were judged.
    func restore(_ numbers: [UInt64]) {
        state.withLock { state in
            let new = Set(state.numbers)
            state.numbers = (numbers.filter { !new.contains($0) } + state.numbers).suffix(Self.most)
            state.isChanged = true
        }
    }

    /// Nil when they are those that were taken last.
    package func takeChanged() -> Set<UInt64>? {
        state.withLock { state in
            guard state.isChanged else { return nil }
            state.isChanged = false
            return Set(state.numbers)
        }
    }
}

extension EventJournal {
    /// Parts that people judged and did not take their words back of, in the order in which they were judged last.
    ///
    /// Read from the newest event on, and no further than to ``PinnedParts/most`` of them. Beyond that nobody knows whether
    /// words that took others back had been the only ones on a part: it counts as judged.
    ///
    /// - Parameter batch: lines at a time: about a segment.
    package func judgedParts(batch: Int = 4000) throws -> [UInt64] {
        var (judgements, end, isWhole) = ([EventRecord](), UInt64.max, false)
        while !isWhole, Rejudgements(judgements).parts.count < PinnedParts.most {
            let lines = try stored(before: end, count: batch)
            isWhole = lines.count < batch
            end = lines.first?.sequence ?? 0
            judgements = lines.compactMap(Self.judgement) + judgements
        }
        let words = Rejudgements(judgements)
        var order: [UInt64: UInt64] = [:]
        for event in judgements {
            if case .count(let number) = event.after["seq"] { order[UInt64(clamping: number)] = event.seq }
        }
        let parts = isWhole ? words.parts.map(\.seq) : Array(order.keys)
        return parts.sorted { order[$0] ?? 0 < order[$1] ?? 0 }
    }

    /// Without a JSON parser for all others: there may be hundreds of thousands.
    private static func judgement(_ line: VerdictLine) -> EventRecord? {
        guard JournalLine.text(of: "event", in: line.bytes[...]) == EventRecord.Kind.judgement.rawValue else {
            return nil
        }
        // One of another version says nothing that this one knows.
        return try? ControlCoding.decode(EventRecord.self, from: line.bytes)
    }
}
