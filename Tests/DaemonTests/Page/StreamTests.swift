import ControlProtocol
import Daemon
import Testing

@Suite(.timeLimit(.minutes(2))) struct StreamTests {
    private struct Event: Equatable {
        var name: String
        var id: String?
        var data: String

        func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
            try ControlCoding.decode(type, from: data.utf8)
        }
    }

    /// Complete events, as a browser reads them.
    private func events(_ text: String) -> [Event] {
        text.replacing("\r\n", with: "\n").components("\n\n").dropLast().compactMap { block in
            let fields = block.split(separator: "\n").map { $0.split(separator: ": ", maxSplits: 1).map(String.init) }
            let values = fields.filter { $0.count == 2 }
            guard let name = values.first(where: { $0[0] == "event" })?[1] else { return nil }
            return Event(
                name: name, id: values.first { $0[0] == "id" }?[1], data: values.first { $0[0] == "data" }?[1] ?? "")
        }
    }

    @Test func aScreenIsToldHowTheLineIsThenTheNewestPartsThenSignsOfLife() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            for sequence in 1...5 { line.verdicts.append(UInt64(sequence), .ok) }
            let screen = try line.follower("/v1/stream?last=2&heartbeat_ms=100")
            let told = events(
                await screen.receive(until: "event: heartbeat") + (await screen.receive(until: "event: heartbeat")))
            #expect(told.prefix(4).map(\.name) == ["state", "verdict", "verdict", "heartbeat"])
            #expect(told.dropFirst().prefix(2).map(\.id) == ["4", "5"])
            #expect(told[1].data == #"{"seq":4,"verdict":"OK"}"#)
            let status = try told[0].decoded(StatusReply.self)
            #expect(status.station == "press-4" && status.cameras.map(\.name) == ["cam0"])
            let heartbeat = try told[3].decoded(Heartbeat.self)
            #expect(heartbeat.lastSequence == 5 && heartbeat.state == .inspecting)
        }
    }

    @Test func aPartComesWhenItIsJudgedAndNotWithTheNextSignOfLife() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            let screen = try line.follower("/v1/stream?heartbeat_ms=10000")
            _ = await screen.receive(until: "event: heartbeat")
            line.verdicts.append(1, .ng)
            // The next sign of life is ten seconds away: the part is not behind it.
            let told = await screen.receive(until: #""verdict":"NG""#)
            #expect(!told.contains("event: heartbeat"))
        }
    }

    @Test func aFaultIsToldWithoutAPartAndKeepsItsBeginning() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            let screen = try line.follower("/v1/stream?heartbeat_ms=100")
            _ = await screen.receive(until: "event: heartbeat")
            func told(after seconds: Int) async throws -> FindingReply {
                line.line.change {
                    $0.health = Health([Finding("camera cam0", .cameraLost, "no frames for \(seconds) s")])
                }
                let text = await screen.receive(until: "for \(seconds) s") + (await screen.receive(until: "heartbeat"))
                let state = try #require(events(text).last { $0.name == "state" })
                return try #require(try state.decoded(StatusReply.self).causes.first)
            }
            let (first, later) = (try await told(after: 3), try await told(after: 4))
            #expect(first.state == .cameraLost && first.since != nil && first.since == later.since)
        }
    }

    @Test func aStateThatStaysIsToldOnce() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            let screen = try line.follower("/v1/stream?heartbeat_ms=100")
            var text = ""
            for _ in 1...4 { text += await screen.receive(until: "event: heartbeat") }
            #expect(events(text).filter { $0.name == "state" }.count == 1)
        }
    }

    @Test func aBrowserThatComesBackGoesOnBehindTheLastPartThatItGot() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            for sequence in 1...9 { line.verdicts.append(UInt64(sequence), .ok) }
            let again = try line.follower("/v1/stream?last=2", headers: ["Last-Event-ID: 4"])
            #expect(
                events(await again.receive(until: "event: heartbeat")).compactMap(\.id) == ["5", "6", "7", "8", "9"])
            // Of another journal, which had more.
            let other = try line.follower("/v1/stream?last=2", headers: ["Last-Event-ID: 400"])
            #expect(events(await other.receive(until: "event: heartbeat")).compactMap(\.id) == ["8", "9"])
        }
    }

    @Test func partsThatRetentionTookAreAGap() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            for sequence in 1...9 { line.verdicts.append(UInt64(sequence), .ok) }
            line.verdicts.forget(before: 7)
            let screen = try line.follower("/v1/stream?since=3")
            let told = events(await screen.receive(until: "event: heartbeat"))
            #expect(told.map(\.name).prefix(3) == ["state", "gap", "verdict"])
            #expect(try told[1].decoded(TailGap.self) == TailGap(from: 3, to: 6))
        }
    }

    @Test func aScreenThatDoesNotReadHoldsNobodyUp() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            let idle = try line.follower("/v1/stream?since=1")
            for sequence in 1...20_000 { line.verdicts.append(UInt64(sequence), .ok) }
            let other = try line.follower("/v1/stream?last=1")
            #expect(events(await other.receive(until: "event: heartbeat")).contains { $0.id == "20000" })
            #expect(try await line.page("/v1/status").status == 200)
            #expect(await idle.receive(until: "id: 20000").contains("id: 1\n"))
        }
    }

    @Test func theSeventeenthScreenIsToldSoAndGetsThePlaceOfOneThatLeaves() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            var screens: [UnixClient] = []
            for _ in 1...16 {
                screens.append(try line.follower("/v1/stream?heartbeat_ms=100"))
                _ = await screens.last?.receive(until: "event: heartbeat")
            }
            let refusal = try await line.page("/v1/stream")
            #expect(refusal.status == 503 && refusal.errorCode == .unavailable)
            // The control socket has places of its own.
            let follower = try UnixClient(line.socket)
            follower.send("GET /v1/stream HTTP/1.1\r\nHost: fsac\r\n\r\n")
            #expect(await follower.receive(until: "event: heartbeat").contains("event: state"))
            screens.removeLast()
            var isIn = false
            while !isIn {
                let next = try line.follower("/v1/stream")
                isIn = await next.receive(until: "\r\n\r\n").contains(" 200 ")
            }
        }
    }

    @Test func aFifthScreenOfOneOtherComputerIsToldSoAndOthersHaveTheirPlaces() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            func ask(_ computer: UInt32) async throws -> (UnixClient, answer: String) {
                let screen = try line.follower("/v1/stream?heartbeat_ms=100", from: computer)
                return (screen, await screen.receive(until: "\r\n\r\n"))
            }
            var screens: [UnixClient] = []
            for _ in 1...4 {
                let (screen, answer) = try await ask(1)
                #expect(answer.contains(" 200 "))
                screens.append(screen)
            }
            #expect(try await ask(1).answer.contains(" 503 "))
            // Another one, and this computer itself, however many it has.
            for computer in [2, 0, 0, 0, 0, 0] as [UInt32] {
                let (screen, answer) = try await ask(computer)
                #expect(answer.contains(" 200 "), "\(computer)")
                screens.append(screen)
            }
            screens.removeFirst()
            var isIn = false
            while !isIn { isIn = try await ask(1).answer.contains(" 200 ") }
        }
    }

    @Test(arguments: ["heartbeat_ms=99", "heartbeat_ms=10001", "since=7", "last=x", "from=1"])
    func whatIsAskedForWronglyIsRefused(query: String) async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            #expect(try await line.page("/v1/stream?\(query)").status == 400)
        }
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
