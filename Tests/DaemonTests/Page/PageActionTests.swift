import ControlProtocol
import Daemon
import Foundation
import Journal
import Platform
import Settings
import Testing

/// What can be done from the operator's page, and by whom.
@Suite(.timeLimit(.minutes(1))) struct PageActionTests {
    /// As the page that was opened there asks.
    private static let own = [
        "Content-Type: application/json", "X-Fsac: 1", "Sec-Fetch-Site: same-origin", "Origin: http://localhost",
    ]
    private static let judgement = #"{"seq":1,"judged":"OK"}"#

    private func serve(
        _ actions: [Configuration.PageAction], hosts: [String] = [], pin: PINHash? = nil,
        _ body: (ControlHarness) async throws -> Void
    ) async throws {
        try await ControlHarness.serve(pageHosts: hosts, pageActions: actions, pin: pin) { line async throws in
            try line.verdicts.append(
                InspectionRecord(
                    seq: 1, time: "2026-01-02T03:04:05.000000Z", camera: "cam0", recipe: "bottle", generation: 1,
                    frame: "",
                    part: nil, verdict: .ng, cause: nil, score: 2, limit: 1, regions: [], latency: .init(), image: nil,
                    heatmap: nil, stored: .synced))
            try await body(line)
        }
    }

    /// What only some lines let be done, each as the page asks for it.
    private static let furtherChanges = [
        ("PUT", "/v1/lots", #"{"lot":"L-2231","camera":"cam0"}"#),
        ("POST", "/v1/recipes/use", #"{"recipe":"cap","camera":"cam0"}"#),
        ("POST", "/v1/trigger", #"{"camera":"cam0"}"#),
    ]

    private func act(
        _ path: String, _ body: String, method: String = "POST", headers: [String] = own, host: String = "localhost",
        on line: ControlHarness
    ) async throws -> Int {
        try await line.page(path, method: method, host: host, headers: headers, body: body, isActing: true).status
    }

    @Test func thePageThatWasOpenedThereJudgesAPart() async throws {
        try await serve([.judge]) { line async throws in
            let actions = try await line.page("/v1/actions", isActing: true)
            #expect(actions.text.contains(#"{"actions":["judge"],"pin":false}"#), "\(actions.text)")
            #expect(try await line.page("/v1/actions").text.contains(#"{"actions":[],"pin":false}"#))
            #expect(try await line.page("/", isActing: true).status == 200)
            #expect(try await act("/v1/judgements", Self.judgement, on: line) == 201)
            let judged = try await line.page("/v1/judgements").decoded(JudgementListReply.self)
            #expect(judged.parts == [.init(seq: 1, outcome: .good, defect: nil)])
            let event = try ControlCoding.decode(
                EventRecord.self, from: #require(try line.events.lines(from: 1, count: 10).last).bytes)
            #expect(event.event == .judgement && event.origin == .page && event.uid == nil)
            // Whoever is at the control socket is somebody else, and disagrees.
            #expect(
                try await line.request("POST", "/v1/judgements", body: #"{"seq":1,"judged":"NG","defect":"scratch"}"#)
                    .status == 201)
            let disputed = try await line.page("/v1/judgements").decoded(JudgementListReply.self)
            #expect(disputed.parts == [.init(seq: 1, outcome: .disputed, defect: "scratch")])
        }
    }

    @Test func whoActsIsInTheEventAsTheyCallThemselvesAndTwoWhoDifferAreTwo() async throws {
        try await serve([.judge, .acknowledge]) { line async throws in
            let named = { (name: String) in Self.own + ["X-Fsac-Name: \(name)"] }
            #expect(try await act("/v1/judgements", Self.judgement, headers: named("%20J%C3%BCrgen"), on: line) == 201)
            let other = Self.judgement.replacing("OK", with: "NG")
            #expect(try await act("/v1/judgements", other, headers: named("B-17"), on: line) == 201)
            #expect(try await act("/v1/alarms/acknowledge", "{}", headers: named("B-17%1B%5B31m"), on: line) == 200)
            #expect(try await act("/v1/alarms/acknowledge", "{}", headers: named("%20"), on: line) == 200)
            #expect(try await act("/v1/alarms/acknowledge", "{}", headers: named("%FF"), on: line) == 400)
            let events = try line.events.lines(from: 1, count: 10).map {
                try ControlCoding.decode(EventRecord.self, from: $0.bytes)
            }
            #expect(events.map(\.event) == [.judgement, .judgement, .acknowledged, .acknowledged])
            #expect(events.map(\.name) == ["Jürgen", "B-17", #"B-17\u{1B}[31m"#, nil])
            #expect(events.allSatisfy { $0.origin == .page && $0.uid == nil })
            let judged = try await line.page("/v1/judgements").decoded(JudgementListReply.self)
            #expect(judged.parts.map(\.outcome) == [.disputed])
            // By the control socket the kernel says who it is, and nothing else does.
            #expect(try await line.request("POST", "/v1/judgements", body: Self.judgement).status == 201)
            let last = try ControlCoding.decode(
                EventRecord.self, from: #require(try line.events.lines(from: 5, count: 1).last).bytes)
            #expect(last.name == nil && last.uid != nil)
        }
    }

    @Test func whoDoesNotKnowThePINDoesNothingAndFiveGuessesAreTheLast() async throws {
        let pin = PINHash(of: "4711")
        try await serve(Configuration.PageAction.allCases, pin: pin) { line async throws in
            let with = { (pin: String) in Self.own + ["X-Fsac-Pin: \(pin)"] }
            #expect(try await line.page("/v1/actions", isActing: true).text.contains(#""pin":true"#))
            #expect(try await line.page("/v1/actions").text.contains(#""pin":false"#))
            for (headers, code) in [
                (Self.own, ErrorCode.pinWrong), (with(""), .pinWrong), (with("4712"), .pinWrong),
                (with(String(repeating: "4", count: 500)), .pinWrong),
            ] {
                let reply = try await line.page(
                    "/v1/judgements", method: "POST", headers: headers, body: Self.judgement, isActing: true)
                #expect(try reply.status == 403 && reply.decoded(ErrorReply.self).error.code == code)
            }
            for (method, path, body) in Self.furtherChanges {
                #expect(try await act(path, body, method: method, on: line) == 403, "\(path)")
            }
            #expect(line.events.lastSequence == 0)
            // Right ones are no guesses.
            for _ in 0..<4 {
                #expect(try await act("/v1/judgements", Self.judgement, headers: with("4711"), on: line) == 201)
            }
            for _ in 0..<3 {
                #expect(try await act("/v1/alarms/acknowledge", "{}", headers: with("0000"), on: line) == 403)
            }
            #expect(line.events.lastSequence == 4)
            #expect(try await act("/v1/alarms/acknowledge", "{}", headers: with("4711"), on: line) == 429)
            #expect(line.events.lastSequence == 4)
            // Who only looks needs none, and another site's page does not even guess.
            #expect(try await line.page("/", isActing: true).status == 200)
            #expect(try await act("/v1/judgements", Self.judgement, headers: ["X-Fsac-Pin: 4711"], on: line) == 403)
        }
    }

    @Test func theLotTheRecipeAndAPartThatIsInspectedNowAreOfWhoAskedForThem() async throws {
        try await serve([.lot, .recipe, .trigger]) { line async throws in
            _ = try line.book.copy("bottle", to: "cap")
            line.line.change { $0.cameras[0].trigger = "software" }
            #expect(try await line.page("/v1/lots").text.contains(#"{"lots":[{"camera":"cam0"}]}"#))
            for (method, path, body) in Self.furtherChanges {
                let named = Self.own + ["X-Fsac-Name: B-17"]
                let status = try await act(path, body, method: method, headers: named, on: line)
                #expect(status == 200, "\(method) \(path): \(status)")
            }
            // A page that only looks sees it, too.
            let lots = try await line.page("/v1/lots").decoded(LotListReply.self)
            #expect(lots.lots == [LotReply(camera: "cam0", lot: "L-2231")])
            #expect(line.line.cameraReadings.map(\.recipe) == ["cap"])
            #expect(try await act("/v1/lots", #"{"camera":"cam0"}"#, method: "PUT", on: line) == 200)
            let events = try line.eventRecords()
            #expect(events.map(\.event) == [.lot, .recipeUse, .trigger, .lot])
            #expect(events.map(\.name) == ["B-17", "B-17", "B-17", nil])
            #expect(events.allSatisfy { $0.origin == .page && $0.camera == "cam0" && $0.failed == nil })
            // Whose part it was to be is told; of a machine's triggers the verdicts tell.
            let numbered = #"{"camera":"cam0","part":"S1"}"#
            #expect(try await act("/v1/trigger", numbered, on: line) == 200)
            #expect(try await line.request("POST", "/v1/trigger", body: numbered).status == 200)
            #expect(try line.eventRecords(from: 5).map(\.after) == [["part": .text("S1")]])
        }
    }

    @Test func whatIsNotPossibleIsSaidInWordsAndChangesNothing() async throws {
        try await serve([.lot, .recipe, .trigger]) { line async throws in
            for (method, path, body, code) in [
                ("POST", "/v1/trigger", "{}", ErrorCode.conflict),
                ("POST", "/v1/trigger", #"{"camera":"cam9"}"#, .notFound),
                ("POST", "/v1/recipes/use", #"{"recipe":"cap","camera":"cam0"}"#, .notFound),
                ("PUT", "/v1/lots", #"{"lot":"","camera":"cam0"}"#, .invalidRequest),
                ("PUT", "/v1/lots", #"{"lot":"L","camera":"cam9"}"#, .notFound),
                ("PUT", "/v1/lots", #"{"lots":"L"}"#, .invalidRequest),
            ] {
                let reply = try await line.page(path, method: method, headers: Self.own, body: body, isActing: true)
                let error = try reply.decoded(ErrorReply.self).error
                #expect(error.code == code && error.message.count > 10, "\(path) \(body): \(error)")
            }
            // Whether there is a recipe is seen when its turn has come, and what became of it is told.
            #expect(
                try line.eventRecords().map { [$0.event.rawValue, $0.error == nil ? "asked" : "failed"] } == [
                    ["recipe_use", "asked"], ["recipe_use", "failed"],
                ])
            #expect(line.line.cameraReadings.map(\.recipe) == ["bottle"])
        }
    }

    @Test func nobodyElsesPageDoes() async throws {
        try await serve(Configuration.PageAction.allCases, hosts: ["press-4.plant"]) { line async throws in
            _ = try line.book.copy("bottle", to: "cap")
            line.line.change { $0.cameras[0].trigger = "software" }
            var hostile: [(headers: [String], host: String)] = Self.own.indices.map { missing in
                (Self.own.indices.filter { $0 != missing }.map { Self.own[$0] }, "localhost")
            }
            for site in ["cross-site", "same-site", "none"] {
                hostile.append((Self.own.filter { !$0.hasPrefix("Sec-") } + ["Sec-Fetch-Site: \(site)"], "localhost"))
            }
            for origin in [
                "http://evil.example", "http://localhost:81", "https://localhost", "null",
                "http://localhost.evil.example",
            ] {
                hostile.append((Self.own.filter { !$0.hasPrefix("Origin") } + ["Origin: \(origin)"], "localhost"))
            }
            for type in [
                "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                "text/plain; application/json",
            ] {
                hostile.append(
                    (Self.own.filter { !$0.hasPrefix("Content-Type") } + ["Content-Type: \(type)"], "localhost"))
            }
            hostile.append((Self.own.filter { !$0.hasPrefix("X-") } + ["X-Fsac: 0"], "localhost"))
            // A name server of others can say that their name is here; of other computers' names none acts.
            for host in ["evil.example", "press-4.plant", "127.0.0.1.evil.example"] {
                hostile.append((Self.own.filter { !$0.hasPrefix("Origin") } + ["Origin: http://\(host)"], host))
            }
            let changes =
                [("POST", "/v1/judgements", Self.judgement), ("POST", "/v1/alarms/acknowledge", "{}")]
                + Self.furtherChanges
            for (method, path, body) in changes {
                for (headers, host) in hostile {
                    let status = try await act(path, body, method: method, headers: headers, host: host, on: line)
                    #expect([403, 421].contains(status), "\(path) \(host) \(headers): \(status)")
                }
            }
            #expect(line.events.lastSequence == 0 && line.line.cameraReadings.map(\.recipe) == ["bottle"])
        }
    }

    @Test func onlyWhatTheConfigurationAllowsCanBeDone() async throws {
        try await serve([.acknowledge]) { line async throws in
            #expect(try await act("/v1/judgements", Self.judgement, on: line) == 405)
            #expect(try await act("/v1/alarms/acknowledge", "{}", on: line) == 200)
            for path in [
                "/v1/reload", "/v1/refit", "/v1/normals", "/v1/limit", "/v1/commission", "/v1/models/rollback",
                "/v1/recipes/copy",
            ] {
                #expect(try await act(path, "{}", on: line) == 404, "\(path)")
            }
            for (method, path, body) in Self.furtherChanges {
                let status = try await act(path, body, method: method, on: line)
                #expect([404, 405].contains(status), "\(method) \(path): \(status)")
            }
            // The page that only shows does nothing, whoever asks.
            let status = try await line.page(
                "/v1/alarms/acknowledge", method: "POST", headers: Self.own, body: "{}"
            ).status
            #expect(status == 404)
        }
    }

    @Test func theNewestJudgedPartsAreKeptAndNoMore() {
        let pins = PinnedParts()
        for number in UInt64(1)...600 { pins.pin(number) }
        pins.pin(200)
        #expect(pins.takeChanged() == Set(101...600))
        pins.pin(601)
        #expect(pins.takeChanged() == Set(102...601))
    }

    @Test func aJudgedPartsPictureIsPinnedAndAWordWithoutAPictureIsKept() async throws {
        try await serve([.judge]) { line async throws in
            let reply = try await line.page(
                "/v1/judgements", method: "POST", headers: Self.own, body: Self.judgement, isActing: true)
            #expect(try reply.decoded(JudgementReply.self).hasPicture == false)
            #expect(line.pins.takeChanged() == [1] && line.pins.takeChanged() == nil)
            // As the next start finds it.
            #expect(try line.events.judgedParts() == [1])
            let back = Self.judgement.replacing("OK", with: "unsure")
            #expect(try await act("/v1/judgements", back, on: line) == 201)
            #expect(try line.events.judgedParts() == [])
        }
    }
}
