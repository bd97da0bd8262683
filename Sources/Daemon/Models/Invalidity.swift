import Capture
package import ControlProtocol
import Platform

/// Why a part has no judgement; the journal's `cause`. The words are a contract: monitors and other programs know them.
package enum InvalidCause: String, Sendable, CaseIterable {
    /// Nothing has been fitted yet.
    case noModel = "no_model"
    /// The fitted model is for another backbone, input size or layers than the line computes, or the line computes other numbers
    /// than the ones that it was fitted with.
    case modelMismatch = "model_mismatch"
    /// The generation in use is damaged, and no other one is known to be good.
    case modelUnreadable = "model_unreadable"
    /// A decision of an operator (limit, recipe or generation in use, commissioning) cannot be read, and has to be made again.
    case stateUnreadable = "state_unreadable"
    /// The frame's file could not be read.
    case frameUnreadable = "frame_unreadable"
    /// A picture came in a watched folder and was gone before it could be read.
    case missed
    /// The driver flagged the frame as damaged.
    case frameError = "frame_error"
    /// Fewer bytes than the format needs.
    case frameShort = "frame_short"
    /// Exposed too long ago.
    case frameStale = "frame_stale"
    /// A part was triggered and there is no camera.
    case cameraLost = "camera_lost"
    /// A part was triggered and no frame, or no verdict, came in time.
    case deadlineMissed = "deadline_missed"
    /// No complete, well-formed picture.
    case decodeFailed = "decode_failed"
    /// Not the configured size.
    case sizeMismatch = "size_mismatch"
    /// Of the recipe's brightness, of what is inspected.
    case frameDark = "frame_dark"
    /// As for dark frames.
    case frameSaturated = "frame_saturated"
    /// The same bytes several times in a row: no sensor does that.
    case frameFrozen = "frame_frozen"
    /// The picture as a whole is not as the shots: light, colour, focus or position.
    case sceneShifted = "scene_shifted"
    /// The model follows the part, and none can be told from the background.
    case partNotFound = "part_not_found"
    /// The model computed something that is no number.
    case scoreNotFinite = "score_not_finite"
    /// The verdict's line could not be put on the disk as promised: the journal failed, or did not answer.
    case storageFailed = "storage_failed"
    /// An edge of the trigger's line came and was not read in time.
    case triggerLost = "trigger_lost"
    /// More triggers came by the line than may wait.
    case triggerOverrun = "trigger_overrun"
    /// The camera's lines are not held, and it may not inspect without.
    case ioLost = "io_lost"
    /// The recipe is being commissioned: the part was scored, and nobody may act on it.
    case commissioning
}

extension InvalidCause {
    /// What parts without a judgement say of the line.
    package enum Consequence: Sendable, Equatable {
        /// Once so many of a camera's newest parts got no verdict, the last of them for this cause, the line is in this
        /// state: one bad picture is the picture's, five in a row are the camera's.
        case state(LineState, afterParts: Int)
        /// Somebody else knows it at first hand, and puts the line in this state whether parts come or not.
        case saidElsewhere(LineState)
        /// The line does what it was asked to do.
        case none
    }

    /// The whole table: a cause that is new does not compile before it is in here.
    package var consequence: Consequence {
        switch self {
        case .frameUnreadable, .missed, .frameError, .frameShort, .frameStale, .decodeFailed, .sizeMismatch, .frameDark,
            .frameSaturated, .frameFrozen, .sceneShifted, .partNotFound:
            .state(.cameraInvalid, afterParts: 5)
        // No picture is to blame: the next one would do no better.
        case .modelMismatch: .state(.modelFailed, afterParts: 1)
        case .scoreNotFinite: .state(.modelFailed, afterParts: 5)
        case .deadlineMissed, .triggerLost, .triggerOverrun: .state(.late, afterParts: 5)
        // The recipe's slot has no model, or one that nothing is judged by, and says why until somebody mends it.
        case .noModel: .saidElsewhere(.noModel)
        case .modelUnreadable, .stateUnreadable: .saidElsewhere(.modelFailed)
        // The camera's own state, which is newer than the last trigger.
        case .cameraLost: .saidElsewhere(.cameraLost)
        // The lines' own state.
        case .ioLost: .saidElsewhere(.ioLost)
        // The journal's own state.
        case .storageFailed: .saidElsewhere(.journalFailed)
        case .commissioning: .none
        }
    }
}

/// What ends an inspection without a judgement. An error, so that no way through the pipeline goes around it.
package struct Invalidity: Error, Sendable, Equatable, CustomStringConvertible {
    package let cause: InvalidCause
    /// What was expected and what came: one line that can be shown as it is, however the file was called that is to blame.
    package let detail: String

    /// Bytes of a detail, in each INVALID line of the journal.
    private static let mostDetail = 300

    package init(_ cause: InvalidCause, _ detail: String) {
        self.cause = cause
        self.detail = PrintableText.line(detail, atMost: Self.mostDetail)
    }

    package var description: String { "\(cause.rawValue): \(detail)" }
}

extension Invalidity {
    package static let nothingFitted = Invalidity(
        .noModel, "nothing has been fitted yet: add normal shots with `fsacctl add-normal`")

    /// Of a model that follows the part.
    static let partNotFound = Invalidity(
        .partNotFound,
        "expected a part before a plain background, as in the shots, found none: it is missing or reaches across the picture's "
            + "border, or light or background changed; `fsacctl models show --picture FILE` draws what was found in the shots"
    )

    /// Why a generation cannot be used.
    init(_ error: StoreError) {
        if case .generationUnreadable = error {
            self.init(.modelUnreadable, "\(error): `fsacctl refit` makes another one of the shots")
        } else {
            self.init(.noModel, "\(error)")
        }
    }

    init(_ fault: FrameFault) {
        let cause: InvalidCause =
            switch fault {
            case .unreadable: .frameUnreadable
            case .missed: .missed
            case .flagged: .frameError
            case .short: .frameShort
            case .stale: .frameStale
            }
        self.init(cause, fault.description)
    }
}
