import ControlProtocol

/// The counters in Prometheus' text format.
struct PrometheusText {
    let readings: LineReadings
    let generation: Int?

    var text: String {
        let counts = readings.counts
        var lines: [String] = []
        func metric(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            lines += ["# HELP fsac_\(name) \(help)", "# TYPE fsac_\(name) \(kind)"]
            lines += samples.map { "fsac_\(name)\($0.labels) \($0.value)" }
        }
        metric(
            "up", "gauge", "1 while frames are being inspected",
            [("", readings.state == .inspecting ? "1" : "0")])
        metric(
            "verdicts_total", "counter", "Journalled verdicts since start",
            [
                (#"{verdict="OK"}"#, "\(counts.ok)"), (#"{verdict="NG"}"#, "\(counts.ng)"),
                (#"{verdict="INVALID"}"#, "\(counts.invalid)"),
            ])
        metric(
            "invalid_total", "counter", "INVALID verdicts by cause",
            counts.causes.sorted { $0.key < $1.key }.map { (#"{cause="\#($0.key)"}"#, "\($0.value)") })
        metric("frames_total", "counter", "Frames the source delivered", [("", "\(readings.camera.frames)")])
        metric(
            "frames_dropped_total", "counter", "Frames replaced by newer ones before inspection",
            [("", "\(readings.camera.dropped)")])
        metric(
            "images_dropped_total", "counter", "Pictures that were not written",
            [("", "\(readings.storage.imagesDropped)")])
        metric("journal_seq", "gauge", "Newest journal line", [("", "\(readings.storage.lastSequence)")])
        metric("storage_free_bytes", "gauge", "Free below the state directory", [("", "\(readings.storage.freeBytes)")])
        if let generation { metric("generation", "gauge", "Generation in use", [("", "\(generation)")]) }
        if let latency = readings.latency {
            metric(
                "latency_seconds", "gauge", "Frame to journalled verdict, over the latest verdicts",
                [("0.5", latency.p50), ("0.95", latency.p95), ("0.99", latency.p99)].map {
                    (#"{quantile="\#($0.0)"}"#, "\($0.1 / 1000)")
                })
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
