import TOMLKit

/// One table of the file, read key by key into properties that hold the defaults.
struct ConfigurationTable<Key: CodingKey & CaseIterable> {
    let table: TOMLTable
    /// Empty for the top of the file.
    let name: String
    let source: ConfigurationSource

    /// - Throws: `unknownKey` for the first key that is none of `Key`, in the order of the file.
    init(_ table: TOMLTable, name: String, source: ConfigurationSource) throws(ConfigurationError) {
        self.table = table
        self.name = name
        self.source = source
        let known = Key.allCases.map(\.stringValue)
        let unknown = table.keys.filter { !known.contains($0) }.map { source.place(table: name, key: $0) }
        guard let place = unknown.min(by: { ($0.line ?? .max) < ($1.line ?? .max) }), let key = place.key else {
            return
        }
        let suggestion = Suggestion.closest(to: key, among: known)
        if table[key]?.table != nil {
            let table = ConfigurationPlace(
                file: place.file, line: place.line, table: name.isEmpty ? key : "\(name).\(key)", key: nil)
            throw .unknownTable(table, suggestion: suggestion, known: known)
        }
        throw .unknownKey(place, suggestion: suggestion, known: known)
    }

    func place(_ key: Key) -> ConfigurationPlace { source.place(table: name, key: key.stringValue) }

    func read(_ key: Key, into value: inout Bool) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        guard let flag = found.bool else { throw wrongType(key, found, expected: "true or false") }
        value = flag
    }

    func read(_ key: Key, into value: inout Int, in range: ClosedRange<Int>) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard found.type == .int, let number = found.int else { throw wrongType(key, found, expected: expected) }
        guard range.contains(number) else { throw invalid(key, "\(number)", expected: expected) }
        value = number
    }

    func read(_ key: Key, into value: inout Double, in range: ClosedRange<Double>) throws(ConfigurationError) {
        guard let found = table[key.stringValue] else { return }
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        let number =
            switch found.type {
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

    private func wrongType(_ key: Key, _ found: any TOMLValueConvertible, expected: String) -> ConfigurationError {
        .wrongType(place(key), expected: expected, got: "the \(found.type) \(found.debugDescription)")
    }

    private func invalid(_ key: Key, _ got: String, expected: String) -> ConfigurationError {
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

    /// A name that can be part of a file name.
    func readName(_ key: Key, into value: inout String) throws(ConfigurationError) {
        let expected = "1 to 64 letters, digits, '-', '_' or '.', starting with a letter or digit"
        try read(key, into: &value, expected: expected) { name in
            (1...64).contains(name.utf8.count) && name.first?.isASCIILetterOrDigit == true
                && name.allSatisfy { $0.isASCIILetterOrDigit || "-_.".contains($0) }
        }
    }
}

extension Character {
    fileprivate var isASCIILetterOrDigit: Bool { isASCII && (isLetter || isNumber) }
}
