import Capture
import ControlProtocol

extension CaptureError {
    /// The state that this is for a camera.
    var state: LineState {
        switch self {
        case .folderUnreadable, .noPictures, .deviceMissing, .disconnected, .forbidden, .requestFailed: .cameraLost
        case .noBandwidth, .noSignal, .stalled: .cameraStalled
        case .busy: .cameraBusy
        case .bareNode, .notACamera, .wrongCamera, .formatUnreadable, .notGiven, .controlUnknown, .controlOutOfRange:
            .cameraMismatch
        }
    }
}
