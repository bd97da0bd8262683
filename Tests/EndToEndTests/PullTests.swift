import Foundation
import Glibc
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

    private func pull(
        _ more: String..., paths: [String] = paths, from site: String? = nil, environment: [String: String] = [:]
    ) async throws -> Program.Output {
        let urls = paths.flatMap { ["--url", (site ?? server.url) + $0] }
        return try await Program.run(
            "fsacctl", ["model", "pull", "tiny", "--models", models] + urls + more, folder: folder,
            environment: environment)
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

    /// What a partial file is continued with is looked at, because servers and caches that ignore `If-Range` exist.
    @Test func aPartialFileOfAnotherVersionIsNotContinuedWhateverTheServerSends() async throws {
        let whole = try Data(contentsOf: URL(filePath: Self.fixture + Self.weights))
        server.change {
            $0.files[Self.weights] = Data(repeating: 7, count: whole.count)
            $0.cuts[Self.weights] = [10_000, 0, 0, 0, 0]
        }
        #expect(try await pull().exitCode == 1)
        server.change {
            $0.files[Self.weights] = whole
            $0.version = "\"2\""
            $0.ignoresConditions = true
        }
        try await expectInstalled(try await pull())
        #expect(server.requests.map(\.range) == ["bytes=10000-", nil])
    }

    @Test func aNewVersionAsLongAsThePartialFileIsFetched() async throws {
        let whole = try Data(contentsOf: URL(filePath: Self.fixture + Self.weights))
        server.change {
            $0.files[Self.weights] = Data(repeating: 7, count: whole.count + 10_000)
            $0.cuts[Self.weights] = [whole.count, 0, 0, 0, 0]
        }
        #expect(try await pull().exitCode == 1)
        server.change {
            $0.files[Self.weights] = whole
            $0.version = "\"2\""
        }
        try await expectInstalled(try await pull())
    }

    @Test func withoutVersionsTheLengthTellsThemApart() async throws {
        let whole = try Data(contentsOf: URL(filePath: Self.fixture + Self.weights))
        server.change {
            $0.version = nil
            $0.files[Self.weights] = Data(repeating: 7, count: whole.count + 1)
            $0.cuts[Self.weights] = [10_000, 0, 0, 0, 0]
        }
        #expect(try await pull().exitCode == 1)
        server.change { $0.files[Self.weights] = whole }
        try await expectInstalled(try await pull())
        #expect(server.requests.map(\.range) == ["bytes=10000-", nil])
    }

    @Test func aPartialFileThatNothingIsKnownOfIsFetchedFromItsBeginning() async throws {
        let folder = models + "/.pull-tiny"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(repeating: 7, count: 10_000).write(to: URL(filePath: folder + Self.weights + ".part"))
        try await expectInstalled(try await pull())
        #expect(server.requests.allSatisfy { $0.range == nil })
    }

    @Test func anotherRangeThanTheOneAskedForIsNotTaken() async throws {
        server.change {
            $0.cuts[Self.weights] = [10_000]
            $0.rangeStart = 5000
        }
        try await expectInstalled(try await pull())
        #expect(server.requests.filter { $0.path == Self.weights }.map(\.range) == [nil, "bytes=10000-", nil])
    }

    @Test func aServerThatAlwaysCutsAndSendsOtherRangesIsGivenUp() async throws {
        server.change {
            $0.cuts[Self.weights] = Array(repeating: 10_000, count: 20)
            $0.rangeStart = 5000
        }
        let reply = try await pull()
        #expect(reply.exitCode == 1)
        #expect(reply.standardError.contains("in 4 attempts"), "\(reply.standardError)")
        #expect(installed.isEmpty)
    }

    @Test func aPieceOfARangeIsNotTakenForTheWholeOfIt() async throws {
        server.change {
            $0.cuts[Self.weights] = [10_000]
            $0.longestRange = 20_000
        }
        try await expectInstalled(try await pull())
        #expect(
            server.requests.filter { $0.path == Self.weights }.map(\.range).prefix(3)
                == [nil, "bytes=10000-", "bytes=30000-"])
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

    @Test(arguments: ["ftp://127.0.0.1/x", "file:///etc/hostname"])
    func redirectsAwayFromTheWebAreNotFollowed(to target: String) async throws {
        server.change { $0.redirects[Self.weights] = target }
        let reply = try await pull()
        #expect(reply.exitCode == 64)
        #expect(reply.standardError.contains(server.url + Self.weights), "\(reply.standardError)")
        #expect(reply.standardError.contains("http or https"), "\(reply.standardError)")
        #expect(installed.isEmpty)
    }

    @Test func redirectsThatNeverEndAreNotFollowedForEver() async throws {
        server.change { $0.redirects[Self.weights] = Self.weights }
        #expect(try await pull().exitCode == 64)
        #expect(server.requests.filter { $0.path == Self.weights }.count == 11)
    }

    @Test func theProxyOfTheEnvironmentIsAskedForOtherHosts() async throws {
        server.change { behaviour in
            for path in Self.paths {
                behaviour.files["http://models.example" + path] = behaviour.files[path]
                behaviour.files[path] = nil
            }
        }
        try await expectInstalled(
            try await pull(from: "http://models.example", environment: ["http_proxy": server.url, "no_proxy": ""]))
    }

    @Test(arguments: ["", "models.example", "*"])
    func thisMachineIsAskedWithoutAProxy(exempt: String) async throws {
        try await expectInstalled(
            try await pull(environment: ["http_proxy": "http://127.0.0.1:9", "no_proxy": exempt]))
    }

    @Test func hostsOfNoProxyAreAskedWithoutAProxy() async throws {
        let environment = ["http_proxy": server.url, "no_proxy": "example.org,models.invalid"]
        let reply = try await pull(from: "http://models.invalid", environment: environment)
        #expect(reply.exitCode == 69)
        #expect(server.requests.isEmpty)
    }

    @Test func aServerThatNobodyVouchesForIsRefused() async throws {
        let port = server.port == 65535 ? server.port - 1 : server.port + 1
        let certificate = ["-keyout", folder + "/key.pem", "-out", folder + "/certificate.pem", "-nodes", "-days", "1"]
        try Process.run(
            URL(filePath: "/usr/bin/openssl"),
            arguments: ["req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=localhost"] + certificate
        ).waitUntilExit()
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/openssl")
        openssl.arguments = [
            "s_server", "-quiet", "-WWW", "-accept", "\(port)", "-key", folder + "/key.pem", "-cert",
            folder + "/certificate.pem",
        ]
        openssl.standardInput = FileHandle.nullDevice
        openssl.standardOutput = FileHandle.nullDevice
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        // It inherits a mask that keeps other signals from it.
        defer { kill(openssl.processIdentifier, SIGKILL) }
        let reply = try await pull(from: "https://localhost:\(port)")
        #expect(reply.exitCode == 69)
        #expect(reply.standardError.contains("certificate"), "\(reply.standardError)")
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
