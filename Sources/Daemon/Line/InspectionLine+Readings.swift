package import ControlProtocol
import Platform
import Synchronization

extension InspectionLine {
    /// Locks are taken one after the other, so counts of cameras and line may differ by a part. Asks the file system
    /// for its room, which may wait: not for event loops.
    package var readings: LineReadings {
        let (lanes, isStopping) = cameras.withLock { ($0.lanes, $0.phase == .stopping) }
        let (cameras, counters) = (lanes.map(\.reading), counters.withLock { $0 })
        let (state, reason) = state(cameras, isStopping: isStopping)
        // A file system that does not answer has no room.
        let freeBytes = (try? Disk().freeBytes(at: stateDirectory)) ?? 0
        let pictures = images.forecast(freeBytes: freeBytes)
        return LineReadings(
            state: state, reason: reason, cameras: cameras, counts: counters.verdicts, latency: counters.latency,
            trends: trends.withLock { $0.mapValues(\.reply) },
            storage: StorageReply(
                directory: stateDirectory, freeBytes: freeBytes, lastSequence: journal.lastSequence,
                imagesDropped: images.dropped, pictures: pictures.isEmpty ? nil : pictures))
    }

    /// Waits for no disk.
    package var cameraReadings: [CameraReply] { cameras.withLock(\.lanes).map(\.reading) }

    /// That of the camera that is worst off.
    private func state(_ cameras: [CameraReply], isStopping: Bool) -> (LineState, reason: String?) {
        if isStopping { return (.stopping, "the daemon was told to stop") }
        // Before the cameras: without a journal there is no verdict, however well they do.
        if let failure = journal.health.failure { return (.journalFailed, failure) }
        guard let worst = cameras.max(by: { $0.state.severity < $1.state.severity }) else {
            return (.starting, "no camera has been started")
        }
        let reason = cameras.count == 1 ? worst.reason : worst.reason.map { "\(worst.name): \($0)" }
        return (worst.state, reason)
    }

    /// Name of a loop that has been at the same piece of work for longer: it hangs. Waiting for frames, parts or verdicts
    /// is no work.
    package func stalledLoop(after limit: Duration) -> String? {
        // First: the inspection waits for the journal, and is not to blame.
        if journal.progress.busy > limit { return "journal" }
        if progress.busy > limit { return "inspection" }
        let lanes = cameras.withLock(\.lanes)
        return lanes.first { $0.capture.progress.busy > limit }.map { "camera \($0.setup.name)" }
    }
}

extension LineState {
    /// How much it keeps from being inspected.
    fileprivate var severity: Int {
        switch self {
        case .inspecting: 0
        case .finished: 1
        case .starting: 2
        case .noModel: 3
        case .cameraInvalid: 4
        case .cameraStalled: 5
        case .cameraBusy: 6
        case .cameraMismatch: 7
        case .cameraLost: 8
        case .journalFailed: 9
        case .stopping: 10
        }
    }
}
