import Foundation
import Testing

/// `fsacctl model pull` against a server on this machine.
@Suite struct PullTests {
    private static let weights = "/open_clip_model.safetensors"
    private static let paths = ["/open_clip_config.json", "/bpe_simple_vocab_16e6.txt.gz", weights]

    private let folder: String
    private let models: String
    private let server: FileServer

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/pull-\(UUID().uuidString)"
        models = folder + "/models"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var behaviour = FileServer.Behaviour()
        for path in Self.paths { behaviour.files[path] = try Data(contentsOf: URL(filePath: Self.fixture + path)) }
        server = try FileServer(behaviour)
    }

    /// The tiny CLIP of the tests of Core.
    private static let fixture =
        URL(filePath: #filePath).deletingLastPathComponent().path + "/../CoreTests/Fixtures/clip/weights/openclip"

    private func pull(_ more: String..., paths: [String] = paths) async throws -> Program.Output {
        let urls = paths.flatMap { ["--url", server.url + $0] }
        return try await Program.run(
            "fsacctl", ["model", "pull", "tiny", "--models", models] + urls + more, folder: folder)
    }

    /// The digest of the model that a folder with the same files becomes.
    private func expectedDigest() async throws -> String {
        let arguments = ["model", "import", Self.fixture, "--name", "tiny", "--models", folder + "/direct", "--json"]
        let reply = try await Program.run("fsacctl", arguments, folder: folder)
        try #require(reply.exitCode == 0, "\(reply.standardError)")
        return try digest(folder + "/direct")
    }

    private func digest(_ models: String) throws -> String {
        struct Sidecar: Decodable { let sha256: String }
        let json = try Data(contentsOf: URL(filePath: models + "/tiny.json"))
        return try JSONDecoder().decode(Sidecar.self, from: json).sha256
    }

    /// Nothing that a loader would take.
    private var installed: [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: models)) ?? []
        return files.filter { !$0.hasPrefix(".pull-") }.sorted()
    }

    private func expectInstalled(_ reply: Program.Output) async throws {
        #expect(reply.exitCode == 0, "\(reply.standardError)")
        #expect(installed == ["tiny.json", "tiny.merges.txt", "tiny.safetensors"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: models).count == 3)
        let expected = try await expectedDigest()
        #expect(try digest(models) == expected)
    }

    @Test func aModelIsFetchedImportedAndListed() async throws {
        try await expectInstalled(try await pull("--licence", "MIT"))
        let list = try await Program.run("fsacctl", ["model", "list", "--models", models], folder: folder)
        #expect(list.standardOutput.contains("clip") && list.standardOutput.contains("yes"), "\(list.standardOutput)")
        #expect(list.standardOutput.contains("MIT"))
    }

    @Test func cutConnectionsGoOnWhereTheyWereCut() async throws {
        server.change { $0.cuts[Self.weights] = [10_000, 5_000, 1] }
        try await expectInstalled(try await pull())
        let ranges = server.requests.filter { $0.path == Self.weights }
        #expect(ranges.map(\.range) == [nil, "bytes=10000-", "bytes=15000-", "bytes=15001-"])
        #expect(ranges.dropFirst().allSatisfy { $0.condition == "\"1\"" })
    }

    @Test func aLaterRunTakesUpWhatAnEarlierOneLeft() async throws {
        server.change { $0.cuts[Self.weights] = [10_000, 0, 0, 0, 0] }
        let first = try await pull()
        #expect(first.exitCode == 1)
        #expect(
            first.standardError.contains("got 10000 in 4 attempts: run the same command again"),
            "\(first.standardError)")
        #expect(installed.isEmpty)
        server.change { _ in }
        try await expectInstalled(try await pull())
        // What was whole is not asked for again.
        #expect(server.requests == [.init(path: Self.weights, range: "bytes=10000-", condition: "\"1\"")])
    }

    @Test func aServerWithoutRangesStartsAgain() async throws {
        server.change {
            $0.hasRanges = false
            $0.version = nil
            $0.cuts[Self.weights] = [10_000]
        }
        try await expectInstalled(try await pull())
        #expect(server.requests.filter { $0.path == Self.weights }.map(\.range) == [nil, "bytes=10000-"])
    }

    @Test func aFileThatChangedMeanwhileIsFetchedFromItsBeginning() async throws {
        server.change {
            $0.files[Self.weights] = Data(repeating: 7, count: 20_000)
            $0.cuts[Self.weights] = [10_000, 0, 0, 0, 0]
        }
        #expect(try await pull().exitCode == 1)
        let whole = try Data(contentsOf: URL(filePath: Self.fixture + Self.weights))
        server.change {
            $0.files[Self.weights] = whole
            $0.version = "\"2\""
        }
        try await expectInstalled(try await pull())
    }

    @Test func aWrongDigestInstallsNothing() async throws {
        let reply = try await pull("--sha256", String(repeating: "0", count: 64))
        #expect(reply.exitCode == 1)
        #expect(reply.standardError.contains("expected sha-256 0000"), "\(reply.standardError)")
        #expect(reply.standardError.contains("nothing is installed"))
        #expect(installed.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: models + "/.pull-tiny" + Self.weights))
        #expect(try await pull("--sha256", "12").exitCode == 64)
    }

    @Test func theRightDigestIsAccepted() async throws {
        let sum = try await Program.run(
            "fsacctl", ["model", "import", Self.fixture, "--name", "tiny", "--models", folder + "/direct", "--json"],
            folder: folder)
        struct Report: Decodable {
            struct Sidecar: Decodable {
                let sourceSHA256: String
                enum CodingKeys: String, CodingKey { case sourceSHA256 = "source_sha256" }
            }
            let sidecar: Sidecar
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(sum.standardOutput.utf8))
        try await expectInstalled(try await pull("--sha256", report.sidecar.sourceSHA256.uppercased()))
    }

    @Test func aFileThatIsNotThereIsNamedWithItsAddress() async throws {
        let reply = try await pull(paths: Self.paths + ["/none.json"])
        #expect(reply.exitCode == 1)
        #expect(
            reply.standardError.contains("\(server.url)/none.json: expected status 200, got 404"),
            "\(reply.standardError)")
        #expect(installed.isEmpty)
    }

    @Test func withoutANetworkTheWayAroundItIsSaid() async throws {
        server.stop()
        let reply = try await pull()
        #expect(reply.exitCode == 69)
        #expect(reply.standardError.contains("behind an air gap"), "\(reply.standardError)")
        #expect(reply.standardError.contains("fsacctl model import FOLDER"))
        for path in Self.paths { #expect(reply.standardError.contains(server.url + path)) }
        #expect(installed.isEmpty)
    }

    @Test func aDamagedFileInstallsNothing() async throws {
        server.change { $0.files[Self.weights]?.removeLast(100) }
        let reply = try await pull()
        #expect(reply.exitCode == 1)
        #expect(reply.standardError.contains("cut short"), "\(reply.standardError)")
        #expect(reply.standardError.contains("/.pull-tiny"))
        #expect(installed.isEmpty)
    }

    @Test func redirectsAreFollowed() async throws {
        server.change { behaviour in
            for path in Self.paths {
                behaviour.files["/elsewhere" + path] = behaviour.files[path]
                behaviour.files[path] = nil
                behaviour.redirects[path] = "/elsewhere" + path
            }
        }
        try await expectInstalled(try await pull())
    }

    @Test func aMirrorTakesThePlaceOfTheServers() async throws {
        let reply = try await Program.run(
            "fsacctl", ["model", "pull", "vit-l-14-336", "--models", models], folder: folder,
            environment: ["FSAC_MODEL_MIRROR": server.url + "/mirror/"])
        #expect(reply.exitCode == 1)
        #expect(
            server.requests.map(\.path) == ["/mirror/openai/clip-vit-large-patch14-336/resolve/main/config.json"])
    }

    @Test func aNameThatNobodyKnowsIsAnsweredWithThoseThatAre() async throws {
        let reply = try await Program.run("fsacctl", ["model", "pull", "vit-x"], folder: folder)
        #expect(reply.exitCode == 64)
        #expect(reply.standardError.contains("vit-b-16-plus-240"), "\(reply.standardError)")
    }
}
