import Platform
import TOMLKit

extension Configuration {
    /// Reads a configuration file. Waits for the disk: the daemon calls it before its services run, and on a lane's
    /// thread later.
    ///
    /// - Throws: ``ConfigurationError``: the first thing that is wrong, with its place.
    package static func load(path: String) throws(ConfigurationError) -> Configuration {
        try Configuration(toml: text(of: path), file: path)
    }

    /// - Parameter file: the name in messages.
    package init(toml text: String, file: String) throws(ConfigurationError) {
        // Of several mistakes the one in the table that is read first is told.
        let source = ConfigurationSource(file: file, text: text)
        let top = try ConfigurationTable<CodingKeys>(Self.parse(text, file: file), name: "", source: source)
        try top.readPath(.stateDirectory, into: &stateDirectory)
        try top.readPath(.modelsDirectory, into: &modelsDirectory)
        try top.read(.computeThreads, into: &computeThreads, in: 1...256)
        try Self.nested(.control, of: top) { table throws(ConfigurationError) in try control.read(table) }
        try Self.tables(.cameras, of: top, name: .name, into: &cameras)
        try Self.tables(.recipes, of: top, name: .name, into: &recipes)
        try Self.nested(.journal, of: top) { table throws(ConfigurationError) in try journal.read(table) }
        try Self.nested(.images, of: top) { table throws(ConfigurationError) in try images.read(table) }
        try Self.nested(.log, of: top) { table throws(ConfigurationError) in try log.read(table) }
        try checkReferences(source)
    }

    private static func nested<Key>(
        _ key: CodingKeys, of top: ConfigurationTable<CodingKeys>,
        _ read: (ConfigurationTable<Key>) throws(ConfigurationError) -> Void
    ) throws(ConfigurationError) {
        guard let found = top.table[key.stringValue] else { return }
        guard let table = found.table else { throw top.notATable(key, found) }
        try read(ConfigurationTable(table, name: key.stringValue, source: top.source))
    }

    /// One table, or an array of tables, each with a name of its own.
    private static func tables<Value: NamedTable>(
        _ key: CodingKeys, of top: ConfigurationTable<CodingKeys>, name: Value.Key, into values: inout [Value]
    ) throws(ConfigurationError) {
        // A file without any keeps the default's single one.
        guard let found = top.table[key.stringValue] else { return }
        var read: [Value] = []
        let elements: [any TOMLValueConvertible] = found.array.map { Array($0) } ?? [found]
        for (index, element) in elements.enumerated() {
            guard let table = element.table else { throw top.notATable(key, element) }
            let reading = try ConfigurationTable<Value.Key>(
                table, name: key.stringValue, index: found.array == nil ? nil : index, further: Value.furtherKeys,
                source: top.source)
            let value = try Value(reading)
            guard !read.contains(where: { $0.name == value.name }) else {
                throw .invalidValue(
                    reading.place(name), expected: "a name that no other [[\(key.stringValue)]] has",
                    got: "\"\(value.name)\"")
            }
            read.append(value)
        }
        // `[[camera]]` cannot be empty, but `camera = []` can.
        guard !read.isEmpty else {
            throw .wrongType(top.place(key), expected: "at least one [[\(key.stringValue)]]", got: "an empty list")
        }
        values = read
    }

    private static func parse(_ text: String, file: String) throws(ConfigurationError) -> TOMLTable {
        // The parser takes a C string and would stop there without a word.
        if let zero = text.utf8.firstIndex(of: 0) {
            let before = text[..<zero].split(separator: "\n", omittingEmptySubsequences: false)
            throw .syntax(
                file: file, line: before.count, column: (before.last?.count ?? 0) + 1, reason: "a zero byte")
        }
        do {
            return try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw .syntax(
                file: file, line: error.source.begin.line, column: error.source.begin.column,
                reason: error.description)
        } catch {
            throw .syntax(file: file, line: 1, column: 1, reason: "\(error)")
        }
    }

    private static func text(of path: String) throws(ConfigurationError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try Disk().read(path)
        } catch {
            throw .unreadable(path: path, reason: ErrnoText.describe(error.errno))
        }
        // Not repaired: names of recipes and cameras become names of files.
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, reason: "expected UTF-8 text, got other bytes")
        }
        return text
    }
}

extension Configuration.Control {
    fileprivate mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        // The system's sockaddr_un holds 107 bytes and a zero.
        try table.readPath(.socket, into: &socket, limit: 107)
        try table.read(.socketGroup, into: &socketGroup, expected: "a group's name, or \"\"") { $0.utf8.count <= 32 }
        try table.read(.maxConnections, into: &maxConnections, in: 1...1000)
        try table.read(.headerTimeoutSeconds, into: &headerTimeoutSeconds, in: 1...60)
        try table.read(.requestTimeoutSeconds, into: &requestTimeoutSeconds, in: 1...600)
        try table.read(.idleTimeoutSeconds, into: &idleTimeoutSeconds, in: 1...3600)
    }
}

extension Configuration.Journal {
    fileprivate mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.durability, into: &durability)
        try table.read(.segmentBytes, into: &segmentBytes, in: 65_536...(1 << 30))
        try table.read(.maxBytes, into: &maxBytes, in: 131_072...(1 << 50))
        guard maxBytes >= 2 * segmentBytes else {
            throw .contradiction(
                table.place(.maxBytes),
                remedy: "got max_bytes \(maxBytes) and segment_bytes \(segmentBytes): "
                    + "retention works in whole segments: make max_bytes at least twice segment_bytes")
        }
    }
}

extension Configuration.Images {
    fileprivate mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.saveImages, into: &saveImages)
        try table.read(.saveHeatmaps, into: &saveHeatmaps)
        try table.read(.maxBytes, into: &maxBytes, in: (1 << 20)...(1 << 50))
        try table.read(.minFreeBytes, into: &minFreeBytes, in: 0...(1 << 50))
        try table.read(.jpegQualityPercent, into: &jpegQualityPercent, in: 1...100)
        try table.read(.queueLength, into: &queueLength, in: 1...256)
    }
}

extension Configuration.Log {
    fileprivate mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.level, into: &level)
    }
}
