import ControlProtocol
import Platform

/// Pictures that lines of the journal name and that were not stored, until the event journal has been told of them: that is how
/// `fsacctl verify` knows them from pictures that got lost.
struct DroppedPictures: Sendable, Equatable {
    /// Of verdicts.
    private(set) var numbers: ClosedRange<UInt64>
    private(set) var count: UInt64
    /// Of the last of them.
    private(set) var reason: String

    /// - Parameter count: pictures of one verdict.
    init(seq: UInt64, count: UInt64, reason: String) {
        (numbers, self.count, self.reason) = (seq...seq, count, reason)
    }

    /// - Returns: both.
    func joined(with other: DroppedPictures) -> DroppedPictures {
        var all = other
        let (one, two) = (numbers, other.numbers)
        all.numbers = min(one.lowerBound, two.lowerBound)...max(one.upperBound, two.upperBound)
        all.count += count
        return all
    }
}

extension DroppedPictures? {
    mutating func add(_ more: DroppedPictures) { self = self?.joined(with: more) ?? more }
}

extension Change {
    init(_ dropped: DroppedPictures) {
        self.init(
            .picturesDropped,
            after: [
                "first": .count(Int(clamping: dropped.numbers.lowerBound)),
                "last": .count(Int(clamping: dropped.numbers.upperBound)),
                "pictures": .count(Int(clamping: dropped.count)),
                "reason": .text(PrintableText.line(dropped.reason, atMost: 200)),
            ])
    }
}
