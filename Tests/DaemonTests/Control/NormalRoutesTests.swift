import ControlProtocol
import Daemon
import TestSupport
import Testing

@Suite struct NormalRoutesTests {
    @Test func anAddedPictureIsStoredAndFitted() async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.add(TestPicture.png(1))
            #expect(reply.status == 201)
            let added = try reply.decoded(AddNormalReply.self)
            #expect(added.outcome == .added)
            #expect(added.fit?.request == 1)
            try await line.waitForFit(1)
            let list = try await line.request("GET", "/v1/normals").decoded(NormalsReply.self)
            #expect(list.normals.map(\.sha256) == [added.normal.sha256])
            #expect(list.normals.map(\.fitted) == [true])
            let shown = try await line.request("GET", "/v1/normals/\(added.normal.sha256.prefix(8))")
            #expect(shown.body == TestPicture.png(1))
            #expect(shown.head.lowercased().contains("content-type: image/png"))
        }
    }

    @Test func theSameBytesAgainChangeNothingAndFitNothing() async throws {
        try await ControlHarness.serve { line async throws in
            _ = try await line.add(TestPicture.png(1))
            try await line.waitForFit(1)
            let again = try await line.add(TestPicture.png(1))
            #expect(again.status == 200)
            #expect(try again.decoded(AddNormalReply.self).outcome == .duplicate)
            #expect(try again.decoded(AddNormalReply.self).fit == nil)
        }
    }

    @Test func severalPicturesCanBeFittedOnce() async throws {
        try await ControlHarness.serve { line async throws in
            for shade: UInt8 in 1...3 {
                let reply = try await line.add(TestPicture.png(shade), query: "?refit=false")
                #expect(try reply.decoded(AddNormalReply.self).fit == nil)
            }
            #expect(line.recipe.view.active == nil)
            _ = try await line.request("POST", "/v1/refit")
            try await line.waitForFit(1)
            #expect(line.recipe.view.active?.summary.shots.count == 3)
            #expect(line.recipe.view.active?.generation == 1)
        }
    }

    @Test func aDryRunSaysWhatWouldHappenAndStoresNothing() async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.add(TestPicture.png(1), query: "?dry_run=true")
            #expect(try reply.decoded(AddNormalReply.self).outcome == .acceptable)
            #expect(line.recipe.view.normals.isEmpty)
            #expect(try await line.add(Array("no picture".utf8), query: "?dry_run=true").errorCode == .imageRefused)
        }
    }

    @Test(arguments: [
        [], Array("text".utf8), TestPicture.png(1, height: 1, width: 1), TestPicture.png(1, height: 31, width: 400),
        TestPicture.png(1).dropLast(20),
    ])
    func whatIsNoPictureOfAPartIsRefusedAndStoresNothing(body: [UInt8]) async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.add(body)
            #expect(reply.status == 422)
            #expect(reply.errorCode == .imageRefused)
            #expect(try line.folder.names(in: "recipes/bottle/normals").isEmpty)
            #expect(line.refit.status(of: "bottle").request == 0)
        }
    }

    @Test func bytesThatDoNotClaimToBeAPictureAreRefused() async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.request("POST", "/v1/normals", body: "GIF89a")
            #expect(reply.status == 415)
            #expect(reply.errorCode == .unsupportedType)
        }
    }

    @Test func aPictureOverTheBoundIsRefusedBeforeItIsRead() async throws {
        try await ControlHarness.serve { line async throws in
            let client = try UnixClient(line.socket)
            client.send(
                "POST /v1/normals HTTP/1.1\r\nHost: fsac\r\nContent-Type: image/png\r\nContent-Length: 1073741824\r\n\r\n"
            )
            let reply = await client.receive(until: "}}")
            #expect(reply.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func anUploadThatBreaksOffStoresNothing() async throws {
        try await ControlHarness.serve { line async throws in
            let picture = TestPicture.png(1)
            do {
                let client = try UnixClient(line.socket)
                client.send(
                    "POST /v1/normals HTTP/1.1\r\nHost: fsac\r\nContent-Type: image/png\r\n"
                        + "Content-Length: \(picture.count)\r\n\r\n")
                client.send(Array(picture.dropLast()))
            }
            #expect(try await line.request("GET", "/v1/normals").decoded(NormalsReply.self).normals.isEmpty)
            #expect(try line.folder.names(in: "recipes/bottle/normals").isEmpty)
        }
    }

    @Test func aRemovedShotIsGoneAndTheRestFitted() async throws {
        try await ControlHarness.serve { line async throws in
            _ = try await line.add(TestPicture.png(1), query: "?refit=false")
            let second = try await line.add(TestPicture.png(2), query: "?refit=false")
            let name = try second.decoded(AddNormalReply.self).normal.sha256
            #expect(try await line.request("DELETE", "/v1/normals/\(name)").status == 200)
            try await line.waitForFit(1)
            #expect(line.recipe.view.active?.summary.shots.count == 1)
            #expect(try await line.request("DELETE", "/v1/normals/\(name)").status == 404)
            let last = try #require(line.recipe.view.normals.first).sha256
            #expect(try await line.request("DELETE", "/v1/normals/\(last)").status == 409)
        }
    }

    @Test func theStoredPictureOfAVerdictBecomesAShot() async throws {
        try await ControlHarness.serve { line async throws in
            try line.folder.write(TestPicture.png(1), to: "images/2026/01/02/3.jpg")
            line.verdicts.append(3, .ng, image: "images/2026/01/02/3.jpg")
            line.verdicts.append(4, .ng, image: "images/2026/01/02/4.jpg")
            line.verdicts.append(5, .ng)
            line.verdicts.append(6, .ng, image: "../recipes/bottle/current")
            let reply = try await line.request("POST", "/v1/normals/from-verdict", body: #"{"seq":3}"#)
            #expect(reply.status == 201)
            #expect(line.recipe.view.normals.count == 1)
            for missing in [1, 4, 5, 6, 99] {
                let reply = try await line.request("POST", "/v1/normals/from-verdict", body: #"{"seq":\#(missing)}"#)
                #expect(reply.status == 404)
            }
        }
    }
}
