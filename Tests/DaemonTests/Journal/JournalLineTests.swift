import ControlProtocol
import Daemon
import Journal
import Testing

@Suite struct JournalLineTests {
    @Test func checksumIsCastagnolis() {
        // RFC 3720, appendix B.4: 32 bytes of zeros, of ones, and counting up.
        #expect(CRC32C.text(CRC32C.checksum([UInt8](repeating: 0, count: 32))) == "8a9136aa")
        #expect(CRC32C.text(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32))) == "62a8ab43")
        #expect(CRC32C.text(CRC32C.checksum(0..<32)) == "46dd794e")
    }

    @Test func fieldsStandInTheOrderOfTheContract() {
        let record = InspectionRecord(
            seq: 7, time: "2026-01-02T03:04:05.678901Z", camera: "c", recipe: "r", generation: 3,
            frame: "f \"1\"\n.jpg", digest: "4d73f7ca", part: "P-9", triggerID: 4711, lot: "L-2", verdict: .ng,
            cause: nil, score: 0.5, limit: 0.25,
            uncertain: true,
            regions: [.init(x: 1, y: 2, width: 3, height: 4, peak: 0.75)],
            latency: .init(wait: 1, decode: 2, embed: 3, score: 4, total: 10.5), image: "images/7.jpg",
            heatmap: "heatmaps/7.png", stored: .synced)
        let text = String(decoding: VerdictLine(record).bytes, as: UTF8.self)
        let body = """
            {"seq":7,"time":"2026-01-02T03:04:05.678901Z","camera":"c","recipe":"r","generation":3,\
            "frame":"f \\"1\\"\\u000a.jpg","digest":"4d73f7ca","part":"P-9","trigger_id":4711,"lot":"L-2","verdict":"NG",\
            "score":0.5,"limit":0.25,"uncertain":true,\
            "regions":[{"x":1,"y":2,"width":3,"height":4,"peak":0.75}],\
            "latency_ms":{"wait":1.0,"decode":2.0,"embed":3.0,"score":4.0,"total":10.5},\
            "image":"images/7.jpg","heatmap":"heatmaps/7.png","durable":true,"stored":"synced"
            """
        #expect(text == body + #","crc":"\#(CRC32C.text(CRC32C.checksum(body.utf8)))"}"#)
    }

    @Test func aShiftOfTheSceneStandsBehindTheCause() throws {
        var record = JournalHarness.record(12, verdict: .invalid, frame: "f.png")
        (record.cause, record.sceneShift) = ("scene_shifted", "brightness +31 %")
        let line = VerdictLine(record).bytes
        #expect(
            String(decoding: line, as: UTF8.self).contains(#""cause":"scene_shifted","scene_shift":"brightness +31 %""#)
        )
        #expect(try ControlCoding.decode(InspectionRecord.self, from: line) == record)
    }

    @Test func theReasonOfAnInvalidStandsBehindTheCause() throws {
        var record = JournalHarness.record(12, verdict: .invalid)
        (record.cause, record.detail) = ("decode_failed", "a.jpg: truncated")
        let line = VerdictLine(record).bytes
        #expect(
            String(decoding: line, as: UTF8.self).contains(#""cause":"decode_failed","detail":"a.jpg: truncated""#))
        #expect(try ControlCoding.decode(InspectionRecord.self, from: line) == record)
    }

    @Test func aReasonIsOneShortLineWhateverTheFileIsCalled() {
        let name = "\u{1B}[2J\n" + String(repeating: "x", count: 4096)
        let detail = Invalidity(.frameUnreadable, "\(name): no picture").detail
        #expect(detail.hasPrefix("\\u{1B}[2J x"))
        #expect(detail.utf8.count <= 300)
    }

    /// `cat` of the journal on a terminal.
    @Test func whatATerminalWouldObeyIsEscapedInALine() throws {
        let record = JournalHarness.record(1, frame: "\u{1B}[2J \u{9B}2J \u{7F} \u{202E}.jpg")
        let line = VerdictLine(record).bytes
        #expect(String(decoding: line, as: UTF8.self).contains(#""\u001b[2J \u009b2J \u007f \u202e.jpg""#))
        #expect(try ControlCoding.decode(InspectionRecord.self, from: line) == record)
    }

    @Test(arguments: Verdict.allCases)
    func aLineDecodesToTheRecordItWasMadeOf(verdict: Verdict) throws {
        var record = JournalHarness.record(12, verdict: verdict, frame: "Bohrung ø4 \\ \t.png")
        record.score = verdict == .invalid ? nil : 1e-7
        #expect(try ControlCoding.decode(InspectionRecord.self, from: VerdictLine(record).bytes) == record)
    }

    @Test func aLineOfAnOlderVersionHasNoStored() throws {
        let line = String(decoding: VerdictLine(JournalHarness.record(3)).bytes, as: UTF8.self)
        let older = line.replacing(#","stored":"written""#, with: "")
        #expect(older != line)
        let record = try ControlCoding.decode(InspectionRecord.self, from: older.utf8)
        #expect(record.stored == nil && !record.durable)
    }
}
