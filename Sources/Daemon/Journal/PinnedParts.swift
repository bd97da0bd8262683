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
    private static let batch = 1000

    /// Parts that people judged and did not take their words back of, in the order in which they were judged last. Reads all of
    /// the journal.
    package func judgedParts() throws -> [UInt64] {
        var (judgements, order, next) = ([EventRecord](), [UInt64: UInt64](), UInt64(1))
        while case let lines = try lines(from: next, count: Self.batch), let last = lines.last {
            next = last.sequence + 1
            for line in lines {
                // An event of another version says nothing that this one knows.
                guard let event = try? ControlCoding.decode(EventRecord.self, from: line.bytes),
                    event.event == .judgement
                else { continue }
                judgements.append(event)
                if case .count(let number) = event.after["seq"] { order[UInt64(clamping: number)] = event.seq }
            }
        }
        return Rejudgements(judgements).parts.map(\.seq).sorted { order[$0] ?? 0 < order[$1] ?? 0 }
    }
}
