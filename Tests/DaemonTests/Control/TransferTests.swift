import ControlProtocol
import Core
import Daemon
import Foundation
import NIOCore
import Platform
import RecipeFile
import Settings
import TestSupport
import Testing

/// Recipes from one station to another.
@Suite struct TransferTests {
    /// What a test makes different at the station that imports.
    struct Station: Sendable {
        var sha256 = String(repeating: "ab", count: 32)
        /// Of the backbone's numbers.
        var gain: Float = 1
        /// That the shots give.
        var limit: Float = 0.25
        var absence: String?

        /// A backbone of one patch, whose models have a golden picture.
        var method: RecipeMethod {
            var method = RecipeMethod(
                kind: .tiny(backbone: sha256),
                shot: { sha256, read throws(ImageError) in
                    try Shot(sha256: sha256, picture: Picture(.file, bytes: try read()))
                },
                fit: { [self] shots, _, _ in
                    try FittedModel.tiny(shots: shots.map(\.sha256), limit: limit, backbone: sha256)
                        .withGolden(by: extractors)
                },
                activeModel: { active in TestLine.model(generation: active.generation, limit: active.limit) })
            method.absence = absence
            return method
        }

        private var extractors: ExtractorSource {
            ExtractorSource(
                name: sha256, sha256: sha256, layerCount: 1, defaultInputSize: 8, defaultLayers: [1],
                accepts: { _ in true }
            ) { [self] size in
                let identity = BackboneIdentity(name: sha256, sha256: sha256, inputSize: size)
                return FeatureExtractor(identity: identity, layerCount: 1) { image, _, _ in
                    TestLine.features([1, gain * Float(image.pixels[0]) / 255])
                }
            }
        }
    }

