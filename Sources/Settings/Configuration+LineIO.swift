/// What an output of the line says. The words are the configuration's and a contract.
package enum OutputSignal: String, Codable, CodingKey, CodingKeyRepresentable, Sendable, CaseIterable {
    /// This part is OK, and the line says so in the journal: the only signal that releases a part.
    case ok
    case ng
    case invalid
    /// NG, INVALID, or, with a delay, nothing in time.
    case reject
    /// The result lines stand and may be read.
    case resultValid = "result_valid"
    /// From an accepted trigger to the rise of `result_valid`.
    case busy
    /// A trigger now would be taken and judged.
    case ready
    /// A square wave while every loop moves.
    case heartbeat
    /// Nothing keeps parts from their verdicts.
    case healthy
    /// Until it is acknowledged.
    case alarm
}

/// What an input of the line says.
package enum InputSignal: String, Codable, CodingKey, CodingKeyRepresentable, Sendable, CaseIterable {
    case trigger
    /// The result was read; alarms were seen.
    case acknowledge
    /// Something went past the sensor behind the ejector.
    case rejectConfirm = "reject_confirm"
}

extension Configuration {
    /// The lines of a GPIO chip or of a remote I/O module that belong to a camera. Read at the start only.
    package struct LineIO: Codable, Sendable, Equatable {
        package enum Driver: String, Codable, Sendable, CaseIterable {
            /// The kernel's character device.
            case gpio
            /// A remote I/O module, which fsac-gateway drives.
            case modbus
        }

        /// How long a result stands.
        package enum Mode: String, Codable, Sendable, CaseIterable {
            /// For `pulse_ms`.
            case pulse
            /// Until the next accepted trigger.
            case latch
            /// Until `acknowledge`.
            case handshake
        }

        package var camera = "camera1"
        package var driver = Driver.gpio
        /// The chip's label or a link to it, never its number, which changes; of a module its name in the gateway's
        /// configuration.
        package var chip = ""
        /// Without the chip parts are INVALID.
        package var required = true
        package var mode = Mode.pulse
        /// The result lines stand so long before `result_valid` rises.
        package var setupMilliseconds = 1
        /// Least pause between two pulses of a line.
        package var gapMilliseconds = 5
        package var outputs: [OutputSignal: Output] = [:]
        package var inputs: [InputSignal: Input] = [:]

        package init() {}

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case camera, driver, chip, required, mode, outputs, inputs
            case setupMilliseconds = "setup_ms"
            case gapMilliseconds = "gap_ms"
        }
    }
}

extension Configuration.LineIO {
    /// A line of the chip: its offset, or the name that the chip has for it.
    package enum Line: Codable, Sendable, Hashable, CustomStringConvertible {
        case offset(Int)
        case name(String)

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let offset = try? container.decode(Int.self) {
                self = .offset(offset)
            } else {
                self = .name(try container.decode(String.self))
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .offset(let offset): try container.encode(offset)
            case .name(let name): try container.encode(name)
            }
        }

        package var description: String {
            switch self {
            case .offset(let offset): "\(offset)"
            case .name(let name): "\"\(name)\""
            }
        }
    }

    package struct Output: Codable, Sendable, Equatable {
        package enum Active: String, Codable, Sendable, CaseIterable { case high, low }

        package var line = Line.offset(0)
        /// The level that says what the signal's name says.
        package var active = Active.high
        package var pulseMilliseconds = 50
        /// `reject`: from the trigger to the pulse, which only an OK in time prevents; 0 = with the result.
        package var delayMilliseconds = 0
        /// `heartbeat`: of the square wave.
        package var periodMilliseconds = 1000

        package init() {}

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case line, active
            case pulseMilliseconds = "pulse_ms"
            case delayMilliseconds = "delay_ms"
            case periodMilliseconds = "period_ms"
        }
    }

    package struct Input: Codable, Sendable, Equatable {
        package enum Edge: String, Codable, Sendable, CaseIterable { case rising, falling }

        package var line = Line.offset(0)
        /// The leading one.
        package var edge = Edge.rising
        /// Further edges within so long after an accepted one are bounce.
        package var lockoutMilliseconds = 5
        /// `reject_confirm`: so long after the reject's begin the sensor has to see something.
        package var windowMilliseconds = 200

        package init() {}

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case line, edge
            case lockoutMilliseconds = "lockout_ms"
            case windowMilliseconds = "window_ms"
        }
    }

    /// Nil where the reject comes with the result.
    package var rejectDelay: Duration? {
        guard let reject = outputs[.reject], reject.delayMilliseconds > 0 else { return nil }
        return .milliseconds(reject.delayMilliseconds)
    }
}
