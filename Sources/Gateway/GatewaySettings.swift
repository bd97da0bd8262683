import Platform
package import TOML

/// What `/etc/fsac/gateway.toml` says. Every key has a default but those that say who may ask.
package struct GatewaySettings: Sendable, Equatable {
    package static let standardPath = "/etc/fsac/gateway.toml"

    package var controlSocket = "/run/fsac/control.sock"
    package var stateDirectory = "/var/lib/fsac-gateway"
    /// What the place is called in topics; by default the computer's name.
    package var station = HostName.text
    /// Nil = no PLC is told anything.
    package var modbus: ModbusSettings?
    /// Remote I/O modules that have lines of fsacd.
    package var modules: [ModuleSettings] = []
    package var sinks: [SinkSettings] = []

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case controlSocket = "control_socket"
        case stateDirectory = "state_directory"
        case station, modbus
        case modules = "module"
        case sinks = "sink"
    }

    /// Reads a file. Waits for the disk.
    ///
    /// - Throws: the first thing that is wrong, with its place.
    package static func load(path: String) throws(ConfigurationError) -> GatewaySettings {
        try GatewaySettings(ConfigurationTable(path: path))
    }

    /// - Parameter file: the name in messages.
    package init(toml text: String, file: String) throws(ConfigurationError) {
        try self.init(ConfigurationTable(toml: text, file: file))
    }

    private init(_ top: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        // The system's sockaddr_un holds 107 bytes and a zero.
        try top.readPath(.controlSocket, into: &controlSocket, limit: 107)
        try top.readPath(.stateDirectory, into: &stateDirectory)
        try top.readName(.station, into: &station)
        modbus = try top.inner(.modbus, ModbusSettings.CodingKeys.self).map { table throws(ConfigurationError) in
            try ModbusSettings(table)
        }
        _ = try top.tables(.modules, name: .name, into: &modules)
        _ = try top.tables(.sinks, name: .name, into: &sinks)
        guard modbus != nil || !modules.isEmpty || !sinks.isEmpty else {
            throw .contradiction(
                top.place(.modbus), remedy: "is missing, and [[module]] and [[sink]], too: there is nothing to do")
        }
        guard sinks.isEmpty || PlainName.isValid(station) else {
            throw .contradiction(
                top.place(.station),
                remedy: "is missing, and the computer's name is none for topics: expected \(PlainName.rule)")
        }
    }
}

/// The register map for PLCs: the Modbus TCP server, and PLCs that it is written into.
package struct ModbusSettings: Sendable, Equatable {
    /// What the result registers show.
    package enum Results: String, Sendable, CaseIterable {
        /// The newest verdict.
        case latest
        /// Each in its turn, until it is acknowledged.
        case queued
    }

    /// Of values of 32 bits. Bytes in a register are always high first.
    package enum WordOrder: String, Sendable, CaseIterable {
        case highFirst = "high_first"
        case lowFirst = "low_first"
    }

    /// Address and port; empty = the socket that systemd passes.
    package var listen = ""
    /// Unit 1, 2, ...: names of fsacd's cameras.
    package var cameras = ["camera1"]
    package var results = Results.latest
    package var wordOrder = WordOrder.highFirst
    /// Who may read.
    package var allow: [AddressRange] = []
    /// Who may also write. Part of `allow`.
    package var control: [AddressRange] = []
    /// Longest time without a change of the PLC's heartbeat; 0 = it sends none.
    package var plcTimeoutMilliseconds = 0
    /// Numbers of recipes, from 1, by their names.
    package var recipes: [String: UInt16] = [:]
    package var mirrors: [MirrorSettings] = []

    /// Whether somebody may ask.
    package var isServer: Bool { !allow.isEmpty }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case listen, cameras, results, allow, control, recipes
        case mirrors = "mirror"
        case wordOrder = "word_order"
        case plcTimeoutMilliseconds = "plc_timeout_ms"
    }

    package init() {}

    init(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.listen, into: &listen, expected: "an address and a port, as in \"127.0.0.1:502\", or \"\"") {
            $0.isEmpty || ListenAddress($0) != nil
        }
        try table.read(.cameras, into: &cameras, expected: "names of cameras, the first of them unit 1") {
            PlainName.isValid($0)
        }
        guard (1...247).contains(cameras.count), Set(cameras).count == cameras.count else {
            throw .contradiction(table.place(.cameras), remedy: "expected 1 to 247 different names of cameras")
        }
        try table.read(.results, into: &results)
        try table.read(.wordOrder, into: &wordOrder)
        try table.read(.plcTimeoutMilliseconds, into: &plcTimeoutMilliseconds, in: 0...60_000)
        allow = try Self.ranges(.allow, of: table)
        control = try Self.ranges(.control, of: table)
        for mirror in try table.tables(.mirrors, name: .name, into: &mirrors).enumerated() {
            let camera = mirrors[mirror.offset].camera
            guard !cameras.contains(camera) else { continue }
            throw .invalidValue(
                mirror.element.place(.camera), expected: "one of modbus.cameras", got: "\"\(camera)\"")
        }
        guard !allow.isEmpty || !mirrors.isEmpty else {
            throw .contradiction(
                table.place(.allow),
                remedy: "is missing or empty, so nobody may read: name the PLC, as in allow = [\"192.168.10.5/32\"]")
        }
        try readRecipes(table)
    }

    private static func ranges(
        _ key: CodingKeys, of table: ConfigurationTable<CodingKeys>
    ) throws(ConfigurationError) -> [AddressRange] {
        var texts: [String] = []
        try table.read(key, into: &texts, expected: "addresses and ranges, as in \"192.168.10.0/24\"") {
            AddressRange($0) != nil
        }
        return texts.compactMap { AddressRange($0) }
    }

    /// A table of names that only fsacd knows.
    private mutating func readRecipes(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        guard let found = table.table[CodingKeys.recipes.stringValue] else { return }
        guard let names = found.table else { throw table.notATable(.recipes, found) }
        for name in names.keys {
            let place = ConfigurationPlace(
                file: table.file, line: names.entry(name)?.line, table: "\(table.name).recipes", key: name)
            guard let number = names[name]?.integer, let number = UInt16(exactly: number), number > 0,
                PlainName.isValid(name)
            else {
                throw .invalidValue(
                    place, expected: "the name of a recipe and its number from 1 to 65535",
                    got: names[name]?.description ?? "nothing")
            }
            if let other = recipes.first(where: { $0.value == number })?.key {
                throw .invalidValue(place, expected: "a number of its own", got: "\(number), which is \(other)'s")
            }
            recipes[name] = number
        }
    }
}
