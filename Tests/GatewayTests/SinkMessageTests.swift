import ControlProtocol
import Foundation
import Gateway
import Platform
import Testing

@Suite struct SinkMessageTests {
    private func message(_ text: String) throws -> SinkMessage? {
        SinkMessage(try FeedLine(Array(text.utf8)), journal: "7f3c9a10d2b4e856", station: "press-4")
    }

    @Test func aVerdictIsTheJournalsLineWithItsKeyInFrontAndWithoutAChecksumThatDoesNotHoldAnyMore() throws {
        let message = try #require(
            try message(#"{"seq":18204,"time":"t","camera":"camera1","verdict":"NG","score":1.83,"crc":"0a1b2c3d"}"#))
        #expect(
            String(decoding: message.payload, as: UTF8.self)
                == #"{"journal":"7f3c9a10d2b4e856","station":"press-4","seq":18204,"time":"t","camera":"camera1","verdict":"NG","score":1.83}"#
        )
        #expect(message.subject == .verdict(.ng, camera: "camera1"))
        #expect(message.place == SinkPlace(journal: "7f3c9a10d2b4e856", seq: 18204))
        let topics = MQTTTopics(station: "press-4")
        #expect(topics.topic(of: message.subject) == "fsac/press-4/camera1/verdict")
        #expect(
            MQTTTopics.properties(of: message).map(\.value) == ["7f3c9a10d2b4e856", "18204", "NG"])
    }

    @Test func alarmsAnchorsAndOtherEventsHaveTopicsOfTheirOwn() throws {
        let topics = MQTTTopics(station: "press-4")
        for (kind, topic) in [
            ("alarm", "alarm"), ("acknowledged", "alarm"), ("anchor", "anchor"), ("limit", "event"),
            ("of_tomorrow", "event"),
        ] {
            let message = try #require(try message(#"{"seq":3,"time":"t","event":"\#(kind)","origin":"daemon"}"#))
            #expect(topics.topic(of: message.subject) == "fsac/press-4/\(topic)")
        }
    }

    @Test(arguments: ["", "{}", "[1]", #"{"seq":1}"#, #"{"type":"gap","from":3,"to":2}"#, #"{"verdict":"OK","seq":1}"#])
    func whatIsNoLineOfTheJournalIsRefused(text: String) {
        #expect(throws: (any Error).self) { try FeedLine(Array(text.utf8)) }
    }

    @Test(arguments: [0x85, 0x86, 0x87, 0x8B, 0x8E, 0x95, 0x97, 0x9A, 0x9B, 0xA1] as [CInt])
    func everyReasonOfABrokerIsSaidInWordsWithItsNumber(code: CInt) {
        let words = MQTTReason.words(code, topic: "fsac/press-4/camera1/verdict")
        #expect(words.contains("0x" + String(code, radix: 16, uppercase: true)) && words.count > 20)
    }

    @Test func theStateOfALineThatIsNotKnownSaysSo() throws {
        let state = StationState(nil, station: "press-4", lastSequence: 7)
        let text = String(decoding: try ControlCoding.encode(state), as: UTF8.self)
        #expect(text == #"{"fault":"fsacd does not answer","state":"not_known","station":"press-4"}"#)
    }

    @Test func theStateHasWhatKeepsPartsFromTheirVerdicts() throws {
        let test = TestDesk()
        let well = StationState(test.status(), station: "press-4", lastSequence: 7)
        #expect(well.state == "inspecting" && well.fault == nil)
        let lost = StationState(test.status(.cameraLost), station: "press-4", lastSequence: 8)
        #expect(lost.state == "camera_lost")
        #expect(lost.comparable != well.comparable)
        #expect(StationState(test.status(), station: "press-4", lastSequence: 9).comparable == well.comparable)
    }
}

@Suite struct SinkFilesTests {
    private func withFolder(_ body: (SinkFiles, String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fsac-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(SinkFiles(directory: folder), folder)
    }

    @Test func aCursorIsReadAsItWasKept() throws {
        try withFolder { files, _ in
            #expect(try files.cursor(of: "mes") == SinkCursor())
            let cursor = SinkCursor(verdicts: SinkPlace(journal: "a", seq: 7), events: SinkPlace(journal: "a", seq: 2))
            try files.keep(cursor, of: "mes")
            #expect(try files.cursor(of: "mes") == cursor)
        }
    }

    /// To begin anew could leave out lines without a word.
    @Test(arguments: ["", "{}", #"{"verdicts":{"journal":"a","seq":9}}"#])
    func aCursorThatIsDamagedIsNotBegunAnew(text: String) throws {
        try withFolder { files, folder in
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/sink-mes.json"))
            let error = #expect(throws: CursorError.self) { try files.cursor(of: "mes") }
            #expect(error?.description.contains("from = \"start\"") == true)
        }
    }

    @Test func howSinksDoIsReadAsItWasTold() throws {
        try withFolder { files, _ in
            let report = SinksReport(
                time: WallTime.now.rfc3339,
                sinks: [
                    SinkReport(
                        name: "mes", kind: "mqtt", receiver: "mqtts://b:8883", state: .refused, reason: "0x87",
                        delivered: SinkPlace(journal: "a", seq: 3), behind: 4)
                ])
            try files.tell(report)
            try files.tell(report)
            #expect(try files.report() == report)
            #expect(report.line == "mes refused")
        }
    }
}
