import ControlProtocol
import Daemon
import Glibc
import Page
import Platform
import ServiceLifecycle
import Settings
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PageServerTests {
    /// All that the page's listener may answer, by hand beside the daemon's own list.
    private static let open =
        PageFile.all.map(\.path) + [
            "/v1/status", "/v1/stream", "/v1/history", "/v1/statistics", "/v1/inspections/1", "/v1/inspections/1/image",
            "/v1/inspections/1/heatmap", "/v1/inspections/1/nearest", "/v1/judgements", "/v1/actions", "/v1/lots",
            "/metrics",
        ]

    @Test func thePageComesWithAllItsFilesAndMayLoadNothingElse() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            for file in PageFile.all {
                let reply = try await line.page(file.path)
                #expect(reply.status == 200 && reply.body == file.bytes, "\(file.path)")
                let head = reply.head.lowercased()
                #expect(head.contains("content-type: \(file.type)"))
                #expect(head.contains("content-security-policy: default-src 'self';"))
                #expect(head.contains("frame-ancestors 'none'") && head.contains("x-content-type-options: nosniff"))
                #expect(head.contains("cache-control: no-store") && !head.contains("access-control"))
            }
            #expect(try await line.page("/?lang=de&camera=cam0").status == 200)
            #expect(try await line.page("/v1/status").head.lowercased().contains("content-security-policy"))
        }
    }

    @Test func nothingThatChangesAnythingCanBeReached() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            let routes = try await line.routes()
            #expect(routes.count > 25)
            let paths = Set(
                routes.map(\.path) + Self.open + ["/nowhere", "/assets/", "/assets/../v1/reload", "//v1/reload"])
            let events = line.events.lastSequence
            for path in paths {
                for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "PROPFIND"] {
                    let status = try await line.page(path, method: method, body: "{}").status
                    #expect([400, 404, 405].contains(status), "\(method) \(path): \(status)")
                }
                if Self.open.contains(path) { continue }
                let status = try await line.page(path).status
                #expect(status == 404, "GET \(path): \(status)")
            }
            #expect(line.events.lastSequence == events)
        }
    }

    @Test(arguments: [
        ("localhost", 200), ("localhost:8744", 200), ("127.0.0.1:8744", 200), ("[::1]:8744", 200), ("LOCALHOST", 200),
        ("press-4.plant", 200), ("PRESS-4.plant:80", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8744", 421), ("localhost:80@evil.example", 421), ("evil.example:localhost", 421),
        ("", 421), ("[::1", 421), ("localhost.", 421),
    ])
    func onlyByItsOwnNamesThePageIsShown(host: String, status: Int) async throws {
        try await ControlHarness.serve(pageHosts: ["press-4.plant"]) { line async throws in
            for path in ["/", "/v1/status", "/v1/stream?heartbeat_ms=1", "/nowhere"] {
                let expected =
                    status != 200 ? status : ["/": 200, "/v1/status": 200, "/nowhere": 404][path, default: 400]
                #expect(try await line.page(path, host: host).status == expected, "\(path)")
            }
        }
    }

    @Test func whoNamesNoHostOrTwoIsRefused() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            #expect([400, 421].contains(try await line.page("/v1/status", host: nil).status))
            let twice = try await line.page("/v1/status", host: "evil.example", headers: ["Host: localhost"])
            #expect([400, 421].contains(twice.status))
        }
    }

    @Test func anotherSitesPageReadsNothingButMayLeadHere() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            for site in ["cross-site", "same-site"] {
                let headers = ["Sec-Fetch-Site: \(site)", "Origin: http://evil.example"]
                for path in ["/v1/status", "/v1/stream", "/v1/inspections/1/image", "/assets/main.js"] {
                    #expect(try await line.page(path, headers: headers).status == 403, "\(path)")
                }
                #expect(try await line.page("/", headers: headers).status == 200)
            }
            for site in ["same-origin", "none"] {
                #expect(try await line.page("/v1/status", headers: ["Sec-Fetch-Site: \(site)"]).status == 200)
            }
        }
    }

    @Test func aRequestThatIsTooLargeOrNoneIsRefused() async throws {
        try await ControlHarness.serve(pageHosts: []) { line async throws in
            #expect(try await line.page("/v1/history?since=\(String(repeating: "1", count: 3000))").status == 414)
            let long = try await line.page("/", headers: ["X-Long: \(String(repeating: "x", count: 40_000))"])
            #expect(long.status == 431)
            #expect(try await line.page("/", body: String(repeating: "x", count: 70_000)).status == 413)
            let client = try UnixClient(port: line.pagePort)
            client.send("\u{16}\u{03}\u{01} no HTTP\r\n\r\n")
            #expect(await client.receive().contains(" 400 "))
            #expect(try await line.page("/v1/status").status == 200)
        }
    }

    @Test func aPageThatCannotBeServedIsAWarningUntilItCan() async throws {
        let folder = try TemporaryFolder()
        let (descriptor, port) = try UnixClient.listener()
        let listening = PageListening()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let control = try ControlHarness.server(folder, socket: "\(folder.path)/control.sock")
            let address = try #require(ListenAddress("127.0.0.1:\(port)"))
            let group = ServiceGroup(
                services: [
                    PageServer(
                        PageSettings(PagePlace(address: address)), control: control, listening: listening,
                        logger: .silent)
                ], logger: .silent)
            tasks.addTask { try await group.run() }
            while listening.findings.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(listening.findings.allSatisfy { $0.state == nil && $0.place == "page" })
            close(descriptor)
            while !listening.findings.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect((try? UnixClient(port: port)) != nil)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
