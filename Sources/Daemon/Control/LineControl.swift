package import ControlProtocol
package import Core

/// What the control plane asks of the data plane.
///
/// A conformer may be asked by any number of requests at once, on any thread. None of its functions holds up the line:
/// what it changes takes effect with the next frame or trigger. A ``TriggerRefusal`` means that nothing was changed and
/// no part is waited for.
package protocol LineControl: Sendable {
    /// Waits for nothing, whatever hangs: asked for on event loops.
    var readings: LineReadings { get }
    /// Those of the readings.
    var cameraReadings: [CameraReply] { get }
    /// See ``InspectionLine/trigger(camera:part:id:)``.
    /// Comes back with the verdict, by the camera's deadline and the time that one inspection takes; also when the
    /// client is gone.
    func trigger(camera: String?, part: String?, id: UInt32?) async throws(TriggerRefusal) -> TriggerReply
    /// Of which camera such a part would be.
    ///
    /// - Throws: what a trigger would, unless too many wait.
    func triggeredCamera(_ camera: String?, part: String?) throws(TriggerRefusal) -> String
    /// See ``InspectionLine/nextPictures(_:of:_:)``.
    /// As the camera gave them, in order; throws after 20 s without one.
    func nextPictures(_ count: Int, of camera: String?, _ take: (Picture) async throws -> Void) async throws
    /// The name of a camera; nil = the only one's.
    func cameraName(_ camera: String?) throws(TriggerRefusal) -> String
    /// Uses another recipe from the next frame or trigger on.
    /// Not remembered: ``RecipeBook/remember(_:for:)`` comes first.
    func use(_ recipe: LineRecipe, for camera: String) throws(TriggerRefusal)
    /// Before another recipe is chosen: what waits keeps the one in use, also when the daemon ends right behind the choice.
    func keepBacklog(of camera: String) throws
}

extension InspectionLine: LineControl {}
