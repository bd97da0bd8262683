import ControlProtocol

extension PrometheusText {
    /// Of the line's inputs and outputs.
    var io: [String] {
        guard !readings.io.isEmpty else { return [] }
        let label = { (reply: IOReply, more: String) in #"{camera="\#(reply.camera)"\#(more)}"# }
        return metric(
            "io_up", "gauge", "1 while the lines are held",
            readings.io.map { (label($0, ""), $0.outage == nil ? "1" : "0") })
            + metric(
                "io_alarms", "gauge", "Alarms that nobody has acknowledged",
                readings.io.map { (label($0, ""), "\($0.alarms.count)") })
            + metric(
                "io_events_total", "counter", "What happened on the lines: parts, results, triggers, bounces, losses",
                readings.io.flatMap { reply in
                    reply.counts.sorted { $0.key < $1.key }.map {
                        (label(reply, #",event="\#($0.key)""#), "\($0.value)")
                    }
                })
            + histogram(
                "output_seconds", "From the journal line to the lines set",
                readings.outputs.sorted { $0.key < $1.key }.map { (#"camera="\#($0)""#, $1) })
    }
}
