import ControlProtocol
import Daemon
import Logging
import Testing

@Suite struct JournalEntryTests {
    @Test func aVerdictCanBeAskedForByItsFields() {
        let record = InspectionRecord(
            seq: 17, time: "2026-01-02T03:04:05.678901Z", camera: "top", recipe: "bottle", generation: 3, frame: "812",
            part: "A-4711", verdict: .ng, cause: nil, score: 0.5, limit: 0.25, regions: [], latency: .init(),
            image: "images/17.jpg", heatmap: nil, stored: .synced)
        #expect(
            JournalEntry(record).fields == [
                "MESSAGE=NG #17 top bottle part A-4711: score 0.5, limit 0.25", "PRIORITY=5",
                "SYSLOG_IDENTIFIER=fsacd", "FSAC_VERDICT=NG", "FSAC_SEQ=17", "FSAC_CAMERA=top", "FSAC_RECIPE=bottle",
                "FSAC_FRAME=812", "FSAC_PART=A-4711", "FSAC_GENERATION=3", "FSAC_SCORE=0.5", "FSAC_LIMIT=0.25",
                "FSAC_IMAGE=images/17.jpg",
            ])
    }

    @Test func anInvalidPartSaysWhy() {
        let record = InspectionRecord(
            seq: 1, time: "", camera: "top", recipe: "bottle", generation: nil, frame: "1", part: nil,
            verdict: .invalid, cause: "camera_lost", detail: "no such device", score: nil, limit: nil, regions: [],
            latency: .init(),
            image: nil, heatmap: nil, stored: .written)
        let fields = JournalEntry(record).fields
        #expect(fields.first == "MESSAGE=INVALID #1 top bottle: camera_lost: no such device")
        #expect(fields.contains("FSAC_CAUSE=camera_lost"))
        #expect(fields.contains("FSAC_DETAIL=no such device"))
    }

    @Test func aFileNameThatATerminalWouldObeyIsShownInstead() {
        let event = LogEvent(
            level: .warning, message: "odd\nname", metadata: ["frame": "\u{1B}[2J.jpg"], source: "", file: "",
            function: "", line: 1)
        #expect(JournalLog().entry(for: event).fields.first == "MESSAGE=odd name frame=\\u{1B}[2J.jpg")
    }

    @Test func aLogLineKeepsItsValuesInTheTextAndAsFields() {
        var log = JournalLog()
        log[metadataKey: "camera"] = "top"
        let event = LogEvent(
            level: .error, message: "camera lost", metadata: ["reason": "no such \"device\"", "bytes-in": "3"],
            source: "", file: "", function: "", line: 1)
        #expect(
            log.entry(for: event).fields == [
                "MESSAGE=camera lost bytes-in=3 camera=top reason=\"no such 'device'\"", "PRIORITY=3",
                "SYSLOG_IDENTIFIER=fsacd", "FSAC_BYTES_IN=3", "FSAC_CAMERA=top", "FSAC_REASON=no such \"device\"",
            ])
    }
}
