import ControlProtocol
import Core
import Daemon
import FuzzTargets
import Testing

/// What a client sends may be anything: it is answered or cut off, and the daemon goes on.
@Suite struct ControlFuzzTests {
    private static let requests =
        [
            "GET /v1/status HTTP/1.1\r\nHost: fsac\r\n\r\n",
            "GET /v1/history?since=1&limit=20&verdict=NG HTTP/1.1\r\nHost: fsac\r\n\r\n",
            "GET /v1/refit?recipe=bottle&request=1 HTTP/1.1\r\nHost: fsac\r\n\r\n",
            "GET /v1/normals/operations/1 HTTP/1.1\r\nHost: fsac\r\n\r\n",
            "GET /v1/inspections/7/image HTTP/1.1\r\nHost: fsac\r\n\r\n",
            "DELETE /v1/normals/0123456789ab?refit=false HTTP/1.1\r\nHost: fsac\r\n\r\n",
            "PUT /v1/limit?recipe=bottle HTTP/1.1\r\nHost: fsac\r\nContent-Length: 14\r\n\r\n{\"value\":0.42}",
            "POST /v1/trigger HTTP/1.1\r\nHost: fsac\r\nContent-Length: 26\r\n\r\n{\"camera\":\"cam0\",\"part\":\"\"}",
            "POST /v1/recipes/use HTTP/1.1\r\nHost: fsac\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n"
                + "{\"recipe\":\"bottle\"}\r\n0\r\n\r\n",
            "POST /v1/models/rollback HTTP/1.1\r\nHost: fsac\r\nContent-Length: 16\r\n\r\n{\"generation\":1}",
            "POST /v1/commission HTTP/1.1\r\nHost: fsac\r\nContent-Length: 12\r\n\r\n{\"parts\":99}",
        ].map { Array($0.utf8) }
        + [
            Array(
                "POST /v1/normals?dry_run=true&preview=0 HTTP/1.1\r\nHost: fsac\r\nContent-Length: 100\r\n\r\n".utf8)
                + TestPicture.png(1).prefix(100)
        ]

    @Test func damagedRequestsAreAnsweredOrCutOffAndTheDaemonGoesOn() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.add(TestPicture.png(1))
            try await line.waitForFit(1)
            var mutation = Mutation(of: Self.requests, seed: 5)
            for round in 0..<40 {
                // Side by side, and most of them leave without waiting for an answer.
                let clients = try (0..<10).map { _ in try UnixClient(line.socket) }
                for client in clients { client.send(mutation.next()) }
                if round % 10 == 0 { clients[0].send("\r\n\r\n") }
                let reply = try await line.request("GET", "/v1/status")
                try #require(reply.status == 200, "after \(round * 10) requests")
            }
            #expect(line.recipe.view.active != nil)
        }
    }
}
