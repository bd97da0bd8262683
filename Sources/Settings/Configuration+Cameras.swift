package import TOML

extension Configuration.Camera: NamedTable {
    package init(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        self.init()
        try table.readName(.name, into: &name)
        try table.readOptionalName(.recipe, into: &recipe)
        try table.read(.source, into: &source)
        try table.read(.rateHertz, into: &rateHertz, in: 0...1000)
        try table.read(.height, into: &height, in: 0...65_535)
        try table.read(.width, into: &width, in: 0...65_535)
        // What a key may be by itself comes first, then what keys may be together.
        try readFolder(table)
        try readDevice(table)
        try readTrigger(table)
        try check(table)
    }

    private mutating func readFolder(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.readPath(.path, into: &path)
        try table.read(.mode, into: &mode)
        try table.read(.recursive, into: &recursive)
        try table.read(.completeWhen, into: &completeWhen)
        try table.read(.acceptTrailer, into: &acceptTrailer)
        try table.read(.judgedFiles, into: &judgedFiles)
        try table.read(.settleMilliseconds, into: &settleMilliseconds, in: 10...60_000)
        try table.read(.queueLength, into: &queueLength, in: 1...256)
        try table.read(.repeat, into: &self.repeat)
    }

    private mutating func readDevice(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.device, into: &device, expected: "an absolute path below /dev, or \"\"") {
            // Paths stand in log lines and messages: no line ends in them.
            $0.isEmpty || ($0.hasPrefix("/") && $0.utf8.count <= 1024 && !$0.utf8.contains { $0 < 0x20 })
        }
        // Longer ones match nothing: the kernel's structure has 32 bytes for each.
        try table.read(.card, into: &card, expected: "the card's name, or \"\" for any") { $0.utf8.count <= 32 }
        try table.read(.bus, into: &bus, expected: "the bus, or \"\" for any") { $0.utf8.count <= 32 }
        try table.read(.format, into: &format, expected: "a four-character code such as \"MJPG\", or \"\"") {
            $0.isEmpty || ($0.utf8.count == 4 && $0.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        }
        try table.read(.warmupFrames, into: &warmupFrames, in: 0...1000)
        try table.readControls(.controls, into: &controls)
    }

    private mutating func readTrigger(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.trigger, into: &trigger)
        try table.read(.intervalMilliseconds, into: &intervalMilliseconds, in: 10...3_600_000)
        try table.read(.triggerDeadlineMilliseconds, into: &triggerDeadlineMilliseconds, in: 10...600_000)
        try table.read(.motionStartLevel, into: &motionStartLevel, in: 0...255)
        try table.read(.motionStopLevel, into: &motionStopLevel, in: 0...255)
        try table.read(.stillFrames, into: &stillFrames, in: 1...1000)
    }

    private func check(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        if (height == 0) != (width == 0) {
            throw .contradiction(
                table.place(height == 0 ? .width : .height),
                remedy: "got height \(height) and width \(width): set both, or none to accept any size")
        }
        if let key = keyOfTheOtherSource {
            let other = source == .folder ? Source.v4l2 : .folder
            throw .contradiction(
                table.place(key),
                remedy: "is for source = \"\(other.rawValue)\", got source = \"\(source.rawValue)\": "
                    + "remove it or change source")
        }
        if source == .v4l2, device.isEmpty {
            throw .contradiction(
                table.place(.device),
                remedy: "source = \"v4l2\" needs the device: "
                    + "name a link below /dev/v4l/by-path or /dev/v4l/by-id (`fsacctl camera list` shows them)")
        }
        if source == .v4l2, height == 0 {
            throw .contradiction(
                table.place(.height),
                remedy:
                    "source = \"v4l2\" needs height and width, for a camera remembers the size that another program "
                    + "chose: `fsacctl camera formats` lists them")
        }
        if rateHertz < 0.01, source == .folder || rateHertz > 0 {
            throw .invalidValue(
                table.place(.rateHertz),
                expected: source == .folder
                    ? "a number from 0.01 to 1000.0 for a folder"
                    : "a number from 0.01 to 1000.0, or 0.0 for the camera's own choice",
                got: "\(rateHertz)")
        }
        if source == .folder, mode == .watch, trigger != .continuous {
            throw .contradiction(
                table.place(.trigger),
                remedy: "got \"\(trigger.rawValue)\" and mode = \"watch\", where every file is a part: "
                    + "set trigger = \"continuous\", or mode = \"replay\"")
        }
        guard motionStopLevel < motionStartLevel else {
            throw .contradiction(
                table.place(.motionStopLevel),
                remedy: "got motion_stop_level \(motionStopLevel) and motion_start_level \(motionStartLevel): "
                    + "make the first smaller")
        }
    }

    /// A key that was set and does nothing for this source.
    private var keyOfTheOtherSource: CodingKeys? {
        let defaults = Self()
        // One that is written as its default goes unnoticed; it would change nothing either.
        let keys: [(CodingKeys, Source, Bool)] = [
            (.path, .folder, path != defaults.path), (.mode, .folder, mode != defaults.mode),
            (.settleMilliseconds, .folder, settleMilliseconds != defaults.settleMilliseconds),
            (.recursive, .folder, recursive != defaults.recursive),
            (.completeWhen, .folder, completeWhen != defaults.completeWhen),
            (.acceptTrailer, .folder, acceptTrailer != defaults.acceptTrailer),
            (.judgedFiles, .folder, judgedFiles != defaults.judgedFiles),
            (.queueLength, .folder, queueLength != defaults.queueLength),
            (.repeat, .folder, self.repeat != defaults.repeat),
            (.device, .v4l2, device != defaults.device), (.card, .v4l2, card != defaults.card),
            (.bus, .v4l2, bus != defaults.bus), (.format, .v4l2, format != defaults.format),
            (.warmupFrames, .v4l2, warmupFrames != defaults.warmupFrames),
            (.controls, .v4l2, controls != defaults.controls),
        ]
        return keys.first { _, kind, isSet in isSet && kind != source }?.0
    }
}

extension Configuration {
    /// What can only be told once the whole file has been read.
    ///
    /// - Parameter tables: those of the cameras; empty when there is only the default one, which refers to nothing.
    func checkReferences(_ tables: [ConfigurationTable<Camera.CodingKeys>]) throws(ConfigurationError) {
        for (index, (camera, table)) in zip(cameras, tables).enumerated() {
            // Copies that operators made are no tables: a camera gets one by `fsacctl recipe use`.
            if !camera.recipe.isEmpty, !recipes.contains(where: { $0.name == camera.recipe }) {
                throw .invalidValue(
                    table.place(.recipe),
                    expected: "the name of a recipe (\(recipes.map(\.name).joined(separator: ", ")))",
                    got: "\"\(camera.recipe)\"")
            }
            // The second would only ever be told that the device is busy.
            if !camera.device.isEmpty, let twin = cameras[..<index].first(where: { $0.device == camera.device }) {
                throw .invalidValue(
                    table.place(.device), expected: "a device that no other camera has",
                    got: "\"\(camera.device)\", which is \(twin.name)'s")
            }
        }
    }
}
