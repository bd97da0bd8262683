package import ControlProtocol

/// What keeps parts from their verdicts, as a number that never changes (register 10).
package enum Fault: UInt16, Sendable, CaseIterable {
    case none = 0
    case starting = 1
    case noModel = 2
    case cameraLost = 3
    case cameraStalled = 4
    case cameraMismatch = 5
    case cameraBusy = 6
    case cameraInvalid = 7
    case journalFailed = 8
    case ioLost = 9
    /// Nothing is known of the line: fsacd does not answer.
    case daemonLost = 10
    /// Parts are scored, and every verdict is INVALID.
    case commissioning = 12
    case modelFailed = 13
    case late = 14
    case inspectionStalled = 15
    case controlStalled = 16
    case storageFailed = 17
    case finished = 18
    case stopping = 19
    /// fsacd has no camera of the unit's name.
    case noSuchCamera = 20

    package init(_ state: LineState) {
        self =
            switch state {
            case .inspecting: .none
            case .starting: .starting
            case .noModel: .noModel
            case .cameraLost: .cameraLost
            case .cameraStalled: .cameraStalled
            case .cameraMismatch: .cameraMismatch
            case .cameraBusy: .cameraBusy
            case .cameraInvalid: .cameraInvalid
            case .modelFailed: .modelFailed
            case .late: .late
            case .inspectionStalled: .inspectionStalled
            case .controlStalled: .controlStalled
            case .ioLost: .ioLost
            case .journalFailed: .journalFailed
            case .storageFailed: .storageFailed
            case .finished: .finished
            case .stopping: .stopping
            }
    }

    /// Whether the line does what it is asked to do.
    package var isWell: Bool { self == .none || self == .commissioning }
}
