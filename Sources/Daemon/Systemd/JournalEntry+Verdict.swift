package import ControlProtocol

/// Copies verdicts into the system's journal, for people and monitors.
/// Never waits, see ``JournalQueue``; what it drops is in the verdict journal all the same.
package struct SystemJournalSink: VerdictSink {
    package init() {}

    package func note(_ record: InspectionRecord) { JournalQueue.shared.offer(JournalEntry(record)) }
}

extension JournalEntry {
    /// A verdict as the system's journal has it: a copy for people and monitors. The record is the verdict journal.
    package init(_ record: InspectionRecord) {
        // Never above warning: the journal syncs its files at each critical entry, and verdicts come fast.
        self.init(record.verdict == .ok ? .info : .notice, Self.message(record))
        addField("verdict", record.verdict.rawValue)
        addField("seq", "\(record.seq)")
        addField("camera", record.camera)
        addField("recipe", record.recipe)
        addField("frame", record.frame)
        for (name, value) in [
            ("part", record.part), ("cause", record.cause), ("detail", record.detail),
            ("scene_shift", record.sceneShift),
            ("generation", record.generation.map { "\($0)" }),
            ("score", record.score.map { "\($0)" }), ("limit", record.limit.map { "\($0)" }),
            ("uncertain", record.uncertain.map { "\($0)" }), ("image", record.image),
            ("heatmap", record.heatmap),
        ] {
            if let value { addField(name, value) }
        }
    }

    /// `NG #17 camera1 bottle part A-4711: score 0.52, limit 0.41`
    private static func message(_ record: InspectionRecord) -> String {
        let part = record.part.map { " part \($0)" } ?? ""
        let reason =
            if let score = record.score, let limit = record.limit {
                "score \(score), limit \(limit)"
            } else {
                [record.cause, record.detail].compactMap(\.self).joined(separator: ": ")
            }
        return "\(record.verdict.rawValue) #\(record.seq) \(record.camera) \(record.recipe)\(part): \(reason)"
    }
}
