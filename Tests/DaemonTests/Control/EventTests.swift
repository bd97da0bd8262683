import ControlProtocol
import Daemon
import Glibc
import Journal
import Platform
import ServiceLifecycle
import TestSupport
import Testing

/// Who changed what: every change leaves its event, and none is made without.
@Suite struct EventTests {
    private struct Row {
        var event: EventRecord.Kind
        var path: String
        var body = ""
        /// What has to be done before the change is possible.
        var prepare: @Sendable (ControlHarness) async throws -> Void = { _ in }
    }

    /// By route. Two shots and a model are there.
    private static let changes: [ControlHarness.Route: Row] = [
        .init(method: "PUT", path: "/v1/limit"): Row(event: .limit, path: "/v1/limit", body: #"{"value":0.5}"#),
        .init(method: "POST", path: "/v1/refit"): Row(event: .refit, path: "/v1/refit"),
        .init(method: "POST", path: "/v1/commission"): Row(
            event: .commissionStart, path: "/v1/commission", body: #"{"parts":1}"#),
        .init(method: "DELETE", path: "/v1/commission"): Row(
            event: .commissionCancel, path: "/v1/commission", prepare: { try await $0.commission() }),
        .init(method: "POST", path: "/v1/commission/apply"): Row(
            event: .commissionApply, path: "/v1/commission/apply",
            prepare: { line in
                try await line.commission()
                line.verdicts.append(
                    1,
                    #"{"seq":1,"verdict":"INVALID","recipe":"bottle","cause":"commissioning","generation":1,"score":0.1}"#
                )
            }),
        .init(method: "POST", path: "/v1/models/rollback"): Row(
            event: .rollback, path: "/v1/models/rollback",
            prepare: { line in
                _ = try await line.request("POST", "/v1/refit")
                try await line.waitForFit(2)
            }),
        .init(method: "DELETE", path: "/v1/normals/1"): Row(
            event: .shotRemoved, path: "/v1/normals/\(TestPicture.sha256(1))?refit=false"),
        .init(method: "POST", path: "/v1/normals/1/restore"): Row(
            event: .shotRestored, path: "/v1/normals/\(TestPicture.sha256(3))/restore?refit=false",
            prepare: { line in
                try await line.add(TestPicture.png(3), query: "?force=true")
                try await line.waitForFit(2)
                _ = try await line.request("POST", "/v1/models/rollback")
            }),
        .init(method: "POST", path: "/v1/normals"): Row(event: .shotAdded, path: "/v1/normals?refit=false"),
        .init(method: "POST", path: "/v1/recipes/copy"): Row(
            event: .recipeCopy, path: "/v1/recipes/copy", body: #"{"from":"bottle","to":"cap"}"#),
        .init(method: "POST", path: "/v1/recipes/use"): Row(
            event: .recipeUse, path: "/v1/recipes/use", body: #"{"recipe":"cap"}"#,
            prepare: { _ = try await $0.request("POST", "/v1/recipes/copy", body: #"{"from":"bottle","to":"cap"}"#) }),
        .init(method: "POST", path: "/v1/io/test"): Row(
            event: .output, path: "/v1/io/test", body: #"{"output":"alarm"}"#),
        .init(method: "PUT", path: "/v1/lots"): Row(
            event: .lot, path: "/v1/lots", body: #"{"camera":"cam0","lot":"L-2231"}"#),
        .init(method: "POST", path: "/v1/judgements"): Row(
            event: .judgement, path: "/v1/judgements", body: #"{"seq":1,"judged":"OK","note":"dust"}"#,
            prepare: { $0.verdicts.append(1, #"{"seq":1,"verdict":"NG","recipe":"bottle","camera":"cam0"}"#) }),
        .init(method: "POST", path: "/v1/candidates/dismiss"): Row(
            event: .candidate, path: "/v1/candidates/dismiss", body: #"{"seqs":[1]}"#,
            prepare: { line in
                try line.verdicts.append(
                    InspectionRecord(
                        seq: 1, time: "", camera: "cam0", recipe: "bottle", generation: 1, frame: "", part: nil,
                        verdict: .ng, cause: nil, score: 2, limit: 1, regions: [], latency: .init(), image: nil,
                        heatmap: nil, stored: .synced))
            }),
        .init(method: "POST", path: "/v1/alarms/acknowledge"): Row(
            event: .acknowledged, path: "/v1/alarms/acknowledge", body: #"{"camera":"cam0"}"#),
        .init(method: "POST", path: "/v1/io/acknowledge"): Row(event: .output, path: "/v1/io/acknowledge"),
    ]

    /// A trigger changes nothing, and its verdict is in the journal; a reload is told by the daemon as a whole
    /// (`EventsTests` of the programs), a teaching and an import when they are done (`TeachRoutesTests`, `TransferTests`). Parts
    /// that are forgotten judge nothing; what a module did is told by whether its lines are held.
    private static let others: Set<ControlHarness.Route> = [
        .init(method: "POST", path: "/v1/trigger"), .init(method: "POST", path: "/v1/reload"),
        .init(method: "POST", path: "/v1/teach"), .init(method: "DELETE", path: "/v1/teach"),
        .init(method: "POST", path: "/v1/recipes/imports"), .init(method: "POST", path: "/v1/recipes/imports/1"),
        .init(method: "DELETE", path: "/v1/recipes/imports/1"), .init(method: "POST", path: "/v1/io/module"),
    ]

    /// A new route that changes something has to have a row in the table above.
    @Test func everyRouteThatChangesSomethingHasAnEvent() async throws {
        try await ControlHarness.serve { line async throws in
            let changing = Set(try await line.routes().filter { $0.method != "GET" }).subtracting(Self.others)
            #expect(changing == Set(Self.changes.keys))
        }
    }

    @Test func everyChangeLeavesAnEventThatNamesWhoMadeIt() async throws {
        for (route, change) in Self.changes {
            try await ControlHarness.serve { line async throws in
                try await line.fitTwoShots()
                try await change.prepare(line)
                let last = line.events.lastSequence
                try await line.make(change.path, route.method, change.body)
                let event = try #require(
                    try line.eventRecords(from: last + 1).first { $0.event == change.event }, "\(route)")
                #expect(event.origin == .control && event.uid == getuid() && event.pid == getpid(), "\(route)")
                // Lines, lots and alarms are a camera's.
                let isOfCamera = [.output, .lot, .acknowledged].contains(change.event)
                let subject = isOfCamera ? event.camera : event.recipe
                #expect(subject != nil && event.refused == nil && event.failed == nil, "\(route)")
                #expect(event.before != event.after, "\(route)")
            }
        }
    }

    @Test func nothingIsChangedWhoseEventCannotBeWritten() async throws {
        for (route, change) in Self.changes {
            try await ControlHarness.serve { line async throws in
                try await line.fitTwoShots()
                try await change.prepare(line)
                line.eventDisk.follow(.from(0, errno: ENOSPC))
                let before = Facts(line)
                let reply = try await line.make(change.path, route.method, change.body)
                // Adding a shot is answered before it is tried.
                if change.event == .shotAdded {
                    let error = try reply.decoded(AddNormalsReply.self).error
                    #expect(error?.code == .storageFailed, "\(route)")
                } else {
                    #expect(reply.status == 507 && reply.text.contains("nothing was changed"), "\(route)")
                }
                #expect(Facts(line) == before, "\(route)")
                // Once the disk is back, changes are made again.
                line.eventDisk.follow(.never)
                #expect(try await line.request("PUT", "/v1/limit", body: #"{"value":0.4}"#).status == 200, "\(route)")
            }
        }
    }

    private struct Facts: Equatable {
        var limit: Float?
        var generation: Int?
        var isCommissioning: Bool
        var shots: [String]
        var setAside: [String]
        var recipes: [String]
        var fits: UInt64

        init(_ line: ControlHarness) {
            let view = line.recipe.view
            limit = view.active?.limit
            generation = view.active?.generation
            isCommissioning = view.active?.commission != nil
            shots = view.normals.map(\.sha256)
            setAside = view.setAside.map(\.sha256)
            recipes = line.book.entries.map(\.name)
            fits = line.refit.status(of: "bottle").request
        }
    }

    @Test func whatWasAndWhatIsStandsInTheOrderOfTheChanges() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            let last = line.events.lastSequence
            for value in ["0.5", "0.4", "null"] {
                _ = try await line.request("PUT", "/v1/limit", body: #"{"value":\#(value)}"#)
            }
            let events = try line.eventRecords(from: last + 1)
            let values: [[String: EventValue]] = [
                ["limit": .number(0.25), "manual": .flag(false)], ["limit": .number(0.5), "manual": .flag(true)],
                ["limit": .number(0.4), "manual": .flag(true)], ["limit": .number(0.25), "manual": .flag(false)],
            ]
            #expect(events.map(\.before) == Array(values.dropLast()))
            #expect(events.map(\.after) == Array(values.dropFirst()))
        }
    }

    @Test func aChangeThatFailsIsTold() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            let copy = #"{"from":"bottle","to":"bottle"}"#
            #expect(try await line.request("POST", "/v1/recipes/copy", body: copy).status == 409)
            let events = try Array(line.eventRecords().suffix(2))
            #expect(events.map(\.event) == [.recipeCopy, .recipeCopy])
            #expect(events.map(\.failed) == [nil, events.first?.seq])
            #expect(events.last?.error?.contains("bottle") == true)
        }
    }

    @Test func whatIsRefusedOrOnlyLookedAtIsNoChange() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            let last = line.events.lastSequence
            #expect(try await line.request("PUT", "/v1/limit", body: #"{"value":13}"#).status == 409)
            #expect(try await line.request("PUT", "/v1/limit", body: #"{"value":-1}"#).status == 400)
            #expect(try await line.request("PUT", "/v1/limit?dry_run=true", body: #"{"value":0.3}"#).status == 200)
            #expect(try await line.request("DELETE", "/v1/commission").status == 409)
            #expect(try await line.request("DELETE", "/v1/normals/123456").status == 404)
            #expect(line.events.lastSequence == last)
        }
    }

    @Test func aWordAgainstALimitThatIsForcedStandsBesideIt() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            #expect(try await line.request("PUT", "/v1/limit?force=true", body: #"{"value":13}"#).status == 200)
            let event = try #require(try line.eventRecords().last)
            #expect(event.after["limit"] == .count(13))
            #expect("\(event.after["forced"] ?? .text(""))".contains("a bad part could pass"))
        }
    }

    /// Who tried it is told when the disk is back.
    @Test func anAttemptWhoseEventCouldNotBeWrittenIsToldLater() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            let last = line.events.lastSequence
            line.eventDisk.follow(.at("/events/", errno: EIO))
            #expect(try await line.request("PUT", "/v1/limit", body: #"{"value":0.5}"#).status == 507)
            #expect(line.events.lastSequence == last)
            #expect(line.events.findings.contains { $0.reason.contains("can be changed") && $0.state == nil })
            line.eventDisk.follow(.never)
            #expect(try await line.request("PUT", "/v1/limit", body: #"{"value":0.4}"#).status == 200)
            let events = try line.eventRecords(from: last + 1)
            #expect(events.map(\.refused) == [true, nil])
            #expect(events.map { $0.after["limit"] } == [.number(0.5), .number(0.4)])
            #expect(line.events.findings.isEmpty)
        }
    }

    @Test func aRollBackNamesTheShotsThatItSetsAside() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            try await line.add(TestPicture.png(3), query: "?force=true")
            try await line.waitForFit(2)
            _ = try await line.request("POST", "/v1/models/rollback")
            let event = try #require(try line.eventRecords().last)
            #expect(event.before["generation"] == .count(2) && event.after["generation"] == .count(1))
            #expect(event.after["set_aside"] == .text(String(TestPicture.sha256(3).prefix(12))))
        }
    }

