/// Why the line does not do what it is asked for; no part is waited for then.
package enum TriggerRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    case noSuchCamera(String, known: [String])
    /// None was named, and there are several.
    case severalCameras([String])
    /// A camera whose frames are parts by themselves.
    case notTriggered(camera: String, trigger: String)
    case badSerial
    /// Nothing was taken: the part was never promised a verdict.
    case busy(camera: String, waiting: Int)
    /// Of who wants shots; a part that no frame came for gets INVALID.
    case noFrames(camera: String, reason: String)
    /// Also while a reload starts the camera anew: worth asking again until the deadline.
    case stopping

    package var description: String {
        switch self {
        case .noSuchCamera(let name, let known):
            "camera: no camera '\(name)': configured are \(known.joined(separator: ", "))"
        case .severalCameras(let names):
            "camera: there are several (\(names.joined(separator: ", "))): name one"
        case .notTriggered(let camera, let trigger):
            "trigger: camera \(camera) has trigger = \"\(trigger)\": set trigger = \"software\" in its table"
        case .badSerial: "trigger: part: expected 1 to 128 printable characters"
        case .busy(let camera, let waiting):
            "trigger: camera \(camera): \(waiting) triggers wait already: send them as fast as verdicts come back"
        case .noFrames(let camera, let reason): "camera \(camera) gives no picture: \(reason)"
        case .stopping: "the camera is being stopped: try again when it is back"
        }
    }
}
