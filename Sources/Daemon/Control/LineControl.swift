package import ControlProtocol
package import Core

/// What the control plane asks of the data plane.
package protocol LineControl: Sendable {
    /// Looks at the disk: never asked for on an event loop.
    var readings: LineReadings { get }
    /// Those of the readings, without a look at the disk.
    var cameraReadings: [CameraReply] { get }
    /// See ``InspectionLine/trigger(camera:part:)``.
    func trigger(camera: String?, part: String?) async throws(TriggerRefusal) -> TriggerReply
    /// See ``InspectionLine/nextPictures(_:of:)``.
    func nextPictures(_ count: Int, of camera: String?) async throws(TriggerRefusal) -> [Picture]
    /// The name of a camera; nil = the only one's.
    func cameraName(_ camera: String?) throws(TriggerRefusal) -> String
    /// Uses another recipe from the next frame or trigger on.
    func use(_ recipe: LineRecipe, for camera: String) throws(TriggerRefusal)
}

extension InspectionLine: LineControl {}
