import Platform
import TOMLKit

/// One table of the file, read key by key into properties that hold the defaults.
///
/// Each `read` leaves the property as it is where the file does not have the key, and throws `wrongType` or
/// `invalidValue` with the place where it is not what `expected` says.
struct ConfigurationTable<Key: CodingKey & CaseIterable> {
    let table: TOMLTable
    /// Empty for the top of the file.
    let name: String
    /// From 0 in an array of tables; nil for a table of its own.
    let index: Int?
    let source: ConfigurationSource

    /// - Parameter further: keys that it may have, too.
    /// - Throws: `unknownKey` for the first key that is none of `Key`, in the order of the file.
    init(
        _ table: TOMLTable, name: String, index: Int? = nil, further: [String] = [], source: ConfigurationSource
    ) throws(ConfigurationError) {
        self.table = table
        self.name = name
        self.index = index
        self.source = source
        let known = Key.allCases.map(\.stringValue) + further
        let unknown = table.keys.filter { !known.contains($0) }.map {
            source.place(table: name, index: index, key: $0)
        }
        // TOML's tables have no order: the line tells which is first, and keys without one come last.
        guard let place = unknown.min(by: { ($0.line ?? .max) < ($1.line ?? .max) }), let key = place.key else {
            return
        }
        let suggestion = Suggestion.closest(to: key, among: known)
        // A misspelled `[recipe]` is a table that nobody asked for, not a key.
        if table[key]?.table != nil {
            let table = ConfigurationPlace(
                file: place.file, line: place.line, table: name.isEmpty ? key : "\(name).\(key)", key: nil)
            throw .unknownTable(table, suggestion: suggestion, known: known)
        }
        throw .unknownKey(place, suggestion: suggestion, known: known)
    }

    func place(_ key: Key) -> ConfigurationPlace { place(key.stringValue) }

    /// - Parameter key: one of `Key`, or a further one.
    func place(_ key: String) -> ConfigurationPlace { source.place(table: name, index: index, key: key) }

    func notATable(_ key: Key, _ found: any TOMLValueConvertible) -> ConfigurationError {
        wrongType(key, found, expected: "the table [\(key.stringValue)]")
    }

    func read(_ key: Key, into value: inout Bool) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        guard let flag = found.bool else { throw wrongType(key, found, expected: "true or false") }
        value = flag
    }

    func read(_ key: Key, into value: inout Int, in range: ClosedRange<Int>) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        // 1.0 is no whole number: whoever writes it means something else.
        guard found.type == .int, let number = found.int else { throw wrongType(key, found, expected: expected) }
        guard range.contains(number) else { throw invalid(key, "\(number)", expected: expected) }
        value = number
    }

    func read(_ key: Key, into value: inout Double, in range: ClosedRange<Double>) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        let number =
            switch found.type {
            // 10 is written where 10.0 is meant.
            case .int: found.int.map(Double.init)
            case .double: found.double
            default: Double?.none
            }
        guard let number else { throw wrongType(key, found, expected: expected) }
        // A NaN is in no range.
        guard range.contains(number) else { throw invalid(key, "\(number)", expected: expected) }
        value = number
    }

    func read<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: Key, into value: inout Choice
    ) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
        guard let text = found.string else { throw wrongType(key, found, expected: expected) }
        guard let choice = Choice(rawValue: text) else { throw invalid(key, "\"\(text)\"", expected: expected) }
        value = choice
    }

    /// - Parameters:
    ///   - expected: what `isValid` accepts, in words.
    func read(
        _ key: Key, into value: inout String, expected: String, where isValid: (String) -> Bool
    ) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        guard let text = found.string else { throw wrongType(key, found, expected: expected) }
        guard isValid(text) else { throw invalid(key, "\"\(text)\"", expected: expected) }
        value = text
    }

    /// - Parameter expected: what `isValid` accepts of each text, in words.
    func read(
        _ key: Key, into value: inout [String], expected: String, where isValid: (String) -> Bool
    ) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        guard let array = found.array else { throw wrongType(key, found, expected: expected) }
        // Every state is put into every template, and each sentence is embedded.
        guard array.count <= 1000 else { throw invalid(key, "\(array.count) texts", expected: "at most 1000 texts") }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else { throw wrongType(key, element, expected: expected) }
            guard isValid(text) else { throw invalid(key, "\"\(text)\"", expected: expected) }
            texts.append(text)
        }
        value = texts
    }

    func read(_ key: Key, into value: inout [Int], in range: ClosedRange<Int>) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = "a list of different whole numbers from \(range.lowerBound) to \(range.upperBound)"
        guard let array = found.array else { throw wrongType(key, found, expected: expected) }
        var numbers: [Int] = []
        for element in array {
            guard element.type == .int, let number = element.int else {
                throw wrongType(key, element, expected: expected)
            }
            guard range.contains(number), !numbers.contains(number) else {
                throw invalid(key, "\(number)", expected: expected)
            }
            numbers.append(number)
        }
        value = numbers
    }

    fileprivate func wrongType(_ key: Key, _ found: any TOMLValueConvertible, expected: String) -> ConfigurationError {
        .wrongType(place(key), expected: expected, got: "the \(found.type) \(found.debugDescription)")
    }

    fileprivate func invalid(_ key: Key, _ got: String, expected: String) -> ConfigurationError {
        .invalidValue(place(key), expected: expected, got: got)
    }
}

