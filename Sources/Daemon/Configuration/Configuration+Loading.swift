import TOMLKit

extension Configuration {
    /// Reads a configuration file.
    ///
    /// - Throws: ``ConfigurationError``: the first thing that is wrong, with its place.
    public static func load(path: String) throws(ConfigurationError) -> Configuration {
        try Configuration(toml: text(of: path), file: path)
    }

    /// - Parameter file: the name in messages.
    public init(toml text: String, file: String) throws(ConfigurationError) {
        let source = ConfigurationSource(file: file, text: text)
        let top = try ConfigurationTable<CodingKeys>(Self.parse(text, file: file), name: "", source: source)
        try top.readPath(.stateDirectory, into: &stateDirectory)
        try top.readPath(.modelsDirectory, into: &modelsDirectory)
        try top.read(.computeThreads, into: &computeThreads, in: 1...256)
        try Self.nested(.control, of: top) { table throws(ConfigurationError) in try control.read(table) }
        try Self.nested(.camera, of: top) { table throws(ConfigurationError) in try camera.read(table) }
        try Self.nested(.recipe, of: top) { table throws(ConfigurationError) in try recipe.read(table) }
        try Self.nested(.journal, of: top) { table throws(ConfigurationError) in try journal.read(table) }
        try Self.nested(.images, of: top) { table throws(ConfigurationError) in try images.read(table) }
        try Self.nested(.log, of: top) { table throws(ConfigurationError) in try log.read(table) }
    }

    private static func nested<Key>(
        _ key: CodingKeys, of top: ConfigurationTable<CodingKeys>,
        _ read: (ConfigurationTable<Key>) throws(ConfigurationError) -> Void
    ) throws(ConfigurationError) {
        guard let found = top.table[key.stringValue] else { return }
        guard let table = found.table else {
            throw .wrongType(
                top.place(key), expected: "the table [\(key.stringValue)]",
                got: "the \(found.type) \(found.debugDescription)")
        }
        try read(ConfigurationTable(table, name: key.stringValue, source: top.source))
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

extension Configuration.Camera {
    fileprivate mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.readName(.name, into: &name)
        try table.read(.source, into: &source)
        try table.readPath(.path, into: &path)
        try table.read(.mode, into: &mode)
        try table.read(.settleMilliseconds, into: &settleMilliseconds, in: 10...60_000)
        try table.read(.queueLength, into: &queueLength, in: 1...256)
        try table.read(.rateHertz, into: &rateHertz, in: 0.01...1000)
        try table.read(.repeat, into: &self.repeat)
        try table.read(.height, into: &height, in: 0...65_535)
        try table.read(.width, into: &width, in: 0...65_535)
        if (height == 0) != (width == 0) {
            throw .contradiction(
                table.place(height == 0 ? .width : .height),
                remedy: "got height \(height) and width \(width): set both, or none to accept any size")
        }
    }
}

extension Configuration.Recipe {
    fileprivate mutating func read(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.readName(.name, into: &name)
        try table.read(.backbone, into: &backbone, expected: "a model's name, or the path of its weights") {
            !$0.isEmpty && $0.utf8.count <= 1024
        }
        try table.read(.inputSize, into: &inputSize, in: 32...2048)
        try table.read(.method, into: &method)
        try table.read(.layers, into: &layers, in: 1...64)
        try table.read(.localAveraging, into: &localAveraging)
        try table.read(.rotations, into: &rotations, in: 1...8)
        if ![1, 2, 4, 8].contains(rotations) {
            throw .invalidValue(table.place(.rotations), expected: "1, 2, 4 or 8", got: "\(rotations)")
        }
        try table.read(.coresetBudget, into: &coresetBudget, in: 0...1_000_000)
        try table.read(.aggregation, into: &aggregation)
        try table.read(.smoothing, into: &smoothing, in: 0...10)
        try table.read(.targetFalseRejectRate, into: &targetFalseRejectRate, in: 0.000001...0.5)
        try table.read(.minBrightness, into: &minBrightness, in: 0...255)
        try table.read(.maxBrightness, into: &maxBrightness, in: 0...255)
        try table.read(.frozenFrames, into: &frozenFrames, in: 0...1000)
        guard minBrightness < maxBrightness else {
            throw .contradiction(
                table.place(.minBrightness),
                remedy: "got min_brightness \(minBrightness) and max_brightness \(maxBrightness): "
                    + "no picture lies between: lower the first or raise the second")
        }
        guard frozenFrames != 1 else {
            throw .invalidValue(table.place(.frozenFrames), expected: "0 (off) or 2 to 1000", got: "1")
        }
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
