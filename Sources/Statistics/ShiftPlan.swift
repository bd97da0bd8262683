package import Foundation
import Platform

/// When shifts and hours begin, by the clock on the wall of a time zone. Times are microseconds since 1970, UTC: an hour that comes
/// twice is two hours, and a shift over a change of the clock lasts 7 or 9 hours.
package struct ShiftPlan: Sendable {
    package struct Shift: Sendable, Equatable {
        package let name: String
        /// After midnight, on the clock on the wall: 0 to 1439.
        package let minute: Int

        package init(name: String, minute: Int) {
            self.name = name
            self.minute = minute
        }
    }

    /// One shift of one day.
    package struct Stretch: Sendable, Equatable {
        package let name: String
        /// On which it began, `2026-11-27`: the night belongs to the day before midnight.
        package let day: String
        package let from: Int64
        /// The beginning of the next: no part of it.
        package let to: Int64

        package init(name: String, day: String, from: Int64, to: Int64) {
            self.name = name
            self.day = day
            self.from = from
            self.to = to
        }
    }

    private static let second: Int64 = 1_000_000
    private static let hour = 3600 * second
    private static let day = 24 * hour

    package let zone: TimeZone
    /// In the order of the day; never empty.
    package let shifts: [Shift]

    /// - Precondition: there is a shift, and no two begin at the same time.
    package init(zone: TimeZone, shifts: [Shift]) {
        precondition(!shifts.isEmpty, "a plan without a shift")
        self.zone = zone
        self.shifts = shifts.sorted { $0.minute < $1.minute }
    }

    /// The shift that a time belongs to.
    package func shift(at time: Int64) -> Stretch {
        let today = (time + offset(at: time)).flooredQuotient(by: Self.day)
        // Of those that have begun the last; of the day before there is always one.
        let begun = (today - 1...today + 2).flatMap { day in shifts.indices.map { (day, $0) } }
        let index = begun.lastIndex { beginning(of: $0.1, on: $0.0) <= time } ?? 0
        return stretch(begun[index].1, on: begun[index].0)
    }

    /// The newest shift of a name that has begun by a time.
    package func newest(_ name: String, by time: Int64) -> Stretch? {
        guard let index = shifts.firstIndex(where: { $0.name == name }) else { return nil }
        let today = (time + offset(at: time)).flooredQuotient(by: Self.day)
        return (today - 2...today).reversed().map { stretch(index, on: $0) }.first { $0.from <= time }
    }

    /// The shift of a name that began on a day, `2026-11-27`; `today` and `yesterday` are by the clock on the wall.
    package func shift(_ name: String, on day: String, now: Int64) -> Stretch? {
        let today = (now + offset(at: now)).flooredQuotient(by: Self.day)
        let number: Int64? =
            switch day {
            case "today": today
            case "yesterday": today - 1
            default: WallTime(rfc3339: "\(day)T00:00:00Z").map { $0.microsecondsSince1970 / Self.day }
            }
        guard let number, let index = shifts.firstIndex(where: { $0.name == name }) else { return nil }
        return stretch(index, on: number)
    }

    /// When the hour began, on the clock on the wall, that a time belongs to.
    package func hour(of time: Int64) -> Int64 {
        let offset = offset(at: time)
        return (time + offset).flooredQuotient(by: Self.hour) * Self.hour - offset
    }

    /// As the clock on the wall shows it, with how far that is ahead of UTC: `2026-10-25T02:00+02:00`.
    package func local(_ time: Int64) -> String {
        let offset = offset(at: time)
        let minutes = abs(offset / (60 * Self.second))
        let text = WallTime(microsecondsSince1970: time + offset).rfc3339.prefix(16)
        return "\(text)\(offset < 0 ? "-" : "+")\(Self.digits(minutes / 60)):\(Self.digits(minutes % 60))"
    }

    private static func digits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private func stretch(_ index: Int, on day: Int64) -> Stretch {
        let isLast = index == shifts.count - 1
        let name = WallTime(microsecondsSince1970: day * Self.day).rfc3339.prefix(10)
        return Stretch(
            name: shifts[index].name, day: String(name), from: beginning(of: index, on: day),
            to: beginning(of: isLast ? 0 : index + 1, on: isLast ? day + 1 : day))
    }

    private func beginning(of index: Int, on day: Int64) -> Int64 {
        first(showing: day * Self.day + Int64(shifts[index].minute) * 60 * Self.second)
    }

    /// The first moment at which the clock on the wall shows a time or a later one: of an hour that comes twice the first, of one
    /// that is left out the moment of the change.
    ///
    /// - Parameter local: as if the clock on the wall were UTC's.
    private func first(showing local: Int64) -> Int64 {
        // A zone changes its clock once in two days at most.
        let offsets = [offset(at: local - Self.day), offset(at: local + Self.day)]
        let (early, late) = (local - (offsets.max() ?? 0), local - (offsets.min() ?? 0))
        for time in [early, late] where time + offset(at: time) == local { return time }
        var (low, high) = (early, late)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if middle + offset(at: middle) >= local { high = middle } else { low = middle }
        }
        return high
    }

    private func offset(at time: Int64) -> Int64 {
        let seconds = time.flooredQuotient(by: Self.second)
        return Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))) * Self.second
    }
}

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
