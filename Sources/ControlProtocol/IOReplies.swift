/// Answer of `GET /v1/io`: the lines of each camera that has some.
package struct IOListReply: Codable, Sendable, Equatable {
    package var io: [IOReply]

    package init(io: [IOReply]) { self.io = io }
}

/// The lines of one camera. Counts are since the daemon's start.
package struct IOReply: Codable, Sendable, Equatable {
    package struct Line: Codable, Sendable, Equatable {
        /// `ok`, `reject`, ...
        package var signal: String
        /// The line's number or name on the chip.
        package var line: String
        package var isOutput: Bool
        /// Of an output, as the daemon set it last; absent for inputs.
        package var isActive: Bool?

        package init(signal: String, line: String, isOutput: Bool, isActive: Bool?) {
            self.signal = signal
            self.line = line
            self.isOutput = isOutput
            self.isActive = isActive
        }

        private enum CodingKeys: String, CodingKey {
            case signal, line
            case isOutput = "output"
            case isActive = "active"
        }
    }

    package var camera: String
    /// As the configuration has it.
    package var chip: String
    /// The device that is held; absent while none is.
    package var path: String?
    /// Why no lines are held, in words; absent while they are.
    package var outage: String?
    package var lines: [Line]
    /// `overrun`, `trigger_lost`, `reject_not_confirmed`; until they are acknowledged.
    package var alarms: [String]
    /// By what happened: `parts`, `ok`, `ng`, `invalid`, `late`, `overlapped`, `overrun`, `triggers`, `bounces`,
    /// `triggers_lost`, `outages`.
    package var counts: [String: UInt64]
    /// From the journal's line to the lines set, of the newest 1000 results.
    package var latency: LatencyReply?

    package init(
        camera: String, chip: String, path: String? = nil, outage: String? = nil, lines: [Line] = [],
        alarms: [String] = [], counts: [String: UInt64] = [:], latency: LatencyReply? = nil
    ) {
        self.camera = camera
        self.chip = chip
        self.path = path
        self.outage = outage
        self.lines = lines
        self.alarms = alarms
        self.counts = counts
        self.latency = latency
    }

    private enum CodingKeys: String, CodingKey {
        case camera, chip, path, outage, lines, alarms, counts
        case latency = "latency_ms"
    }
}

/// Body of `POST /v1/io/test`: one pulse of half a second on an output.
package struct IOTestRequest: RequestFields, Equatable {
    /// Absent = the only one with lines.
    package var camera: String?
    package var output: String
    /// Also while the line would take a part. Never for `ok` and `result_valid`.
    package var force: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case camera, output, force
    }

    package init(camera: String?, output: String, force: Bool) {
        self.camera = camera
        self.output = output
        self.force = force
    }
}

/// Body of `POST /v1/io/acknowledge`, which does what the input does: alarms were seen.
package struct IOAcknowledgeRequest: RequestFields, Equatable {
    package var camera: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case camera
    }

    package init(camera: String?) { self.camera = camera }
}