    /// The file of a recipe `bottle` with two shots and a limit by hand.
    private func exported(_ prepare: (ControlHarness) async throws -> Void = { _ in }) async throws -> [UInt8] {
        var file: [UInt8] = []
        try await ControlHarness.serve(method: Station().method) { line async throws in
            try await fit(line)
            _ = try await line.request("PUT", "/v1/limit?force=true", body: #"{"value":0.5}"#)
            try await prepare(line)
            let reply = try await line.request("GET", "/v1/recipes/export")
            #expect(reply.status == 200, "\(reply.text)")
            file = reply.body
        }
        return file
    }

    private func fit(_ line: ControlHarness) async throws {
        for shade in [UInt8(1), 2] { try await line.add(TestPicture.png(shade), query: "?refit=false&force=true") }
        _ = try await line.request("POST", "/v1/refit")
        try await line.waitForFit(1)
    }

    /// Imports into a station, and waits for the end.
    private func importing(
        _ file: [UInt8], _ line: ControlHarness, name: String? = "cap", dryRun: Bool = false
    ) async throws -> ImportReply {
        let wanted = ImportRecipeRequest(bytes: file.count, name: name, dryRun: dryRun)
        let begun = try await line.request(
            "POST", "/v1/recipes/imports", body: String(decoding: try ControlCoding.encode(wanted), as: UTF8.self))
        guard begun.status == 202 else { return try failure(begun) }
        let number = try begun.decoded(ImportReply.self).number
        for start in stride(from: 0, to: file.count, by: 1 << 14) {
            let piece = Array(file[start..<min(start + 1 << 14, file.count)])
            let reply = try await send(piece, at: start, of: number, line)
            guard reply.status == 200 else { return try failure(reply) }
        }
        while true {
            let reply = try await line.request("GET", "/v1/recipes/imports/\(number)").decoded(ImportReply.self)
            if reply.state == .done || reply.state == .failed { return reply }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func send(
        _ piece: [UInt8], at offset: Int, of number: UInt64, _ line: ControlHarness
    ) async throws -> UnixClient.Reply {
        try await UnixClient.request(
            "POST", "/v1/recipes/imports/\(number)?offset=\(offset)", socket: line.socket,
            headers: ["Content-Type: application/octet-stream"], body: piece)
    }

    private func failure(_ reply: UnixClient.Reply) throws -> ImportReply {
        ImportReply(number: 0, state: .failed, dryRun: false, error: try reply.decoded(ErrorReply.self).error)
    }

    /// Everything below a station's recipes, and what is shown of them.
    private func facts(_ line: ControlHarness) throws -> [String] {
        let folder = "\(line.folder.path)/recipes"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
        return files + line.book.entries.map { "\($0.name) \($0.recipe.view.normals.count)" }
    }

    @Test func aRecipeOfAnotherStationComesWithItsShotsItsLimitAndWhoBroughtIt() async throws {
        let file = try await exported()
        try await ControlHarness.serve(method: Station().method) { line async throws in
            try await fit(line)
            let reply = try await importing(file, line)
            #expect(reply.state == .done && reply.recipe == "cap", "\(reply)")
            #expect(reply.findings.contains { $0.contains("bottle of station press-4") })
            let golden = try #require(reply.findings.first { $0.contains("golden picture reproduces") })
            #expect(golden.contains("0.1 % allowed"), "\(golden)")
            #expect(reply.findings.contains { $0.contains("0.5, set by hand there") }, "\(reply.findings)")
            let entry = try line.book.entry("cap")
            #expect(entry.recipe.view.normals.map(\.sha256) == [1, 2].map(TestPicture.sha256).sorted())
            let active = try #require(entry.recipe.view.active)
            #expect(active.limit == 0.5 && active.limitBy == .hand && active.generation == 1)
            #expect(!entry.recipe.view.isFitDue && active.withheld == nil)
            // Until somebody says so.
            #expect(line.line.cameraReadings.map(\.recipe) == ["bottle"])
            let event = try #require(try line.eventRecords().last)
            #expect(event.event == .recipeImport && event.uid == getuid() && event.recipe == "cap")
            #expect(event.after["from"] == .text("press-4") && event.after["manual"] == .flag(true))
            let list = try await line.request("GET", "/v1/recipes").decoded(RecipesReply.self).recipes
            #expect(list.map(\.imported) == [nil, true])
            // It can go on to a third one.
            let again = try await line.request("GET", "/v1/recipes/export?recipe=cap")
            #expect(again.status == 200)
        }
    }

    @Test func itOutlivesARestartAndACopyAndHasItsOwnSettingsUntilTheConfigurationHasSome() async throws {
        let file = try await exported()
        try await ControlHarness.serve(method: Station().method) { line async throws in
            #expect(try await importing(file, line).state == .done)
            _ = try await line.request("POST", "/v1/recipes/copy", body: #"{"from":"cap","to":"lid"}"#)
            func start(_ names: [String], _ brightness: Double = 4) throws -> RecipeBook {
                try RecipeBook(
                    stateDirectory: line.folder.path,
                    tables: names.map { name in
                        var table = Configuration.RecipeSettings()
                        (table.name, table.minBrightness) = (name, brightness)
                        return table
                    }, logger: .silent
                ) { _ in Station().method }
            }
            let again = try start(["bottle"], 9)
            #expect(again.entries.map(\.name) == ["bottle", "cap", "lid"])
            #expect(again.entries.map(\.settings.name) == ["bottle", "cap", "lid"])
            #expect(again.entries.map(\.settings.minBrightness) == [9, 4, 4])
            #expect(try again.entry("lid").recipe.view.active?.limit == 0.5)
            let own = try start(["bottle", "cap"], 7)
            #expect(try own.entry("cap").settings.minBrightness == 7)
            #expect(try own.entry("cap").recipe.view.normals.count == 2)
            // What its settings are is not guessed.
            try line.folder.write("[recipe]\nname = \"cap\"\n", to: "recipes/cap/imported.toml")
            #expect(try start(["bottle"]).entries.map(\.name) == ["bottle", "lid"])
        }
    }

    @Test func aDryRunSaysAllOfItAndLeavesNothing() async throws {
        let file = try await exported()
        try await ControlHarness.serve(method: Station().method) { line async throws in
            let before = try facts(line)
            let reply = try await importing(file, line, dryRun: true)
            #expect(reply.state == .done && reply.dryRun && reply.findings.count == 5, "\(reply)")
            #expect(try facts(line) == before && line.events.lastSequence == 0)
            #expect(try await importing(file, line).state == .done)
        }
    }

    /// Whatever is damaged on its way.
    @Test func aByteThatIsAnotherAnywhereInTheFileIsRefusedAndChangesNothing() async throws {
        let file = try await exported()
        try await ControlHarness.serve(method: Station().method) { line async throws in
            let before = try facts(line)
            for place in stride(from: 0, to: file.count, by: 97) {
                var damaged = file
                damaged[place] ^= 1 << UInt8(place % 8)
                let reply = try await importing(damaged, line)
                #expect(reply.state == .failed && reply.error?.code == .invalidRequest, "byte \(place): \(reply)")
                #expect(try facts(line) == before, "byte \(place)")
            }
            for count in [1, 511, 512, 4096, file.count - 1] {
                #expect(try await importing(Array(file.prefix(count)), line).state == .failed, "\(count) bytes")
            }
            #expect(try facts(line) == before && line.events.lastSequence == 0)
            #expect(try await importing(file, line).state == .done)
        }
    }

    @Test func aNameThatIsTakenIsNeverOverwritten() async throws {
        let file = try await exported()
        try await ControlHarness.serve(method: Station().method) { line async throws in
            try await fit(line)
            let before = try facts(line)
            for name in [nil, "bottle", "../cap", ".import"] {
                let reply = try await importing(file, line, name: name)
                #expect(reply.state == .failed, "\(name ?? "")")
                #expect(try facts(line) == before, "\(name ?? "")")
            }
            // One that is taken while the other one is fitted, and a folder that nobody uses any more.
            try line.folder.write("mine", to: "recipes/cap/normals/note")
            #expect(try await importing(file, line).error?.message.contains("is there already") == true)
            #expect(try line.folder.text(of: "recipes/cap/normals/note") == "mine")
        }
    }

    @Test(arguments: [
        (Station(sha256: String(repeating: "cd", count: 32)), "expected weights with sha-256 abab"),
        (Station(gain: 1.01), "golden picture does not reproduce: the features"),
        (Station(limit: 0.26), "the same shots give the limit 0.26 here, and 0.25 there"),
        (Station(absence: "models: tiny: no such file"), "no such file"),
    ]) func aStationThatWouldJudgeOtherwiseSaysWhyAndChangesNothing(station: Station, words: String) async throws {
        let file = try await exported()
        try await ControlHarness.serve(method: station.method) { line async throws in
            let before = try facts(line)
            let reply = try await importing(file, line)
            #expect(reply.state == .failed && reply.error?.message.contains(words) == true, "\(reply)")
            #expect(try facts(line) == before && line.events.lastSequence == 0)
        }
    }

    @Test func otherFramesOfTheCamerasHereAreSaid() async throws {
        let file = try await exported()
        try await ControlHarness.serve(method: Station().method) { line async throws in
            let unknown = try await importing(file, line, dryRun: true)
            #expect(unknown.warnings.contains { $0.contains("no camera here has shown a frame of 40 x 50") })
            line.line.change { ($0.cameras[0].frameHeight, $0.cameras[0].frameWidth) = (30, 50) }
            let other = try await importing(file, line, dryRun: true)
            #expect(other.warnings.contains { $0.contains("cam0 30 x 50") }, "\(other)")
            line.line.change { ($0.cameras[0].frameHeight, $0.cameras[0].frameWidth) = (40, 50) }
            let same = try await importing(file, line, dryRun: true)
            #expect(same.state == .done && !same.warnings.contains { $0.contains("camera") }, "\(same)")
        }
    }

    @Test func aFileThatDoesNotGoOnIsGivenUp() async throws {
        let file = try await exported()
        let brief = { (settings: inout ControlSettings) in settings.requestTimeout = .seconds(1) }
        try await ControlHarness.serve(brief, method: Station().method) { line async throws in
            let before = try facts(line)
            func begin() async throws -> ImportReply {
                try await line.request("POST", "/v1/recipes/imports", body: #"{"bytes":\#(file.count),"name":"cap"}"#)
                    .decoded(ImportReply.self)
            }
            let first = try await begin()
            #expect(try await send(Array(file.prefix(9000)), at: 0, of: first.number, line).status == 200)
            #expect(try facts(line) != before)
            // One at a time, and each byte once.
            #expect(try await line.request("POST", "/v1/recipes/imports", body: #"{"bytes":9}"#).errorCode == .conflict)
            #expect(try await send(Array(file.prefix(9)), at: 0, of: first.number, line).errorCode == .conflict)
            while try await line.request("GET", "/v1/recipes/imports/1").decoded(ImportReply.self).state != .failed {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try facts(line) == before)
            let second = try await begin()
            #expect(try await send(Array(file.prefix(9000)), at: 0, of: second.number, line).status == 200)
            let cancelled = try await line.request("DELETE", "/v1/recipes/imports/2").decoded(ImportReply.self)
            #expect(cancelled.state == .failed && cancelled.error?.message.contains("given up") == true)
            #expect(try facts(line) == before)
            #expect(try await send([0], at: 9000, of: second.number, line).errorCode == .conflict)
            #expect(try await line.request("GET", "/v1/recipes/imports/9").errorCode == .notFound)
        }
    }

    @Test func whatAKillLeavesOfAnImportIsGoneAfterTheNextStart() throws {
        let folder = try TemporaryFolder()
        try folder.write("half", to: "recipes/.import/normals/tmp-1")
        try folder.write("half", to: "recipes/.import/models/1/model.json")
        let book = try RecipeBook.bottle(folder)
        #expect(book.entries.map(\.name) == ["bottle"])
        #expect(try folder.names(in: "recipes") == ["bottle"])
    }

    @Test func aRecipeIsExportedOnlyAsItJudges() async throws {
        try await ControlHarness.serve(method: Station().method) { line async throws in
            func refusal() async throws -> String {
                let reply = try await line.request("GET", "/v1/recipes/export")
                return reply.status == 409 ? reply.text : "\(reply.status)"
            }
            #expect(try await refusal().contains("nothing has been fitted yet"))
            try await fit(line)
            _ = try await line.request("POST", "/v1/commission", body: #"{"parts":3}"#)
            #expect(try await refusal().contains("being commissioned"))
            _ = try await line.request("DELETE", "/v1/commission")
            try await line.add(TestPicture.png(3), query: "?refit=false&force=true")
            #expect(try await refusal().contains("fitted from other shots"))
        }
    }

    @Test func aModelWithoutAGoldenPictureIsFittedAnewFirst() async throws {
        try await ControlHarness.serve { line async throws in
            try await fit(line)
            let reply = try await line.request("GET", "/v1/recipes/export")
            #expect(reply.status == 409 && reply.text.contains("no golden picture"), "\(reply.text)")
        }
    }
}
