import ControlProtocol
import Daemon
import TestSupport
import Testing

@Suite struct NormalRoutesTests {
    @Test func anAddedPictureIsStoredAndFitted() async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.post(TestPicture.png(1))
            #expect(reply.status == 202)
            let start = try reply.decoded(AddNormalsReply.self)
            #expect(start.operation == 1 && start.state == .running && start.recipe == "bottle")
            let end = try await line.end(of: start.operation)
            #expect(end.state == .done && end.stage == .fitting && end.generation == 1)
            #expect(end.shots.map(\.outcome) == [.added])
            let list = try await line.request("GET", "/v1/normals").decoded(NormalsReply.self)
            #expect(list.normals == end.shots.map(\.normal))
            #expect(list.normals.map(\.fitted) == [true])
            let shown = try await line.request("GET", "/v1/normals/\(list.normals[0].sha256.prefix(8))")
            #expect(shown.body == TestPicture.png(1))
            #expect(shown.head.lowercased().contains("content-type: image/png"))
            #expect(try await line.request("GET", "/v1/normals/operations").decoded(AddNormalsReply.self) == end)
        }
    }

    @Test func theSameBytesAgainChangeNothingAndFitNothing() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.add(TestPicture.png(1))
            let again = try await line.add(TestPicture.png(1))
            #expect(again.state == .done && again.generation == nil)
            #expect(again.shots.map(\.outcome) == [.duplicate])
            #expect(line.refit.status(of: "bottle").request == 1)
        }
    }

    @Test func aRepeatMakesUpForAFitThatWasNeverAskedFor() async throws {
        try await ControlHarness.serve { line async throws in
            #expect(try await line.add(TestPicture.png(1), query: "?refit=false").generation == nil)
            let again = try await line.add(TestPicture.png(1))
            #expect(again.shots.map(\.outcome) == [.duplicate])
            #expect(again.generation == 1)
        }
    }

    @Test func severalPicturesCanBeFittedOnce() async throws {
        try await ControlHarness.serve { line async throws in
            for shade: UInt8 in 1...3 {
                let end = try await line.add(TestPicture.png(shade), query: "?refit=false")
                #expect(end.state == .done && end.stage == .storing && end.generation == nil)
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
            let end = try await line.add(TestPicture.png(1), query: "?dry_run=true")
            #expect(end.state == .done && end.shots.map(\.outcome) == [.acceptable])
            #expect(line.recipe.view.normals.isEmpty)
            let bad = try await line.add(Array("no picture".utf8), query: "?dry_run=true")
            #expect(bad.shots.map { $0.refusal?.code } == [.imageRefused])
        }
    }

    @Test(arguments: ["?dryrun=true", "?force=yes", "?preview=1001", "?preview=-1", "?recipe=bottle&seq=3"])
    func whatIsSpeltWronglyIsRefusedBeforeAnythingIsDone(query: String) async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.post(TestPicture.png(1), query: query)
            #expect(reply.status == 400 && reply.errorCode == .invalidRequest)
            #expect(
                reply.text.contains("expected recipe, dry_run, refit, force, preview")
                    == (query.contains("run") || query.contains("seq")))
            #expect(try await line.request("GET", "/v1/normals/operations").status == 404)
        }
    }

    @Test(
        arguments: [
            "{}", #"{"sequence":3}"#, #"{"seq":3,"count":1}"#, #"{"seq":-1}"#, #"{"count":0}"#, #"{"count":33}"#, "[",
            "",
        ])
    func aBodyThatSaysNothingToTakeIsRefused(body: String) async throws {
        try await ControlHarness.serve { line async throws in
            #expect(try await line.post(body).errorCode == .invalidRequest)
        }
    }

    @Test func anOperationThatThereIsNotIsNotFound() async throws {
        try await ControlHarness.serve { line async throws in
            for number in ["1", "99"] {
                #expect(try await line.request("GET", "/v1/normals/operations/\(number)").status == 404)
            }
            #expect(try await line.request("GET", "/v1/normals/operations/x").status == 400)
            #expect(try await line.post(TestPicture.png(1), query: "?recipe=none").status == 404)
            #expect(try await line.post(#"{"camera":"none"}"#).status == 404)
        }
    }

    @Test(arguments: [
        [], Array("text".utf8), TestPicture.png(1, height: 1, width: 1), TestPicture.png(1, height: 31, width: 400),
        TestPicture.png(1).dropLast(20),
    ])
    func whatIsNoPictureOfAPartIsRefusedAndStoresNothing(body: [UInt8]) async throws {
        try await ControlHarness.serve { line async throws in
            let end = try await line.add(body)
            #expect(end.state == .done)
            #expect(end.shots.map(\.outcome) == [.refused])
            #expect(end.shots.map { $0.refusal?.code } == [.imageRefused])
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
            try await line.add(TestPicture.png(1), query: "?refit=false")
            let second = try await line.add(TestPicture.png(2), query: "?refit=false")
            let name = try #require(second.shots[0].normal).sha256
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
            #expect(try await line.take(#"{"seq":3}"#).shots.map(\.outcome) == [.added])
            #expect(line.recipe.view.normals.count == 1)
            for missing in [1, 4, 5, 6, 99] {
                let end = try await line.take(#"{"seq":\#(missing)}"#)
                #expect(end.shots.map { $0.refusal?.code } == [.notFound])
            }
        }
    }
}
