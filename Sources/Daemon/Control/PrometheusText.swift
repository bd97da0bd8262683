import ControlProtocol

/// The counters in Prometheus' text format.
///
/// Counters begin at zero with the daemon, those of a camera also when a reload starts it anew; Prometheus expects
/// that. Names and labels are a contract. Labels are plain names and need no escaping.
struct PrometheusText {
    let readings: LineReadings
    let generations: [(recipe: String, generation: Int)]

    typealias Sample = (labels: String, value: String)

    var text: String {
        (line + cameras + recipes + trends + io).joined(separator: "\n") + "\n"
    }

    private var line: [String] {
        let up = readings.health.isWell ? "1" : "0"
        let storage = readings.storage
        var lines =
            metric(
                "build_info", "gauge", "The program's version; always 1", [(#"{version="\#(FsacVersion.text)"}"#, "1")])
            + metric(
                "up", "gauge", "1 while every part gets its verdict and nothing hangs, as /healthz says", [("", up)])
            + metric(
                "causes", "gauge", "What keeps parts from their verdicts, by state",
                Dictionary(grouping: readings.health.causes.compactMap(\.state?.rawValue)) { $0 }
                    .sorted { $0.key < $1.key }.map { (#"{state="\#($0)"}"#, "\($1.count)") })
            + metric(
                "warnings", "gauge", "What else is not as it should be: `fsacctl status` names it",
                [("", "\(readings.health.warnings.count)")])
            + metric(
                "images_dropped_total", "counter", "Pictures that were not written", [("", "\(storage.imagesDropped)")])
            + metric(
                "unrecorded_parts_total", "counter", "INVALID parts without a journal line",
                [("", "\(storage.unrecorded)")])
            + metric("journal_seq", "gauge", "Newest journal line", [("", "\(storage.lastSequence)")])
            + metric("storage_free_bytes", "gauge", "Free below the state directory", [("", "\(storage.freeBytes)")])
        lines += metric(
            "alarm", "gauge", "Alarms of parts that nobody has acknowledged: `fsacctl alarm` names them",
            readings.alarms.map { (#"{camera="\#($0.camera)",kind="\#($0.kind.rawValue)"}"#, "1") })
        lines += metric(
            "journal_damage", "gauge", "Places of the journals that are damaged, missing, doubled or out of order",
            [("", "\(storage.damage?.places ?? 0)")])
        if let pictures = storage.pictures {
            let label = { (reply: PictureStorageReply) in #"{class="\#(reply.pictureClass.rawValue)"}"# }
            lines += metric(
                "pictures_bytes", "gauge", "Stored pictures and heat maps", pictures.map { (label($0), "\($0.bytes)") })
            lines += metric(
                "pictures_retention_seconds", "gauge",
                "How long pictures are kept at the present rate, before newer ones take their place",
                pictures.compactMap { reply in reply.days.map { (label(reply), "\($0 * 86_400)") } })
        }
        return lines
            + histogram(
                "latency_seconds",
                "Of judged parts, from the complete frame to the journalled verdict (stage total), and its pieces",
                LatencyStage.allCases.compactMap { stage in
                    readings.stages[stage].map { (#"stage="\#(stage.rawValue)""#, $0) }
                })
    }

    private var cameras: [String] {
        metric("camera_up", "gauge", "1 while the camera is there and its parts get verdicts") {
            [("", $0.state == .inspecting ? 1 : 0)]
        }
            + metric("verdicts_total", "counter", "Journalled verdicts since the camera's start") {
                [
                    (#",verdict="OK""#, $0.counts.ok), (#",verdict="NG""#, $0.counts.ng),
                    (#",verdict="INVALID""#, $0.counts.invalid),
                ]
            }
            + metric("uncertain_total", "counter", "OK and NG verdicts with a score near the limit") {
                [("", $0.counts.uncertain)]
            }
            + metric("invalid_total", "counter", "INVALID verdicts by cause") { camera in
                camera.counts.causes.sorted { $0.key < $1.key }.map { (#",cause="\#($0.key)""#, $0.value) }
            }
            + metric("frames_total", "counter", "Frames the source delivered") { [("", $0.frames)] }
            + metric("frames_dropped_total", "counter", "Frames replaced by newer ones before inspection") {
                [("", $0.dropped)]
            }
            + metric("frames_missed_total", "counter", "Frames that the driver lost") { [("", $0.missed)] }
            + metric("frames_damaged_total", "counter", "Frames that came damaged, short or stale") {
                [("", $0.damaged)]
            }
            + metric("files_skipped_total", "counter", "Files in a watched folder that are no pictures") {
                [("", $0.skipped)]
            }
            + metric("files_overwritten_total", "counter", "Pictures that lost their name before they were read") {
                [("", $0.overwritten)]
            }
            + metric("stream_restarts_total", "counter", "How often the stream was started again") {
                [("", $0.restarts)]
            }
    }

    private var recipes: [String] {
        guard !generations.isEmpty else { return [] }
        return metric(
            "generation", "gauge", "Generation in use",
            generations.map { (#"{recipe="\#($0.recipe)"}"#, "\($0.generation)") })
    }

    private var trends: [String] {
        let trends = readings.trends.sorted { $0.key < $1.key }
        guard !trends.isEmpty else { return [] }
        return metric(
            "ok_score_drift", "gauge", "Weighted mean of the newest OK scores: 0 = typical of the shots, 1 = the limit",
            trends.compactMap { name, trend in trend.drift.map { (#"{recipe="\#(name)"}"#, "\($0)") } })
            + metric(
                "scene_shifts_total", "counter", "Pictures that as a whole were not as the shots",
                trends.map { (#"{recipe="\#($0)"}"#, "\($1.sceneShifts)") })
    }

    /// - Parameter samples: labels beside the camera's, each with a comma in front.
    private func metric(
        _ name: String, _ kind: String, _ help: String, _ samples: (CameraReply) -> [(String, UInt64)]
    ) -> [String] {
        metric(
            name, kind, help,
            readings.cameras.flatMap { camera in
                samples(camera).map { (#"{camera="\#(camera.name)"\#($0.0)}"#, "\($0.1)") }
            })
    }

    /// - Parameter samples: each with its labels, without braces.
    func histogram(_ name: String, _ help: String, _ samples: [(labels: String, times: LatencyHistogram)]) -> [String] {
        ["# HELP fsac_\(name) \(help)", "# TYPE fsac_\(name) histogram"]
            + samples.flatMap { labels, times in
                times.cumulated.map { #"fsac_\#(name)_bucket{\#(labels),le="\#($0.bound / 1000)"} \#($0.count)"# } + [
                    #"fsac_\#(name)_bucket{\#(labels),le="+Inf"} \#(times.count)"#,
                    "fsac_\(name)_sum{\(labels)} \(times.sum / 1000)", "fsac_\(name)_count{\(labels)} \(times.count)",
                ]
            }
    }

    func metric(_ name: String, _ kind: String, _ help: String, _ samples: [Sample]) -> [String] {
        ["# HELP fsac_\(name) \(help)", "# TYPE fsac_\(name) \(kind)"]
            + samples.map { "fsac_\(name)\($0.labels) \($0.value)" }
    }
}
