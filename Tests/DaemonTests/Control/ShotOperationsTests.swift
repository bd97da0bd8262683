import ControlProtocol
import Core
import Daemon
import NIOCore
import Synchronization
import TestSupport
import Testing

/// What the daemon does with pictures that shall become shots, and in which order.
@Suite(.timeLimit(.minutes(1))) struct ShotOperationsTests {
    private let fits = FitRecord()
    private let scored = Counter()

    @Test func aPictureIsScoredOnceAndItsPreviewIsTheModelThatIsInstalled() async throws {
        try await ControlHarness.serve(method: fits.method(scored: scored)) { line async throws in
            try await line.add(TestPicture.png(1))
            let end = try await line.add(TestPicture.png(2), query: "?preview=20")
            #expect(end.generation == 2)
            #expect(end.change == ShotChange(limitBefore: 100, limitAfter: 100, parts: 0, flips: []))
            #expect(end.shots.map(\.score) == [2])
            #expect(scored.value == 1)
            #expect(fits.current.modelsBefore.count == 2)
            #expect(line.recipe.view.active?.summary.shots.count == 2)
        }
    }

    @Test func previewsAndFitsComeOneAfterTheOtherAndLeaveOneModelInMemory() async throws {
        try await ControlHarness.serve(method: fits.method()) { line async throws in
            try await line.add(TestPicture.png(1))
            fits.hold(from: 2)
            let preview = try await line.post(TestPicture.png(2), query: "?preview=20&dry_run=true")
                .decoded(AddNormalsReply.self)
            _ = try await line.reply(preview.operation) { $0.stage == .previewing && $0.progress > 0 }
            _ = try await line.request("POST", "/v1/refit")
            fits.hold(from: nil)
            #expect(try await line.end(of: preview.operation).change != nil)
            try await line.waitForFit(2)
            try await line.add(TestPicture.png(3), query: "?preview=20&dry_run=true")
            try await until { fits.current.models == 1 }
            #expect(fits.current.mostRunning == 1)
            // In use; a candidate that nobody needs any more is not kept beside it.
            #expect(fits.current.modelsBefore == [0, 1, 1, 1])
        }
    }

    @Test func aCandidateThatWaitsForItsFitIsNotLetGoOfByOthers() async throws {
        try await ControlHarness.serve(method: fits.method()) { line async throws in
            try await line.add(TestPicture.png(1))
            _ = try await line.request("POST", "/v1/recipes/copy", body: #"{"from":"bottle","to":"cap"}"#)
            fits.hold(from: 2)
            let first = try await line.post(TestPicture.png(2), query: "?preview=20").decoded(AddNormalsReply.self)
            _ = try await line.reply(first.operation) { $0.stage == .previewing && $0.progress > 0 }
            // The fit of the shot comes behind this one.
            _ = try await line.request("POST", "/v1/refit?recipe=cap")
            fits.hold(from: 3)
            _ = try await line.reply(first.operation) { $0.stage == .fitting }
            #expect(try await line.add(TestPicture.png(9), query: "?recipe=cap&refit=false").state == .done)
            fits.hold(from: nil)
            #expect(try await line.end(of: first.operation).generation == 2)
            // The first model, the preview, and the other recipe's.
            #expect(fits.current.modelsBefore.count == 3)
        }
    }

    @Test func onlyASingleNewPictureIsPreviewedAndOnlyBesideAModel() async throws {
        try await ControlHarness.serve(method: fits.method()) { line async throws in
            #expect(try await line.add(TestPicture.png(1), query: "?preview=20").change == nil)
            line.line.pictures.withLock { $0 = [2, 3].map { Picture(.file, bytes: TestPicture.png($0)) } }
            let two = try await line.take(#"{"count":2}"#, query: "?preview=20")
            #expect(two.shots.map(\.outcome) == [.added, .added] && two.change == nil)
            line.line.pictures.withLock { $0 = [3, 4].map { Picture(.file, bytes: TestPicture.png($0)) } }
            let one = try await line.take(#"{"count":2}"#, query: "?preview=20")
            #expect(one.shots.map(\.outcome) == [.duplicate, .added] && one.change != nil)
            #expect(fits.current.modelsBefore.count == 3)
        }
    }

    @Test func theCamerasPicturesBecomeShotsAsFilesDo() async throws {
        try await ControlHarness.serve { line async throws in
            let whole = Image(height: 40, width: 50, pixels: [UInt8](repeating: 7, count: 40 * 50 * 3))
            line.line.pictures.withLock {
                $0 = [
                    Picture(.file, bytes: whole.pngBytes()), Picture(.file, bytes: whole.pngBytes()),
                    Picture(.file, bytes: [1, 2, 3]),
                    Picture(
                        .raw(.grey, height: 40, width: 50, bytesPerRow: 50), bytes: [UInt8](repeating: 9, count: 2000)),
                ]
            }
            let end = try await line.take(#"{"count":4}"#)
            #expect(end.shots.map(\.outcome) == [.added, .duplicate, .refused, .added])
            #expect(end.shots.map { $0.refusal?.code } == [nil, nil, .imageRefused, nil])
            #expect(end.generation == 1)
            #expect(line.recipe.view.normals.map(\.fileExtension).sorted() == ["jpg", "png"])
        }
    }

    @Test func aCameraThatFailsInTheMiddleAddsNothing() async throws {
        try await ControlHarness.serve { line async throws in
            line.line.pictures.withLock { $0 = [Picture(.file, bytes: TestPicture.png(1))] }
            let end = try await line.take(#"{"count":2}"#)
            #expect(end.state == .failed && end.stage == .taking && end.error?.code == .unavailable)
            #expect(end.shots.map(\.outcome) == [.acceptable])
            #expect(line.recipe.view.normals.isEmpty)
        }
    }

    @Test func aCameraMayTakeLongerThanARequestMay() async throws {
        try await ControlHarness.serve({ $0.requestTimeout = .seconds(2) }) { line async throws in
            line.line.period.withLock { $0 = .milliseconds(700) }
            line.line.pictures.withLock { $0 = (1...4).map { Picture(.file, bytes: TestPicture.png($0)) } }
            let start = try await line.post(#"{"camera":"cam0","count":4}"#).decoded(AddNormalsReply.self)
            let half = try await line.reply(start.operation) { $0.shots.count == 2 }
            #expect(half.state == .running)
            let end = try await line.end(of: start.operation)
            #expect(end.shots.map(\.outcome) == [.added, .added, .added, .added])
            #expect(end.generation == 1)
        }
    }

    @Test func aFewOperationsWaitAndMoreAreRefused() async throws {
        try await ControlHarness.serve { line async throws in
            line.line.period.withLock { $0 = .seconds(3600) }
            line.line.pictures.withLock { $0 = [Picture(.file, bytes: TestPicture.png(1))] }
            let first = try await line.post(#"{"camera":"cam0"}"#).decoded(AddNormalsReply.self)
            _ = try await line.reply(first.operation) { $0.stage == .taking }
            for number in UInt64(2)...5 {
                let reply = try await line.post(TestPicture.png(1)).decoded(AddNormalsReply.self)
                #expect(reply.operation == number && reply.stage == .waiting)
            }
            let refused = try await line.post(TestPicture.png(1))
            #expect(refused.status == 503 && refused.errorCode == .unavailable)
        }
    }

    @Test func aFitThatFailsIsSaidToWhoAskedForIt() async throws {
        struct Refused: Error, CustomStringConvertible {
            var description: String { "fit: refused for the test" }
        }
        try await ControlHarness.serve(method: .tiny { _, _, _ in throw Refused() }) { line async throws in
            let end = try await line.add(TestPicture.png(1))
            #expect(end.state == .failed && end.stage == .fitting)
            #expect(end.error?.message == "fit: refused for the test")
            // The shot is there: a fit of it is due.
            #expect(end.shots.map(\.outcome) == [.added] && line.recipe.view.isFitDue)
        }
    }

    @Test func operationsOfLongAgoAreForgotten() async throws {
        try await ControlHarness.serve { line async throws in
            for _ in 1...34 { try await line.add(TestPicture.png(1), query: "?dry_run=true") }
            #expect(try await line.request("GET", "/v1/normals/operations/2").status == 404)
            #expect(try await line.request("GET", "/v1/normals/operations/3").status == 200)
        }
    }

    /// In the middle of each stage that takes long.
    @Test(arguments: [AddNormalsReply.Stage.taking, .previewing, .fitting])
    func aShutdownEndsAnOperationAndStoresNothingByHalves(stage: AddNormalsReply.Stage) async throws {
        let log = LogRecord()
        let recipe = Mutex<Recipe?>(nil)
        try await ControlHarness.serve(method: fits.method(), logger: log.logger) { line async throws in
            recipe.withLock { $0 = line.recipe }
            try await line.add(TestPicture.png(1))
            fits.hold(from: 2)
            line.line.period.withLock { $0 = stage == .taking ? .seconds(3600) : .zero }
            line.line.pictures.withLock { $0 = [Picture(.file, bytes: TestPicture.png(2))] }
            let preview = stage == .fitting ? 0 : 20
            let start = try await line.post(#"{"count":1}"#, query: "?preview=\(preview)").decoded(AddNormalsReply.self)
            _ = try await line.reply(start.operation) { $0.stage == stage }
        }
        let view = try #require(recipe.withLock { $0 }).view
        #expect(view.normals.count == (stage == .fitting ? 2 : 1))
        #expect(view.isFitDue == (stage == .fitting))
        if stage != .fitting { #expect(log.lines.contains { $0.contains("the daemon stopped: nothing was stored") }) }
    }
}
