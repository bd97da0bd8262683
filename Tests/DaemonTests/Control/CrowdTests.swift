import ControlProtocol
import Daemon
import NIOCore
import ServiceLifecycle
import TestSupport
import Testing

/// Many clients at once, and clients that bring much.
@Suite(.timeLimit(.minutes(1))) struct CrowdTests {
    /// Sends the head of a request with a body, and a piece of it once the daemon has taken the head.
    private func halfBody(_ line: ControlHarness, type: String, count: Int) async throws -> (UnixClient, String) {
        let client = try UnixClient(line.socket)
        client.send(
            "POST /v1/normals HTTP/1.1\r\nHost: fsac\r\nContent-Type: \(type)\r\nContent-Length: \(count)\r\n"
                + "Expect: 100-continue\r\n\r\n")
        let answer = await client.receive(until: "\r\n\r\n")
        client.send("{")
        return (client, answer)
    }

    @Test func connectionsThatDoNothingGiveWay() async throws {
        let patience = TimeAmount.seconds(60)
        try await ControlHarness.serve({
            $0.maxConnections = 2
            ($0.headerTimeout, $0.requestTimeout, $0.idleTimeout) = (patience, patience, patience)
        }) { line async throws in
            var idle: [UnixClient] = []
            for number in 0..<100 {
                let client = try UnixClient(line.socket)
                if number.isMultiple(of: 2) { client.send("GET /v1/limit HTTP/1.1\r\nX-Slow: a") }
                idle.append(client)
            }
            // Each of them has had its turn by then.
            while idle.count(where: { $0.isGone(within: 0) }) < 98 { try await Task.sleep(for: .milliseconds(2)) }
            #expect(try await line.request("GET", "/v1/recipes").status == 200)
            #expect(try await line.request("GET", "/healthz").status == 200)
        }
    }

    @Test func healthIsAnsweredWhenAllPlacesAreAtWork() async throws {
        try await ControlHarness.serve({
            $0.maxConnections = 2
            $0.requestTimeout = .seconds(60)
        }) { line async throws in
            var busy: [UnixClient] = []
            // Also root's four, should it be root that runs this.
            for _ in 0..<6 { busy.append(try await halfBody(line, type: "application/json", count: 100).0) }
            let idle = try (0..<50).map { _ in try UnixClient(line.socket) }
            while idle.count(where: { $0.isGone(within: 0) }) < 42 { try await Task.sleep(for: .milliseconds(2)) }
            for path in ["/healthz", "/v1/status", "/metrics"] {
                #expect(try await line.request("GET", path).status == 200)
            }
            let refused = try await line.request("GET", "/v1/recipes")
            #expect(refused.status == 503 && refused.errorCode == .unavailable)
            #expect(refused.head.contains("Retry-After: 1"))
            busy.removeLast(6)
            while try await line.request("GET", "/v1/recipes").status != 200 {
                try await Task.sleep(for: .milliseconds(2))
            }
            withExtendedLifetime((busy, idle)) {}
        }
    }

    @Test func picturesThatAreTogetherTooLargeAreRefusedBeforeTheyAreSent() async throws {
        try await ControlHarness.serve({ $0.requestTimeout = .seconds(60) }) { line async throws in
            var uploads: [UnixClient] = []
            for _ in 0..<3 {
                let (client, answer) = try await halfBody(line, type: "image/png", count: ControlLimits.imageBytes)
                #expect(answer.hasPrefix("HTTP/1.1 100"))
                uploads.append(client)
            }
            let (_, refusal) = try await halfBody(line, type: "image/png", count: 1000)
            #expect(refusal.hasPrefix("HTTP/1.1 503") && refusal.contains("Retry-After: 1"))
            // Whoever sends all the same reads the answer.
            let sent = try await line.post([UInt8](repeating: 1, count: 1 << 20))
            #expect(sent.status == 503 && sent.text.contains("on their way"))
            // Who brings little is let in.
            #expect(try await line.post("{}").status == 400)
            uploads.removeAll()
            while try await line.post(TestPicture.png(1), query: "?dry_run=true").status != 202 {
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    @Test func aServerThatIsCancelledWhileClientsConnectJustEnds() async throws {
        for round in 0..<20 {
            let folder = try TemporaryFolder()
            let socket = "\(folder.path)/control.sock"
            let server = Task { try await ControlHarness.run(folder, socket: socket) }
            while (try? UnixClient(socket)) == nil { try await Task.sleep(for: .milliseconds(1)) }
            let clients = Task.detached {
                var clients: [UnixClient] = []
                while !Task.isCancelled, clients.count < 500 {
                    guard let client = try? UnixClient(socket) else { break }
                    client.send("GET /v1/tail HTTP/1.1\r\nHost: fsac\r\n\r\n")
                    clients.append(client)
                }
                return clients
            }
            try await Task.sleep(for: .milliseconds(round % 5))
            server.cancel()
            _ = await server.result
            clients.cancel()
            _ = await clients.value
        }
    }
}

@Suite struct ConnectionPlacesTests {
    private typealias Places = ConnectionPlaces<Int>
    private typealias Admission = (place: Places.Place?, leaving: Int?)

    @Test func theOneThatIsIdleForLongestGivesWay() {
        var places = Places(ordinary: 2, root: 1, vital: 1)
        let admitted = (1...2).map { places.admit($0, isRoot: false) }
        #expect(admitted.allSatisfy { $0 == (.ordinary, nil) })
        let hasBegun = places.begin(1)
        #expect(hasBegun)
        places.end(1)
        let (third, fourth) = (places.admit(3, isRoot: false), places.admit(4, isRoot: true))
        #expect(third == (.ordinary, 2) && fourth == (.ordinary, 1))
        let isStillThere = places.begin(2)
        #expect(!isStillThere && places.count == 2)
    }

    @Test func oneAtWorkNeverGivesWay() {
        var places = Places(ordinary: 2, root: 1, vital: 1)
        func admitAndBegin(_ id: Int, isRoot: Bool = false) -> Admission {
            let admission = places.admit(id, isRoot: isRoot)
            _ = places.begin(id)
            return admission
        }
        _ = (admitAndBegin(1), admitAndBegin(2))
        let idle = places.admit(3, isRoot: false)
        #expect(idle == (.vital, nil))
        let last = admitAndBegin(4)
        #expect(last == (.vital, 3))
        let (refused, root, second) = (admitAndBegin(5), admitAndBegin(6, isRoot: true), admitAndBegin(7, isRoot: true))
        #expect(refused == (nil, nil) && root == (.root, nil) && second == (nil, nil))
        places.leave(2)
        let next = admitAndBegin(8)
        #expect(next == (.ordinary, nil))
    }
}
