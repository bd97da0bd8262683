package import Platform
package import TOML

/// A device that is asked by Modbus TCP.
package struct DeviceSettings: Sendable, Equatable {
    /// No name: who drives a line waits for no name server.
    package var address: ListenAddress
    /// The unit that it is on its side.
    package var unit = 1
    /// For the connection, and for each answer.
    package var timeout = Duration.milliseconds(100)

    package init(address: ListenAddress) { self.address = address }

    init<Key>(
        _ table: ConfigurationTable<Key>, address: Key, unit: Key, timeout: Key
    ) throws(ConfigurationError) {
        var text = ""
        try table.read(address, into: &text, expected: "an address and a port, as in \"192.168.10.30:502\"") {
            ListenAddress($0) != nil
        }
        guard let found = ListenAddress(text) else {
            throw .contradiction(
                table.place(address), remedy: "is missing: name the device, as in address = \"192.168.10.30:502\"")
        }
        self.init(address: found)
        try table.read(unit, into: &self.unit, in: 0...255)
        var milliseconds = 100
        try table.read(timeout, into: &milliseconds, in: 20...150)
        self.timeout = .milliseconds(milliseconds)
    }
}

/// A `[[module]]`: a remote I/O module that has the lines of a camera.
package struct ModuleSettings: Sendable, Equatable {
    /// As the `chip` of fsacd's [[line_io]].
    package var name: String
    package var device: DeviceSettings
    /// Coil that is output 0, and discrete input that is input 0.
    package var (outputsAt, inputsAt) = (0, 0)
    /// Where the module says what its outputs are, if not there.
    package var outputsReadAt = 0
    /// Between two looks at the inputs.
    package var poll = Duration.milliseconds(5)

    package init(name: String, device: DeviceSettings) { (self.name, self.device) = (name, device) }
}

extension ModuleSettings: NamedTable {
    package enum Key: String, CodingKey, CaseIterable {
        case name, address, unit
        case timeout = "timeout_ms"
        case outputsAt = "outputs_at"
        case outputsReadAt = "outputs_read_at"
        case inputsAt = "inputs_at"
        case poll = "poll_ms"
    }

    package init(_ table: ConfigurationTable<Key>) throws(ConfigurationError) {
        var name = ""
        try table.readName(.name, into: &name)
        guard !name.isEmpty else {
            throw .contradiction(table.place(.name), remedy: "is missing: it is the chip of fsacd's [[line_io]]")
        }
        self.init(
            name: name, device: try DeviceSettings(table, address: .address, unit: .unit, timeout: .timeout))
        // 256 lines behind the first.
        try table.read(.outputsAt, into: &outputsAt, in: 0...65_280)
        outputsReadAt = outputsAt
        try table.read(.outputsReadAt, into: &outputsReadAt, in: 0...65_280)
        try table.read(.inputsAt, into: &inputsAt, in: 0...65_280)
        var milliseconds = 5
        try table.read(.poll, into: &milliseconds, in: 2...1000)
        poll = .milliseconds(milliseconds)
    }
}

/// A `[[modbus.mirror]]`: a PLC that cannot ask, into whose registers the map is written.
package struct MirrorSettings: Sendable, Equatable {
    package var name: String
    package var device: DeviceSettings
    /// One of `modbus.cameras`.
    package var camera: String
    /// Its register that is register 0 of the map.
    package var registersAt = 0
    /// Between two writes.
    package var period = Duration.milliseconds(50)
    /// Whether its registers 200 to 235 are read, and what they ask for is carried out.
    package var takesCommands = false

    package init(name: String, device: DeviceSettings, camera: String) {
        (self.name, self.device, self.camera) = (name, device, camera)
    }
}

extension MirrorSettings: NamedTable {
    package enum Key: String, CodingKey, CaseIterable {
        case name, address, unit, camera, commands
        case timeout = "timeout_ms"
        case registersAt = "registers_at"
        case period = "period_ms"
    }

    package init(_ table: ConfigurationTable<Key>) throws(ConfigurationError) {
        var (name, camera) = ("", "camera1")
        try table.readName(.name, into: &name)
        guard !name.isEmpty else {
            throw .contradiction(table.place(.name), remedy: "is missing: the log calls the PLC by it")
        }
        try table.readName(.camera, into: &camera)
        self.init(
            name: name, device: try DeviceSettings(table, address: .address, unit: .unit, timeout: .timeout),
            camera: camera)
        try table.read(.registersAt, into: &registersAt, in: 0...65_292)
        var milliseconds = 50
        try table.read(.period, into: &milliseconds, in: 10...1000)
        period = .milliseconds(milliseconds)
        try table.read(.commands, into: &takesCommands)
    }
}
