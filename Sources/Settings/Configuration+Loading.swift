package import TOML

extension Configuration {
    /// Reads a configuration file. Waits for the disk: the daemon calls it before its services run, and on a lane's
    /// thread later.
    ///
    /// - Throws: ``ConfigurationError``: the first thing that is wrong, with its place.
    package static func load(path: String) throws(ConfigurationError) -> Configuration {
        try Configuration(ConfigurationTable(path: path))
    }

    /// - Parameter file: the name in messages.
    package init(toml text: String, file: String) throws(ConfigurationError) {
        try self.init(ConfigurationTable(toml: text, file: file))
    }

    private init(_ top: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        // Of several mistakes the one in the table that is read first is told.
        try top.readPath(.stateDirectory, into: &stateDirectory)
        try top.readPath(.modelsDirectory, into: &modelsDirectory)
        try top.read(.computeThreads, into: &computeThreads, in: 1...256)
        try top.read(.precision, into: &precision)
        try top.read(.fitMemoryBytes, into: &fitMemoryBytes, in: 0...(1 << 50))
        try Self.nested(.station, of: top) { table throws(ConfigurationError) in try station.read(table) }
        try Self.nested(.control, of: top) { table throws(ConfigurationError) in try control.read(table) }
        try Self.nested(.page, of: top) { table throws(ConfigurationError) in try page.read(table) }
        try Self.nested(.statistics, of: top) { table throws(ConfigurationError) in try statistics.read(table) }
        try Self.nested(.alarm, of: top) { table throws(ConfigurationError) in try alarm.read(table) }
        let cameraTables = try top.tables(.cameras, name: .name, into: &cameras)
        _ = try top.tables(.recipes, name: .name, into: &recipes)
        let lineTables = try top.tables(.lineIO, name: .camera, into: &lineIO)
        try Self.nested(.journal, of: top) { table throws(ConfigurationError) in try journal.read(table) }
        try Self.nested(.images, of: top) { table throws(ConfigurationError) in try images.read(table) }
        try Self.nested(.log, of: top) { table throws(ConfigurationError) in try log.read(table) }
        try checkReferences(cameraTables)
        try checkLineIO(lineTables, cameraTables)
    }

    private static func nested<Key>(
        _ key: CodingKeys, of top: ConfigurationTable<CodingKeys>,
        _ read: (ConfigurationTable<Key>) throws(ConfigurationError) -> Void
    ) throws(ConfigurationError) {
        if let table = try top.inner(key, Key.self) { try read(table) }
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
        try table.read(.onStorageFailure, into: &onStorageFailure)
        try table.read(.syncDeadlineMilliseconds, into: &syncDeadlineMilliseconds, in: 100...60_000)
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
        try table.read(.okDays, into: &okDays, in: 0...36_500)
        try table.read(.invalidDays, into: &invalidDays, in: 0...36_500)
        try table.read(.uncertainDays, into: &uncertainDays, in: 0...36_500)
        try table.read(.ngDays, into: &ngDays, in: 0...36_500)
        try table.read(.okMaxBytes, into: &okMaxBytes, in: 0...(1 << 50))
        try table.read(.invalidMaxBytes, into: &invalidMaxBytes, in: 0...(1 << 50))
        try table.read(.uncertainMaxBytes, into: &uncertainMaxBytes, in: 0...(1 << 50))
        try table.read(.ngMaxBytes, into: &ngMaxBytes, in: 0...(1 << 50))
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
