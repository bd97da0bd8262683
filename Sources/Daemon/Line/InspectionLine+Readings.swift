package import ControlProtocol
import Core
import Journal
import Platform
import Settings
import Synchronization

extension InspectionLine {
    /// With one part, the time of all helpers included.
    private static let patience = Duration.milliseconds(1500)

    /// Locks are taken one after the other, so counts of cameras and line may differ by a part. None of them is held over
    /// work, and no disk is looked at: this is answered also while everything else hangs.
    package var readings: LineReadings {
        let (lanes, isStopping) = cameras.withLock { ($0.lanes, $0.phase == .stopping) }
        let (cameras, counters) = (lanes.map(\.reading), counters.withLock { $0 })
        let freeBytes = storage.freeBytes
        let pictures = images.forecast(freeBytes: freeBytes)
        return LineReadings(
            health: Health(findings(cameras, isStopping: isStopping)), cameras: cameras, counts: counters.verdicts,
            latency: counters.latency, stages: counters.stages, trends: trends.withLock { $0.mapValues(\.reply) },
            storage: StorageReply(
                directory: storage.stateDirectory, freeBytes: freeBytes, lastSequence: journal.lastSequence,
                imagesDropped: images.dropped, pictures: pictures.isEmpty ? nil : pictures,
                unrecorded: journal.health.unrecorded, damage: check?.found),
            io: desks.values.map(\.reply).sorted { $0.camera < $1.camera }, outputs: desks.mapValues(\.latencies),
            alarms: alarms?.alarms ?? [])
    }

    private static let journalPatience = Duration.seconds(120)

    /// Waits for no disk.
    package var cameraReadings: [CameraReply] { cameras.withLock(\.lanes).map(\.reading) }

    func findings(_ cameras: [CameraReply], isStopping: Bool) -> [Finding] {
        var findings = cameras.flatMap { Self.findings($0, isOnly: cameras.count == 1) }
        // A reload may ask for what only a start gives.
        for camera in cameras where camera.trigger == "line" && desks[camera.name]?.io.inputs[.trigger] == nil {
            let reason = "camera \(camera.name) is triggered by a line that is not held: restart fsacd"
            findings.append(Finding("io \(camera.name)", .ioLost, reason))
        }
        if isStopping { findings.append(Finding("daemon", .stopping, "the daemon was told to stop")) }
        if cameras.isEmpty { findings.append(Finding("cameras", .starting, "no camera has been started")) }
        // Waiting for the journal is no work of the inspection, which is not to blame for it.
        if let silence = progress.hang(beyond: Self.patience) {
            let reason = "the inspection has been at one part for \(silence.wholeSeconds)"
            findings.append(Finding("inspection", .inspectionStalled, reason))
        }
        return findings + journal.findings + images.findings + storage.findings + (check?.findings ?? [])
            + others.flatMap(\.findings)
    }

    private static func findings(_ camera: CameraReply, isOnly: Bool) -> [Finding] {
        let place = "camera \(camera.name)"
        var findings: [Finding] = []
        if camera.state != .inspecting {
            // One reason is shown for all of the line: it has to say whose it is.
            let reason = camera.reason ?? camera.state.rawValue
            findings.append(Finding(place, camera.state, isOnly ? reason : "\(camera.name): \(reason)"))
        }
        if camera.skipped > 0 {
            findings.append(
                Finding(
                    warning: place,
                    "\(camera.skipped) files came that are no \(ImageFormat.endingsInWords): no part was made of them"))
        } else if let notRead = camera.notRead, camera.frames == 0 {
            // Once there are parts, what lies beside them is somebody's business.
            findings.append(
                Finding(
                    warning: place,
                    "no part is made of what is in its folder: \(notRead): expected \(ImageFormat.endingsInWords)"))
        }
        if camera.overwritten > 0 {
            findings.append(
                Finding(
                    warning: place,
                    "\(camera.overwritten) pictures were overwritten before they were read: each part needs a name of its own"
                ))
        }
        return findings
    }

    /// Name of a loop that has been at the same piece of work for longer: it hangs. Waiting for frames, parts or
    /// verdicts is no work.
    package func stalledLoop(after limit: Duration) -> String? {
        // A disk that does not answer holds nobody up, and a start would not mend it but lose what is in memory. One
        // that hangs for this long may be the daemon's own fault.
        if journal.progress.busy > max(limit, Self.journalPatience) { return "journal" }
        if progress.busy > limit { return "inspection" }
        if let desk = desks.values.first(where: { $0.progress.busy > limit }) { return "io \(desk.io.camera)" }
        let lanes = cameras.withLock(\.lanes)
        return lanes.first { $0.capture.progress.busy > limit }.map { "camera \($0.setup.name)" }
    }
}
