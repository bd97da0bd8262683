import Platform

/// One table of the file, read key by key into properties that hold the defaults.
///
/// Each `read` leaves the property as it is where the file does not have the key, and throws `wrongType` or
/// `invalidValue` with the place where it is not what `expected` says.
package struct ConfigurationTable<Key: CodingKey & CaseIterable> {
    package let table: TOMLTable
    /// Empty for the top of the file.
    package let name: String
    package let file: String

    /// - Parameter further: keys that it may have, too.
    /// - Throws: `unknownKey` for the first key that is none of `Key`, in the order of the file.
    package init(_ table: TOMLTable, name: String, further: [String] = [], file: String) throws(ConfigurationError) {
        self.table = table
        self.name = name
        self.file = file
        let known = Key.allCases.map(\.stringValue) + further
        guard let key = table.keys.first(where: { !known.contains($0) }) else { return }
        let suggestion = Suggestion.closest(to: key, among: known)
        // A misspelled `[recipe]` is a table that nobody asked for, not a key.
        guard table[key]?.table == nil else {
            let inner = name.isEmpty ? key : "\(name).\(key)"
            throw .unknownTable(
                ConfigurationPlace(file: file, line: table.entry(key)?.line, table: inner, key: nil),
                suggestion: suggestion, known: known)
        }
        throw .unknownKey(place(key), suggestion: suggestion, known: known)
    }

    package func place(_ key: Key) -> ConfigurationPlace { place(key.stringValue) }

    /// A key that is missing is missing in its table.
    ///
    /// - Parameter key: one of `Key`, or a further one.
    package func place(_ key: String) -> ConfigurationPlace {
        ConfigurationPlace(file: file, line: table.entry(key)?.line ?? table.line, table: name, key: key)
    }

    package func notATable(_ key: Key, _ found: TOMLValue) -> ConfigurationError {
        wrongType(key, found, expected: "the table [\(key.stringValue)]")
    }

    package func read(_ key: Key, into value: inout Bool) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        guard let flag = found.boolean else { throw wrongType(key, found, expected: "true or false") }
        value = flag
    }

    package func read(_ key: Key, into value: inout Int, in range: ClosedRange<Int>) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        // 1.0 is no whole number: whoever writes it means something else.
        guard let number = found.integer else { throw wrongType(key, found, expected: expected) }
        guard range.contains(number) else { throw invalid(key, "\(number)", expected: expected) }
        value = number
    }

    package func read(_ key: Key, into value: inout Double, in range: ClosedRange<Double>) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        let number =
            switch found {
            // 10 is written where 10.0 is meant.
            case .integer(let number): Double(number)
            case .float(let number): number
            default: Double?.none
            }
        guard let number else { throw wrongType(key, found, expected: expected) }
        // A NaN is in no range.
        guard range.contains(number) else { throw invalid(key, "\(number)", expected: expected) }
        value = number
    }

    package func read<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: Key, into value: inout Choice
    ) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
        guard let text = found.string else { throw wrongType(key, found, expected: expected) }
        guard let choice = Choice(rawValue: text) else { throw invalid(key, TOMLText.quoted(text), expected: expected) }
        value = choice
    }

    /// - Parameters:
    ///   - expected: what `isValid` accepts, in words.
    package func read(
        _ key: Key, into value: inout String, expected: String, where isValid: (String) -> Bool
    ) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        guard let text = found.string else { throw wrongType(key, found, expected: expected) }
        guard isValid(text) else { throw invalid(key, TOMLText.quoted(text), expected: expected) }
        value = text
    }

    /// - Parameter expected: what `isValid` accepts of each text, in words.
    package func read(
        _ key: Key, into value: inout [String], expected: String, where isValid: (String) -> Bool
    ) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        guard let array = found.array else { throw wrongType(key, found, expected: expected) }
        // Every state is put into every template, and each sentence is embedded.
        guard array.count <= 1000 else { throw invalid(key, "\(array.count) texts", expected: "at most 1000 texts") }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else { throw wrongType(key, element, expected: expected) }
            guard isValid(text) else { throw invalid(key, TOMLText.quoted(text), expected: expected) }
            texts.append(text)
        }
        value = texts
    }

    package func read(_ key: Key, into value: inout [Int], in range: ClosedRange<Int>) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = "a list of different whole numbers from \(range.lowerBound) to \(range.upperBound)"
        guard let array = found.array else { throw wrongType(key, found, expected: expected) }
        var numbers: [Int] = []
        for element in array {
            guard let number = element.integer else {
                throw wrongType(key, element, expected: expected)
            }
            guard range.contains(number), !numbers.contains(number) else {
                throw invalid(key, "\(number)", expected: expected)
            }
            numbers.append(number)
        }
        value = numbers
    }

    package func wrongType(_ key: Key, _ found: TOMLValue, expected: String) -> ConfigurationError {
        .wrongType(place(key), expected: expected, got: found.description)
    }

    package func invalid(_ key: Key, _ got: String, expected: String) -> ConfigurationError {
        .invalidValue(place(key), expected: expected, got: got)
    }
}

extension ConfigurationTable {
    /// An absolute path, at most `limit` bytes long.
    package func readPath(_ key: Key, into value: inout String, limit: Int = 1024) throws(ConfigurationError) {
        try read(key, into: &value, expected: "an absolute path of at most \(limit) bytes") {
            $0.hasPrefix("/") && $0.utf8.count <= limit && !$0.utf8.contains { $0 < 0x20 }
        }
    }

    /// A name that file names can be made of.
    package func readName(_ key: Key, into value: inout String) throws(ConfigurationError) {
        try read(key, into: &value, expected: PlainName.rule, where: PlainName.isValid)
    }
}
