package import ControlProtocol

// Numbers of the register map. None of them ever changes; new ones go behind.

/// Why a part is INVALID (register 44).
package enum CauseCode {
    package static let other: UInt16 = 99

    private static let numbers: [String: UInt16] = [
        "no_model": 1, "model_mismatch": 2, "frame_unreadable": 3, "frame_error": 4, "frame_short": 5,
        "frame_stale": 6, "camera_lost": 7, "deadline_missed": 8, "decode_failed": 9, "size_mismatch": 10,
        "frame_dark": 11, "frame_saturated": 12, "frame_frozen": 13, "scene_shifted": 14, "score_not_finite": 15,
        "commissioning": 16, "trigger_lost": 17, "trigger_overrun": 18, "io_lost": 19, "challenge": 20, "study": 21,
        "model_unreadable": 22, "state_unreadable": 23, "missed": 24, "part_not_found": 25, "storage_failed": 26,
    ]

    /// 0 = none.
    package static func number(of record: InspectionRecord) -> UInt16 {
        if record.verdict == .ok, record.stored == .memory { return number(of: "storage_failed") }
        return record.cause.map(number) ?? 0
    }

    package static func number(of cause: String) -> UInt16 { numbers[cause] ?? other }
}

/// What the line does (register 9): the numbers of OPC 40100-1, and 0 = not known.
enum StateCode: UInt16 {
    case notKnown = 0
    case preoperational = 1
    case halted = 2
    case error = 3
    /// Waits for a model.
    case initialized = 5
    /// Waits for a trigger.
    case ready = 6
    /// Inspects a part that was triggered.
    case singleExecution = 7
    /// Inspects parts as they come.
    case continuousExecution = 8

    init(_ fault: Fault, trigger: String?, isBusy: Bool) {
        self =
            switch fault {
            case .daemonLost, .noSuchCamera: .notKnown
            case .starting: .preoperational
            case .finished, .stopping: .halted
            case .noModel: .initialized
            case .none, .commissioning:
                trigger == "software" || trigger == "line" ? (isBusy ? .singleExecution : .ready) : .continuousExecution
            default: .error
            }
    }
}

/// Register 43.
enum VerdictCode {
    /// As the output lines say it: an OK that is in memory only releases no part, for a power cut would lose what released it.
    static func number(of record: InspectionRecord) -> UInt16 {
        switch record.verdict {
        case .ok where record.stored == .memory: 3
        case .ok: 1
        case .ng: 2
        case .invalid: 3
        }
    }
}

/// What a PLC asks for (register 200).
package enum CommandCode: UInt16, Sendable {
    case trigger = 1
    case acknowledgeResult = 2
    case useRecipe = 3
    case setLot = 4
    case acknowledgeAlarm = 5
}

/// Why a command was refused (register 242). Below 100: the ``Fault`` that it was refused for.
package enum Refusal: Sendable, Equatable {
    case fault(Fault)
    /// The gateway began anew meanwhile: whether the command was carried out is not known.
    case restarted
    /// No such command, or one that fsacd has no use for.
    case unknownCommand
    /// The part's or the lot's name is no text that can be printed.
    case badText
    case noSuchRecipe
    /// The camera has another trigger than `software`.
    case notTriggered
    /// fsacd takes no more triggers now.
    case busy
    /// The number is not that of the result that is shown.
    case notShown
    /// The command's number could not be kept on the disk: nothing was done.
    case notKept
    /// fsacd refused it; the gateway's log has its words.
    case refused

    package var number: UInt16 {
        switch self {
        case .fault(let fault): fault.rawValue
        case .restarted: 101
        case .unknownCommand: 102
        case .badText: 103
        case .noSuchRecipe: 104
        case .notTriggered: 105
        case .busy: 106
        case .notShown: 107
        case .notKept: 108
        case .refused: 109
        }
    }
}
