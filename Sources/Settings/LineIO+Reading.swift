package import TOML

extension OutputSignal {
    /// Signals that are there for a time of their own.
    fileprivate var isPulse: Bool { [.ok, .ng, .invalid, .reject, .resultValid].contains(self) }

    fileprivate var standardPulseMilliseconds: Int {
        switch self {
        case .reject: 80
        case .resultValid: 20
        default: 50
        }
    }

    fileprivate func takes(_ key: Configuration.LineIO.Output.CodingKeys) -> Bool {
        switch key {
        case .line, .active: true
        case .pulseMilliseconds: isPulse
        case .delayMilliseconds: self == .reject
        case .periodMilliseconds: self == .heartbeat
        }
    }
}

extension InputSignal {
    fileprivate func takes(_ key: Configuration.LineIO.Input.CodingKeys) -> Bool {
        switch key {
        case .line, .edge, .lockoutMilliseconds: true
        case .windowMilliseconds: self == .rejectConfirm
        }
    }
}

extension ConfigurationTable {
    /// Which line of the chip; has to be there.
    fileprivate func readLine(
        _ key: Key, of driver: Configuration.LineIO.Driver, into line: inout Configuration.LineIO.Line
    ) throws(ConfigurationError) {
        let most = driver == .gpio ? 4095 : 255
        let expected =
            driver == .gpio
            ? "a line of the chip: its number from 0 to 4095, or its name"
            : "a line of the module: its number from 0 to 255"
        switch table[key.stringValue] {
        case .integer(let offset)? where (0...most).contains(offset): line = .offset(offset)
        // The kernel's structure has 32 bytes, with the zero at the end.
        case .string(let name)? where driver == .gpio && (1...31).contains(name.utf8.count): line = .name(name)
        case let other?: throw .invalidValue(place(key), expected: expected, got: other.description)
        case nil: throw .invalidValue(place(key), expected: expected, got: "nothing")
        }
    }

    /// A key that this signal has no use for.
    fileprivate func refuse(_ takes: (Key) -> Bool) throws(ConfigurationError) {
        guard let key = Key.allCases.first(where: { table[$0.stringValue] != nil && !takes($0) }) else { return }
        throw .contradiction(place(key), remedy: "does nothing for this line: remove it")
    }
}

extension Configuration.LineIO: NamedTable {
    /// A camera has one.
    package var name: String { camera }

    package init(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        self.init()
        try table.readName(.camera, into: &camera)
        try table.read(.driver, into: &driver)
        try readChip(table)
        try table.read(.required, into: &required)
        try table.read(.mode, into: &mode)
        try table.read(.setupMilliseconds, into: &setupMilliseconds, in: 0...100)
        try table.read(.gapMilliseconds, into: &gapMilliseconds, in: 1...1000)
        var taken: [Line: String] = [:]
        try readOutputs(table, &taken)
        // A module counts its inputs by themselves.
        if driver == .modbus { taken = [:] }
        try readInputs(table, &taken)
        guard !outputs.isEmpty || !inputs.isEmpty else {
            throw .contradiction(table.place(.outputs), remedy: "no line is named: name one, or remove [[line_io]]")
        }
        try check(table)
    }

    private mutating func readChip(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        switch driver {
        case .gpio:
            try table.read(
                .chip, into: &chip,
                expected:
                    "the chip's label or a link to it (`fsacctl io list` shows labels): numbers such as gpiochip0 change"
            ) { Self.isName($0) }
        case .modbus: try table.readName(.chip, into: &chip)
        }
        guard chip.isEmpty else { return }
        throw .contradiction(
            table.place(.chip),
            remedy: driver == .gpio
                ? "is missing: `fsacctl io list` shows the labels of chips"
                : "is missing: it is the name of a [[module]] of /etc/fsac/gateway.toml")
    }

    private static func isName(_ chip: String) -> Bool {
        let last = chip.split(separator: "/").last ?? ""
        let isNumber = last.hasPrefix("gpiochip") && last.dropFirst(8).allSatisfy(\.isNumber)
        return !isNumber && (1...1024).contains(chip.utf8.count) && !chip.utf8.contains { $0 < 0x20 }
    }

    private mutating func readOutputs(
        _ table: ConfigurationTable<CodingKeys>, _ taken: inout [Line: String]
    ) throws(ConfigurationError) {
        guard let signals = try table.inner(.outputs, OutputSignal.self) else { return }
        for signal in OutputSignal.allCases {
            guard let found = try signals.inner(signal, Output.CodingKeys.self) else { continue }
            try found.refuse(signal.takes)
            var output = Output()
            output.pulseMilliseconds = signal.standardPulseMilliseconds
            try found.readLine(.line, of: driver, into: &output.line)
            try found.read(.active, into: &output.active)
            if driver == .modbus, output.active == .low {
                throw .contradiction(
                    found.place(.active),
                    remedy: "is not for a module, whose outputs go off when nobody drives it: off has to be inactive")
            }
            try found.read(.pulseMilliseconds, into: &output.pulseMilliseconds, in: 1...10_000)
            guard output.pulseMilliseconds >= 20 else {
                throw .invalidValue(
                    found.place(.pulseMilliseconds),
                    expected: "20 to 10000: a PLC misses a pulse shorter than its scan and its input filter together",
                    got: "\(output.pulseMilliseconds)")
            }
            try found.read(.delayMilliseconds, into: &output.delayMilliseconds, in: 0...60_000)
            try found.read(.periodMilliseconds, into: &output.periodMilliseconds, in: 100...10_000)
            try Self.take(output.line, for: signal.rawValue, found.place(.line), &taken)
            outputs[signal] = output
        }
    }