extension ConfigurationTable {
    /// An absolute path, at most `limit` bytes long.
    func readPath(_ key: Key, into value: inout String, limit: Int = 1024) throws(ConfigurationError) {
        try read(key, into: &value, expected: "an absolute path of at most \(limit) bytes") {
            $0.hasPrefix("/") && $0.utf8.count <= limit && !$0.utf8.contains { $0 < 0x20 }
        }
    }

    /// A name that file names can be made of.
    func readName(_ key: Key, into value: inout String) throws(ConfigurationError) {
        try read(key, into: &value, expected: PlainName.rule, where: PlainName.isValid)
    }

    /// As ``readName(_:into:)``, or empty.
    func readOptionalName(_ key: Key, into value: inout String) throws(ConfigurationError) {
        try read(key, into: &value, expected: "a recipe's name, or \"\"") {
            $0.isEmpty || PlainName.isValid($0)
        }
    }

    /// Neither the names nor the values can be checked before the camera is there.
    ///
    /// A table of names that only the camera knows.
    func readControls(
        _ key: Key, into values: inout [String: Configuration.ControlValue]
    ) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        guard let controls = found.table else { throw notATable(key, found) }
        for name in controls.keys {
            guard let value = controls[name] else { continue }
            // The type decides: `1` stays a number also where a control is a switch, see CameraControl.number(for:).
            if value.type == .int, let number = value.int {
                values[name] = .number(number)
            } else if let flag = value.bool {
                values[name] = .flag(flag)
            } else if let choice = value.string {
                values[name] = .choice(choice)
            } else {
                throw .wrongType(
                    source.place(table: self.name, index: index, subtable: key.stringValue, key: name),
                    expected: "a whole number, true or false, or the name of a menu's entry",
                    got: "the \(value.type) \(value.debugDescription)")
            }
        }
    }

    /// Whole numbers from 0 to 65535; nil = the key is not there.
    func pixels(_ key: Key, expected: String) throws(ConfigurationError) -> [Int]? {
        try table[key.stringValue].map { found throws(ConfigurationError) in
            try pixels(in: found, key, expected: expected)
        }
    }

    /// Nil = the key is not there.
    func polygons(_ key: Key, expected: String) throws(ConfigurationError) -> [[[Int]]]? {
        guard let found = table[key.stringValue] else { return nil }
        guard let polygons = found.array else { throw wrongType(key, found, expected: expected) }
        var read: [[[Int]]] = []
        for polygon in polygons {
            guard let points = polygon.array else { throw wrongType(key, polygon, expected: expected) }
            var corners: [[Int]] = []
            for point in points {
                let corner = try pixels(in: point, key, expected: expected)
                guard corner.count == 2 else { throw invalid(key, "the point \(corner)", expected: expected) }
                corners.append(corner)
            }
            read.append(corners)
        }
        return read
    }

    private func pixels(
        in found: any TOMLValueConvertible, _ key: Key, expected: String
    ) throws(ConfigurationError) -> [Int] {
        guard let array = found.array else { throw wrongType(key, found, expected: expected) }
        var numbers: [Int] = []
        for element in array {
            guard element.type == .int, let number = element.int else {
                throw wrongType(key, element, expected: expected)
            }
            guard (0...65_535).contains(number) else { throw invalid(key, "\(number)", expected: expected) }
            numbers.append(number)
        }
        return numbers
    }
}
