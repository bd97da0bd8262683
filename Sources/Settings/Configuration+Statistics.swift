package import Foundation
import Platform
import TOML

extension Configuration {
    /// By which clock hours and shifts are counted. Read at the start only.
    package struct Statistics: Codable, Sendable, Equatable {
        /// One shift, from its beginning to the next one's.
        package struct Shift: Codable, Sendable, Equatable {
            package var name = "day"
            /// On the clock on the wall: `06:00`.
            package var from = "00:00"

            package enum CodingKeys: String, CodingKey, CaseIterable { case name, from }

            /// Minutes after midnight.
            package var minute: Int { Self.minute(from) ?? 0 }

            fileprivate static func minute(_ text: String) -> Int? {
                guard let match = text.wholeMatch(of: /([01][0-9]|2[0-3]):([0-5][0-9])/), let hour = Int(match.1),
                    let minute = Int(match.2)
                else { return nil }
                return 60 * hour + minute
            }
        }

        /// As in `Europe/Berlin`; empty = the computer's.
        package var timeZone = ""
        /// Never empty; names and beginnings differ.
        package var shifts = [Shift()]

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case timeZone = "time_zone"
            case shifts
        }

        package var zone: TimeZone { TimeZone(identifier: timeZone) ?? .current }
    }
}

extension Configuration.Statistics {
    /// More than a plant has in a day.
    private static let mostShifts = 24

    mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(
            .timeZone, into: &timeZone, expected: "the name of a time zone, as in \"Europe/Berlin\", or \"\""
        ) { $0.isEmpty || TimeZone(identifier: $0) != nil }
        guard let found = table.table[CodingKeys.shifts.stringValue] else { return }
        let expected = "1 to \(Self.mostShifts) shifts, as in [{ name = \"early\", from = \"06:00\" }]"
        guard let list = found.array, (1...Self.mostShifts).contains(list.count) else {
            throw .wrongType(table.place(.shifts), expected: expected, got: found.description)
        }
        shifts = []
        for element in list {
            guard let inner = element.table else {
                throw .wrongType(table.place(.shifts), expected: expected, got: element.description)
            }
            let reading = try ConfigurationTable<Shift.CodingKeys>(inner, name: "statistics.shifts", file: table.file)
            var shift = Shift()
            for key in Shift.CodingKeys.allCases where inner[key.stringValue] == nil {
                throw .invalidValue(reading.place(key), expected: expected, got: "nothing")
            }
            try reading.readName(.name, into: &shift.name)
            try reading.read(.from, into: &shift.from, expected: "a time from \"00:00\" to \"23:59\"") {
                Shift.minute($0) != nil
            }
            guard !shifts.contains(where: { $0.name == shift.name || $0.from == shift.from }) else {
                throw .invalidValue(
                    reading.place(.name), expected: "a name and a beginning that no other shift has",
                    got: "\"\(shift.name)\" from \"\(shift.from)\"")
            }
            shifts.append(shift)
        }
    }
}
