import TOML

extension Configuration {
    /// When somebody has to look. Each camera counts for itself. Read at the start only.
    package struct Alarm: Codable, Sendable, Equatable {
        /// NG in a row; 0 = off.
        package var consecutiveNG = 0
        /// `[n, m]`: n NG among the newest m OK and NG parts; empty = off.
        package var ngOfLast: [Int] = []
        /// INVALID parts in a row; 0 = off.
        package var consecutiveInvalid = 0
        /// Seconds without a part; 0 = off.
        package var noPartSeconds = 0
        /// Whether the output `ready` is inactive until the alarm is acknowledged.
        package var stop = false

        package init() {}

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case consecutiveNG = "consecutive_ng"
            case ngOfLast = "ng_of_last"
            case consecutiveInvalid = "consecutive_invalid"
            case noPartSeconds = "no_part_for_s"
            case stop
        }
    }
}

extension Configuration.Alarm {
    mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.consecutiveNG, into: &consecutiveNG, in: 0...1000)
        try table.read(.consecutiveInvalid, into: &consecutiveInvalid, in: 0...1000)
        try table.read(.noPartSeconds, into: &noPartSeconds, in: 0...86_400)
        try table.read(.stop, into: &stop)
        guard let found = table.table[CodingKeys.ngOfLast.stringValue] else { return }
        let expected = "[n, m], n NG of the newest m parts, with 1 <= n <= m <= 1000, or []"
        guard let numbers = found.array else {
            throw .wrongType(table.place(.ngOfLast), expected: expected, got: found.description)
        }
        ngOfLast = numbers.compactMap(\.integer)
        let isValid = ngOfLast.isEmpty || ngOfLast.count == 2 && 1 <= ngOfLast[0] && ngOfLast[0] <= ngOfLast[1]
        guard ngOfLast.count == numbers.count, isValid, ngOfLast.allSatisfy({ $0 <= 1000 }) else {
            throw .invalidValue(table.place(.ngOfLast), expected: expected, got: found.description)
        }
    }
}
