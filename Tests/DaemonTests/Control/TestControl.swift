import ControlProtocol
import Core
import Daemon
import Synchronization

/// A line whose cameras say what the test wants.
final class TestControl: LineControl {
    private let state: Mutex<LineReadings>
    /// What the camera gives, the next one after each `period`.
    let pictures = Mutex<[Picture]>([])
    let period = Mutex(Duration.zero)

    init(_ readings: LineReadings) {
        state = Mutex(readings)
    }

    func change(_ body: (inout LineReadings) -> Void) { state.withLock { body(&$0) } }

    var readings: LineReadings { state.withLock { $0 } }
    var cameraReadings: [CameraReply] { readings.cameras }

    func trigger(camera: String?, part: String?, id: UInt32?) async throws(TriggerRefusal) -> TriggerReply {
        let name = try cameraName(camera)
        guard part != "busy" else { throw .busy(camera: name, waiting: 64) }
        // A test that is over needs no answer.
        if part == "slow" { try? await Task.sleep(for: .milliseconds(500)) }
        let record = InspectionRecord(
            seq: 8, time: "", camera: name, recipe: "bottle", generation: nil, frame: "f", part: part,
            verdict: .invalid, cause: "no_model", score: nil, limit: nil, regions: [], latency: .init(), image: nil,
            heatmap: nil, stored: .written)
        return TriggerReply(inspection: record, triggeredMicroseconds: 1, exposedMicroseconds: 2)
    }

    func triggeredCamera(_ camera: String?, part: String?) throws(TriggerRefusal) -> String {
        let name = try cameraName(camera)
        guard cameraReadings.contains(where: { $0.name == name && $0.trigger == "software" }) else {
            throw .notTriggered(camera: name, trigger: "continuous")
        }
        return name
    }

    func nextPictures(
        _ count: Int, of camera: String?, _ take: (Picture) async throws -> Void
    ) async throws {
        let (pictures, period) = (pictures.withLock { $0 }, period.withLock { $0 })
        for picture in pictures.prefix(count) {
            try await Task.sleep(for: period)
            try await take(picture)
        }
        guard pictures.count >= count else {
            throw TriggerRefusal.noFrames(camera: camera ?? "", reason: "unplugged")
        }
    }

    func cameraName(_ camera: String?) throws(TriggerRefusal) -> String {
        let names = readings.cameras.map(\.name)
        guard let camera else {
            guard names.count == 1 else { throw .severalCameras(names) }
            return names[0]
        }
        guard names.contains(camera) else { throw .noSuchCamera(camera, known: names) }
        return camera
    }

    func keepBacklog(of camera: String) throws {}

    func use(_ recipe: LineRecipe, for camera: String) throws(TriggerRefusal) {
        change { readings in
            for index in readings.cameras.indices where readings.cameras[index].name == camera {
                readings.cameras[index].recipe = recipe.name
            }
        }
    }
}