    private mutating func readInputs(
        _ table: ConfigurationTable<CodingKeys>, _ taken: inout [Line: String]
    ) throws(ConfigurationError) {
        guard let signals = try table.inner(.inputs, InputSignal.self) else { return }
        for signal in InputSignal.allCases {
            guard let found = try signals.inner(signal, Input.CodingKeys.self) else { continue }
            try found.refuse(signal.takes)
            var input = Input()
            try found.readLine(.line, of: driver, into: &input.line)
            try found.read(.edge, into: &input.edge)
            try found.read(.lockoutMilliseconds, into: &input.lockoutMilliseconds, in: 0...10_000)
            try found.read(.windowMilliseconds, into: &input.windowMilliseconds, in: 1...60_000)
            try Self.take(input.line, for: signal.rawValue, found.place(.line), &taken)
            inputs[signal] = input
        }
    }

    private static func take(
        _ line: Line, for signal: String, _ place: ConfigurationPlace, _ taken: inout [Line: String]
    ) throws(ConfigurationError) {
        if let other = taken.updateValue(signal, forKey: line) {
            throw .invalidValue(place, expected: "a line that no other signal has", got: "\(line), which is \(other)'s")
        }
    }

    private func check(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        if mode == .handshake, inputs[.acknowledge] == nil || outputs[.resultValid] == nil {
            throw .contradiction(
                table.place(.mode),
                remedy:
                    "\"handshake\" needs the output result_valid and the input acknowledge: name their lines, or set "
                    + "mode = \"pulse\"")
        }
        if inputs[.rejectConfirm] != nil, outputs[.reject] == nil {
            throw .contradiction(
                table.place(.inputs), remedy: "reject_confirm needs the output reject, which it is to confirm")
        }
        let read = setupMilliseconds + (outputs[.resultValid]?.pulseMilliseconds ?? 0)
        for signal in [OutputSignal.ok, .ng, .invalid, .reject] where mode == .pulse {
            guard let output = outputs[signal], signal != .reject || rejectDelay == nil,
                output.pulseMilliseconds < read
            else { continue }
            throw .contradiction(
                table.place(.outputs),
                remedy:
                    "\(signal.rawValue): pulse_ms \(output.pulseMilliseconds): a result has to stand for as long as it "
                    + "may be read: make it at least setup_ms + pulse_ms of result_valid, \(read)")
        }
    }
}

extension Configuration {
    /// What of the lines can only be told once the whole file has been read.
    func checkLineIO(
        _ tables: [ConfigurationTable<LineIO.CodingKeys>], _ cameraTables: [ConfigurationTable<Camera.CodingKeys>]
    ) throws(ConfigurationError) {
        var taken: [String: String] = [:]
        for (io, table) in zip(lineIO, tables) {
            guard let camera = cameras.first(where: { $0.name == io.camera }) else {
                throw .invalidValue(
                    table.place(.camera),
                    expected: "the name of a camera (\(cameras.map(\.name).joined(separator: ", ")))",
                    got: "\"\(io.camera)\"")
            }
            if io.inputs[.trigger] != nil, camera.trigger != .line {
                throw .contradiction(
                    table.place(.inputs),
                    remedy: "trigger is for a camera with trigger = \"line\", got \"\(camera.trigger.rawValue)\" for "
                        + "\(camera.name): remove it, or set trigger = \"line\"")
            }
            // All outputs of a module are written at once.
            let lines = io.outputs.values.map(\.line) + io.inputs.values.map(\.line)
            for line in io.driver == .gpio ? lines.map({ " line \($0)" }) : [""] {
                if let other = taken.updateValue(io.camera, forKey: "\(io.driver) \(io.chip)\(line)"),
                    other != io.camera
                {
                    throw .invalidValue(
                        table.place(.chip),
                        expected: io.driver == .gpio
                            ? "lines that no other [[line_io]] has" : "a module that no other [[line_io]] has",
                        got: "\(io.chip)\(line), which is also \(other)'s")
                }
            }
            try checkPace(io, camera, table)
        }
        for (camera, table) in zip(cameras, cameraTables) where camera.trigger == .line {
            guard lineIO.first(where: { $0.camera == camera.name })?.inputs[.trigger] == nil else { continue }
            throw .contradiction(
                table.place(.trigger),
                remedy: "\"line\" needs the input trigger in a [[line_io]] with camera = \"\(camera.name)\"")
        }
    }

    /// Pulses that would run into each other, where the pace is known.
    private func checkPace(
        _ io: LineIO, _ camera: Camera, _ table: ConfigurationTable<LineIO.CodingKeys>
    ) throws(ConfigurationError) {
        let period: Double? =
            switch camera.trigger {
            case .interval: Double(camera.intervalMilliseconds)
            case .continuous where camera.rateHertz > 0 && (camera.source == .v4l2 || camera.mode == .replay):
                1000 / camera.rateHertz
            default: nil
            }
        guard let period, io.mode == .pulse else { return }
        for signal in [OutputSignal.ok, .ng, .invalid, .reject, .resultValid] {
            guard let output = io.outputs[signal] else { continue }
            let needed = output.pulseMilliseconds + io.gapMilliseconds
            guard Double(needed) > period else { continue }
            throw .contradiction(
                table.place(.outputs),
                remedy:
                    "\(signal.rawValue): pulse_ms and gap_ms take \(needed) ms, and parts of \(camera.name) come every "
                    + "\(Int(period)) ms: make the pulse shorter or the parts slower")
        }
    }
}
