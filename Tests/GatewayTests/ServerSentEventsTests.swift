import ControlClient
import ControlProtocol
import Testing

@Suite struct ServerSentEventsTests {
    @Test func eventsAreFoundInPiecesOfAnySize() throws {
        let text = Array("id: 7\nevent: verdict\ndata: {\"seq\":7}\n\n: nothing\n\nevent: gap\ndata: x\n\n".utf8)
        for size in 1...text.count {
            var (events, found) = (ServerSentEvents(), [ServerSentEvents.Event]())
            for start in stride(from: 0, to: text.count, by: size) {
                let complete = events.take(text[start..<min(start + size, text.count)])
                found += try #require(complete)
            }
            #expect(found.map(\.name) == ["verdict", "gap"])
            #expect(found.map { String(decoding: $0.data, as: UTF8.self) } == ["{\"seq\":7}", "x"])
        }
    }

    @Test func aLineWithoutAnEndIsNoEvent() {
        var events = ServerSentEvents()
        #expect(events.take([UInt8](repeating: 0x61, count: 5 << 20)) == nil)
    }

    @Test func anEventOfANewerDaemonIsPassedOver() throws {
        #expect(try StreamEvent(name: "anchor", data: []) == nil)
        #expect(
            try StreamEvent(name: "gap", data: Array(#"{"from":1,"to":2,"type":"gap"}"#.utf8))
                == .gap(TailGap(from: 1, to: 2)))
        #expect(throws: (any Error).self) { try StreamEvent(name: "heartbeat", data: Array("{}".utf8)) }
    }
}