    @Test func theGenerationsThatFitsMakeAreEventsOfTheDaemon() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            let event = try #require(try line.eventRecords().first { $0.event == .generation })
            #expect(event.origin == .daemon && event.after["generation"] == .count(1))
            #expect(event.after["shots"] == .count(2) && event.after["limit"] == .number(0.25))
        }
    }

    @Test func whoLeavesAtOnceIsNamedAllTheSame() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            let last = line.events.lastSequence
            for number in 1...60 {
                let client = try UnixClient(line.socket)
                let body = #"{"value":\#(number)}"#
                client.send(
                    "PUT /v1/limit?force=true HTTP/1.1\r\nHost: fsac\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                )
            }
            while line.events.lastSequence < last + 60 { try await Task.sleep(for: .milliseconds(2)) }
            #expect(try line.eventRecords(from: last + 1).allSatisfy { $0.uid == getuid() && $0.pid == getpid() })
        }
    }

    @Test func eventsAreReadAndFollowedAsVerdictsAre() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            let last = line.events.lastSequence
            let follower = try UnixClient(line.socket)
            follower.send("GET /v1/events/tail?since=\(last + 1) HTTP/1.1\r\nHost: fsac\r\n\r\n")
            _ = try await line.request("PUT", "/v1/limit", body: #"{"value":0.5}"#)
            #expect(await follower.receive(until: #""event":"limit""#).contains(#""seq":\#(last + 1)"#))
            let newest = try await line.request("GET", "/v1/events?limit=1").decoded(EventRecord.self)
            #expect(newest.seq == last + 1 && newest.event == .limit)
            #expect(try await line.request("GET", "/v1/events?since=\(last + 3)").status == 400)
        }
    }

    @Test func eventsGoOnOverARestart() async throws {
        let folder = try TemporaryFolder()
        for run in 1...3 {
            // None of them ends in order.
            let log = EventLog(EventJournal(stateDirectory: folder.path, logger: .silent))
            log.begin(Change(.start, after: ["run": .count(run)]))
            try log.record(by: .signal) {
                Change(.reload)
            } _: {
            }
        }
        let lines = try JournalReader(folder: "\(folder.path)/events").lines(from: 1, below: .max, count: 10)
        let events = try lines.map { try ControlCoding.decode(EventRecord.self, from: $0.bytes) }
        #expect(events.map(\.seq) == [1, 2, 3, 4, 5, 6])
        #expect(events.map(\.event) == [.start, .reload, .start, .reload, .start, .reload])
        #expect(events.map(\.origin) == [.daemon, .signal, .daemon, .signal, .daemon, .signal])
    }

    /// Whoever asked has gone away by then, and believes that nothing was changed.
    @Test func aChangeThatTheDiskTakesTooLateIsNotMade() async throws {
        let (folder, stuck, made) = (try TemporaryFolder(), StuckDisk(), Counter())
        let journal = EventJournal(stateDirectory: folder.path, disk: stuck.disk, logger: .silent)
        let log = EventLog(journal, patience: .milliseconds(100))
        let change = { @Sendable (author: ChangeAuthor) throws in
            try log.record(by: author) {
                Change(.limit)
            } _: {
                made.add()
            }
        }
        let somebody = ChangeAuthor(uid: 1, pid: 2)
        stuck.stick()
        async let first: Void = NamedThread.run("test-first") {
            let error = #expect(throws: EventNotWritten.self) { try change(somebody) }
            #expect(error?.description.contains("nothing was changed") == true)
        }
        while journal.findings.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        // The next does not wait for the disk.
        await NamedThread.run("test-second") {
            #expect(throws: EventNotWritten.self) { try change(somebody) }
        }
        async let own: Void = NamedThread.run("test-daemon") {
            // What the daemon changes by itself, a model that it has fitted, waits.
            do { try change(.daemon) } catch { Issue.record(error) }
        }
        stuck.letGo()
        _ = await (first, own)
        #expect(made.value == 1)
        let events = try journal.lines(from: 1, count: 10).map {
            try ControlCoding.decode(EventRecord.self, from: $0.bytes)
        }
        #expect(events.map(\.origin) == [.control, .control, .daemon])
        #expect(events.map(\.failed) == [nil, 1, nil])
        try change(somebody)
        #expect(made.value == 2)
    }

    /// Without somebody who tries a change again.
    @Test func theDaemonSeesByItselfThatTheDiskIsBack() async throws {
        let (folder, failing) = (try TemporaryFolder(), FailingDisk(.at("/events/", errno: EIO)))
        let journal = EventJournal(stateDirectory: folder.path, disk: failing.disk, logger: .silent)
        EventLog(journal).begin(Change(.start))
        let group = ServiceGroup(services: [journal], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            while journal.findings.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            #expect(journal.lastSequence == 0)
            failing.follow(.never)
            while !journal.findings.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            #expect(try journal.lines(from: 1, count: 10).count == 1)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test func aStartSaysWhatIsInUse() async throws {
        try await ControlHarness.serve { line async throws in
            try await line.fitTwoShots()
            _ = try await line.request("PUT", "/v1/limit", body: #"{"value":0.4}"#)
            let after = Change.start(line.book, line.line.cameraReadings, configuration: "d1").after
            #expect(after["recipe.bottle.limit"] == .number(0.4) && after["recipe.bottle.manual"] == .flag(true))
            #expect(after["recipe.bottle.generation"] == .count(1) && after["camera.cam0"] == .text("bottle"))
            #expect(after["configuration"] == .text("d1"))
        }
    }
}

extension ControlHarness {
    func fitTwoShots() async throws {
        try await add(TestPicture.png(1), query: "?refit=false")
        try await add(TestPicture.png(2))
        try await waitForFit(1)
    }

    func commission() async throws { _ = try await request("POST", "/v1/commission", body: #"{"parts":1}"#) }

    /// - Returns: the end of it, where it is answered before it is done.
    @discardableResult
    func make(_ path: String, _ method: String, _ body: String) async throws -> UnixClient.Reply {
        guard method == "POST", path.hasPrefix("/v1/normals?") else {
            return try await request(method, path, body: body)
        }
        let started = try await post(TestPicture.png(3), query: "?refit=false&force=true").decoded(AddNormalsReply.self)
        while true {
            let reply = try await request("GET", "/v1/normals/operations/\(started.operation)")
            if try reply.decoded(AddNormalsReply.self).state != .running { return reply }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
