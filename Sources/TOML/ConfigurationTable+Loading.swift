import Platform

extension ConfigurationTable {
    /// A file of which this is the top. Waits for the disk.
    package init(path: String) throws(ConfigurationError) {
        try self.init(toml: Self.text(of: path), file: path)
    }

    /// - Parameter file: the name in messages.
    package init(toml text: String, file: String) throws(ConfigurationError) {
        try self.init(Self.parse(text, file: file), name: "", file: file)
    }

    /// The tables within this one, each with its place in messages.
    package func inner<Inner: CodingKey & CaseIterable>(
        _ key: Key, _ keys: Inner.Type
    ) throws(ConfigurationError) -> ConfigurationTable<Inner>? {
        guard let found = table[key.stringValue] else { return nil }
        guard let inner = found.table else { throw notATable(key, found) }
        return try ConfigurationTable<Inner>(
            inner, name: path(of: key), file: file)
    }

    private func path(of key: Key) -> String { name.isEmpty ? key.stringValue : "\(name).\(key.stringValue)" }

    /// One table, or an array of tables, each with a name of its own.
    ///
    /// - Returns: the tables of `values`, in their order; empty when the file has none.
    package func tables<Value: NamedTable>(
        _ key: Key, name: Value.Key, into values: inout [Value]
    ) throws(ConfigurationError) -> [ConfigurationTable<Value.Key>] {
        // A file without any keeps the default's single one.
        guard let found = table[key.stringValue] else { return [] }
        let path = path(of: key)
        var read: [Value] = []
        var readings: [ConfigurationTable<Value.Key>] = []
        for element in found.array ?? [found] {
            guard let inner = element.table else { throw notATable(key, element) }
            let reading = try ConfigurationTable<Value.Key>(
                inner, name: path, further: Value.furtherKeys, file: file)
            let value = try Value(reading)
            guard !read.contains(where: { $0.name == value.name }) else {
                throw .invalidValue(
                    reading.place(name), expected: "a name that no other [[\(path)]] has",
                    got: "\"\(value.name)\"")
            }
            read.append(value)
            readings.append(reading)
        }
        // `[[camera]]` cannot be empty, but `camera = []` can.
        guard !read.isEmpty else {
            throw .wrongType(place(key), expected: "at least one [[\(path)]]", got: "an empty list")
        }
        values = read
        return readings
    }

    private static func parse(_ text: String, file: String) throws(ConfigurationError) -> TOMLTable {
        do {
            return try TOMLReader.read(text)
        } catch {
            throw .syntax(file: file, line: error.line, column: error.column, reason: error.reason)
        }
    }

    private static func text(of path: String) throws(ConfigurationError) -> String {
        // The daemon's example has 14 kB.
        let mostBytes = 1 << 20
        let bytes: [UInt8]
        do {
            // One more than it may have: a file may grow while it is read.
            bytes = try Disk().openForReading(path).read(at: 0, count: mostBytes + 1)
        } catch {
            throw .unreadable(path: path, reason: ErrnoText.describe(error.errno))
        }
        guard bytes.count <= mostBytes else {
            throw .unreadable(path: path, reason: "expected a configuration of at most \(mostBytes) bytes, got more")
        }
        // Not repaired: names of recipes and cameras become names of files.
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, reason: "expected UTF-8 text, got other bytes")
        }
        return text
    }
}
