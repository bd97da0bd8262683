import ControlProtocol
import Daemon
import Glibc
import NIOCore
import TestSupport
import Testing

@Suite struct ConnectionTests {
    @Test func aRequestHeadThatTricklesInIsCutOff() async throws {
        try await ControlHarness.serve({ $0.headerTimeout = .milliseconds(200) }) { line async throws in
            let slow = try UnixClient(line.socket)
            let start = ContinuousClock.now
            let trickle = Task {
                for character in "GET /v1/status HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaa" {
                    slow.send(String(character))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(await slow.receive().isEmpty)
            #expect(ContinuousClock.now - start < .seconds(20))
            trickle.cancel()
        }
    }

    @Test func aRequestBodyThatTricklesInIsCutOff() async throws {
        try await ControlHarness.serve({ $0.requestTimeout = .milliseconds(200) }) { line async throws in
            let slow = try UnixClient(line.socket)
            slow.send("PUT /v1/limit HTTP/1.1\r\nHost: fsac\r\nContent-Length: 1000\r\n\r\n{")
            #expect(await slow.receive().isEmpty)
        }
    }

    /// The request is carried out, and the connection is gone by then.
    @Test func whoLeavesAtOnceIsNamedAllTheSame() async throws {
        let log = LogRecord()
        try await ControlHarness.serve(logger: log.logger) { line async throws in
            for _ in 0..<60 {
                let client = try UnixClient(line.socket)
                client.send("POST /v1/reload HTTP/1.1\r\nHost: fsac\r\nContent-Length: 0\r\n\r\n")
            }
            while log.lines.count(where: { $0.contains("/v1/reload") }) < 60 {
                try await Task.sleep(for: .milliseconds(2))
            }
        }
        let lines = log.lines.filter { $0.contains("/v1/reload") }
        #expect(
            lines.allSatisfy { $0.contains("\"uid\": \(getuid())") && $0.contains("\"pid\": \(getpid())") }, "\(lines)"
        )
    }

    @Test func aConnectionWithoutRequestsIsClosed() async throws {
        try await ControlHarness.serve({ $0.idleTimeout = .milliseconds(200) }) { line async throws in
            let idle = try UnixClient(line.socket)
            idle.send("GET /healthz HTTP/1.1\r\nHost: fsac\r\n\r\n")
            // Ends when the daemon closes, not when the reply is complete.
            #expect(await idle.receive().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func followingTheJournalIsNotCutOff() async throws {
        let patience = TimeAmount.milliseconds(100)
        try await ControlHarness.serve({
            ($0.headerTimeout, $0.requestTimeout, $0.idleTimeout) = (patience, patience, patience)
        }) { line async throws in
            let follower = try UnixClient(line.socket)
            follower.send("GET /v1/tail?since=1 HTTP/1.1\r\nHost: fsac\r\n\r\n")
            try await Task.sleep(for: .milliseconds(500))
            line.verdicts.append(1, .ok)
            #expect(await follower.receive(until: #""seq":1"#).contains(#""seq":1"#))
        }
    }

    @Test func theHeadOfALaterRequestIsCutOffToo() async throws {
        try await ControlHarness.serve({
            ($0.headerTimeout, $0.idleTimeout) = (.milliseconds(200), .seconds(60))
        }) { line async throws in
            let slow = try UnixClient(line.socket)
            slow.send("GET /healthz HTTP/1.1\r\nHost: fsac\r\n\r\n")
            #expect(await slow.receive(until: "inspecting").hasPrefix("HTTP/1.1 200"))
            let trickle = Task {
                for character in "GET /healthz HTTP/1.1\r\nX-Slow: " + String(repeating: "a", count: 10_000) {
                    slow.send(String(character))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(await slow.hasHungUp())
            trickle.cancel()
        }
    }

    @Test func workIsNotCutOff() async throws {
        try await ControlHarness.serve({ $0.requestTimeout = .milliseconds(50) }) { line async throws in
            #expect(try await line.request("POST", "/v1/trigger", body: #"{"part":"slow"}"#).status == 200)
        }
    }

    @Test func aReplyThatNobodyReadsIsCutOff() async throws {
        try await ControlHarness.serve({ $0.requestTimeout = .milliseconds(200) }) { line async throws in
            for sequence in 1...20_000 { line.verdicts.append(UInt64(sequence), .ok) }
            let deaf = try UnixClient(line.socket)
            deaf.send("GET /v1/history?since=1&limit=100000 HTTP/1.1\r\nHost: fsac\r\n\r\n")
            #expect(await deaf.hasHungUp())
            #expect(await !deaf.receive().hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func requestsThatComeAtOnceAreAnsweredInTurn() async throws {
        try await ControlHarness.serve { line async throws in
            let client = try UnixClient(line.socket)
            let request = "GET /v1/recipes HTTP/1.1\r\nHost: fsac\r\n\r\n"
            client.send(request + request + "GET /healthz HTTP/1.1\r\nHost: fsac\r\nConnection: close\r\n\r\n")
            let replies = await client.receive()
            #expect(replies.matches(of: /HTTP\/1.1 200/).count == 3)
            #expect(replies.hasSuffix(#"{"causes":[],"state":"inspecting","warnings":[]}"# + "\n"))
        }
    }

    @Test(arguments: [
        "\r\n\r\n\u{0}\u{1}\u{2} nonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
    ])
    func whatIsNoHTTPIsRefusedAndTheServerLives(text: String) async throws {
        try await ControlHarness.serve { line async throws in
            let client = try UnixClient(line.socket)
            client.send(text)
            let reply = await client.receive()
            #expect(reply.hasPrefix("HTTP/1.1 400") && reply.contains("invalid_request"))
            #expect(try await line.request("GET", "/healthz").status == 200)
        }
    }

    @Test func aRequestHeadOverTheBoundIsRefused() async throws {
        try await ControlHarness.serve { line async throws in
            let client = try UnixClient(line.socket)
            let field = String(repeating: "a", count: ControlLimits.headerBytes)
            await onOwnThread { client.send("GET /healthz HTTP/1.1\r\nX-Long: \(field)\r\n\r\n") }
            #expect(await client.receive().hasPrefix("HTTP/1.1 431"))
            #expect(try await line.request("GET", "/healthz").status == 200)
        }
    }

    @Test func clientsThatVanishInTheMiddleHarmNothing() async throws {
        try await ControlHarness.serve { line async throws in
            line.verdicts.append(1, .ok)
            for _ in 0..<50 {
                let client = try UnixClient(line.socket)
                client.send("GET /v1/tail?since=1 HTTP/1.1\r\nHost: fsac\r\n\r\n")
            }
            for sequence in 2...50 { line.verdicts.append(UInt64(sequence), .ok) }
            #expect(try await line.request("GET", "/healthz").status == 200)
        }
    }
}

@Suite struct ControlSocketTests {
    private func start(_ path: String, group: String? = nil) async throws {
        try await ControlHarness.run(TemporaryFolder(), socket: path, group: group)
    }

    @Test func aLiveSocketOfAnotherProgramIsLeftAlone() async throws {
        try await ControlHarness.serve { line async throws in
            await #expect(throws: ControlSocketError.inUse(path: line.socket)) { try await start(line.socket) }
            #expect(try await line.request("GET", "/healthz").status == 200)
        }
    }

    @Test func aProgramThatListensAndTakesNobodyIsLeftAloneAndNotWaitedFor() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/control.sock"
        let listener = try UnixClient.listener(path, backlog: 0)
        defer { close(listener) }
        // One waits where one may: whoever comes now would wait for ever.
        let waiting = try UnixClient(path)
        await #expect(throws: ControlSocketError.inUse(path: path)) { try await start(path) }
        withExtendedLifetime(waiting) {}
    }

    @Test func aGroupAndAFolderThatAreNotThereAreNamed() async throws {
        let path = "/tmp/fsac-no-such-folder/control.sock"
        await #expect(throws: ControlSocketError.noSuchFolder(path: path)) { try await start(path) }
        let folder = try TemporaryFolder()
        await #expect(throws: ControlSocketError.noSuchGroup("no-such-group")) {
            try await start("\(folder.path)/control.sock", group: "no-such-group")
        }
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() async throws {
        let folder = try TemporaryFolder()
        try folder.write("precious", to: "control.sock")
        let path = "\(folder.path)/control.sock"
        await #expect(throws: ControlSocketError.notASocket(path: path)) { try await start(path) }
        #expect(try folder.text(of: "control.sock") == "precious")
    }

    @Test func aPathTheSystemCannotTakeIsRefused() async throws {
        let path = "/tmp/" + String(repeating: "x", count: 200)
        await #expect(throws: ControlSocketError.pathTooLong(path, limit: 107)) { try await start(path) }
    }
}
