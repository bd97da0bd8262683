import ControlProtocol
import Foundation
import Platform
import RecipeFile
import Testing

/// A recipe file of a few small members.
enum TestRecipe {
    static let settings = Array("[recipe]\nname = \"cap\"\n".utf8)
    static let golden = [UInt8](repeating: 7, count: 700)
    static let shots = [Array("first".utf8), [UInt8](repeating: 1, count: 512), Array("third".utf8)]

    static var manifest: RecipeManifest {
        let pictures = shots.map { bytes in
            RecipeManifest.Member(
                .shot(sha256: hexadecimal(SHA256.digest(of: bytes)), isDoubted: bytes.count == 5, fileExtension: "png"),
                bytes)
        }
        return RecipeManifest(
            recipe: "cap",
            origin: .init(station: "press-4", version: "0.1.0", time: "2026-11-28T12:00:00Z", user: "ana"),
            backbone: .init(name: "tiny", sha256: String(repeating: "ab", count: 32), precision: nil),
            pictureHeight: 40, pictureWidth: 50,
            model: .init(
                generation: 3, fittedLimit: 1.25, evidence: "from 3 parts", choice: ["coarse"], limit: 1.5,
                limitBy: .hand, taughtBy: nil, needsPictureSize: false),
            notCarried: [],
            members: [.init(.settings, settings), .init(.golden, golden)] + pictures)
    }

    static var file: [UInt8] { get throws { try file(manifest) } }

    static func file(_ manifest: RecipeManifest) throws -> [UInt8] {
        try RecipeFileWriter.start(manifest) + rest(manifest)
    }

    static func rest(_ manifest: RecipeManifest) -> [UInt8] {
        zip(manifest.members, [settings, golden] + shots).flatMap { RecipeFileWriter.section($0, $1) }
            + RecipeFileWriter.end
    }

    /// The file with another text in its manifest, sealed again as its maker would.
    static func file(replacing text: String, with other: String) throws -> [UInt8] {
        let (file, start) = (try file, try RecipeFileWriter.start(manifest))
        guard case .sound(let content) = Seal.open(Array(start[512...].prefix { $0 != 0 })) else { return [] }
        let changed = String(decoding: content, as: UTF8.self).replacing(text, with: other)
        let sealed = Seal.sealed(Array(changed.utf8))
        let padding = [UInt8](repeating: 0, count: (512 - sealed.count % 512) % 512)
        return header("recipe/manifest.json", size: sealed.count) + sealed + padding + file[start.count...]
    }

    /// As POSIX has it, by other code than the program's.
    static func header(_ name: String, size: Int, type: String = "0") -> [UInt8] {
        func field(_ text: String, _ width: Int) -> [UInt8] {
            Array(text.utf8) + [UInt8](repeating: 0, count: width - text.utf8.count)
        }
        let mode = field("0000644", 8) + field("0000000", 8) + field("0000000", 8)
        let numbers = field(String(format: "%011o", size), 12) + field(String(format: "%011o", 315_532_800), 12)
        let rest = field(type, 1) + field("", 100) + field("ustar", 6) + Array("00".utf8) + field("", 247)
        let before = field(name, 100) + mode + numbers
        let sum = (before + rest).reduce(256) { $0 + Int($1) }
        return before + Array(String(format: "%06o\u{0} ", sum).utf8) + rest
    }
}

@Suite struct RecipeFileTests {
    /// What a reader gets of a file that comes in pieces of so many bytes.
    private func read(
        _ file: [UInt8], pieces: Int = 100, length: Int? = nil
    ) throws -> (manifest: RecipeManifest?, members: [RecipeMember: [UInt8]]) {
        var (reader, members) = (RecipeFileReader(length: length), [RecipeMember: [UInt8]]())
        for start in stride(from: 0, to: file.count, by: pieces) {
            try reader.take(file[start..<min(start + pieces, file.count)]) { piece in
                if case .member(let member, let bytes) = piece { members[member] = bytes }
            }
        }
        try reader.finish()
        return (reader.manifest, members)
    }

    @Test(arguments: [1, 100, 512, 100_000]) func aFileIsReadAsItWasWritten(pieces: Int) throws {
        let (manifest, members) = try read(TestRecipe.file, pieces: pieces)
        #expect(manifest == TestRecipe.manifest)
        #expect(members[.settings] == TestRecipe.settings && members[.golden] == TestRecipe.golden)
        #expect(Set(members.values) == Set([TestRecipe.settings, TestRecipe.golden] + TestRecipe.shots))
        #expect(members.keys.contains { if case .shot(_, true, "png") = $0 { true } else { false } })
    }

    @Test func anyToolThatReadsTarCanLookIntoIt() throws {
        let path = "/tmp/fsac-\(UUID().uuidString).tar"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(TestRecipe.file).write(to: URL(filePath: path))
        let (tar, pipe) = (Process(), Pipe())
        tar.executableURL = URL(filePath: "/bin/tar")
        tar.arguments = ["-xOf", path, "recipe/settings.toml"]
        tar.standardOutput = pipe
        try tar.run()
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0 && Array(text) == TestRecipe.settings)
    }

    @Test func noByteOfAFileCanBeAnother() throws {
        let file = try TestRecipe.file
        for place in file.indices {
            for bit in [UInt8(1), 0x20, 0x80] {
                var damaged = file
                damaged[place] ^= bit
                #expect(throws: RecipeFileError.self, "byte \(place)") { try read(damaged, pieces: 4096) }
            }
        }
    }

    @Test func aFileThatIsCutOrLongerIsRefused() throws {
        let file = try TestRecipe.file
        for count in stride(from: 0, to: file.count, by: 97) {
            #expect(throws: RecipeFileError.self, "\(count) bytes") { try read(Array(file.prefix(count))) }
            // Known from outside, it is told as soon as that can be.
            #expect(throws: RecipeFileError.self, "\(count) bytes") {
                var reader = RecipeFileReader(length: count)
                try reader.take(file.prefix(count)) { _ in }
                try reader.finish()
            }
        }
        #expect(throws: RecipeFileError.length(expected: file.count, got: file.count + 1)) { try read(file + [0]) }
    }

    /// What somebody could make up who can make a checksum, too.
    @Test(arguments: [
        ("settings.toml", "../../../../etc/cron.d/x", "names of a recipe's files"),
        ("golden.safetensors", "settings.toml", "each name once"),
        (#""bytes":700"#, #""bytes":9223372036854775807"#, "bytes"), (#""bytes":700"#, #""bytes":-1"#, "bytes"),
        (#""bytes":700"#, #""bytes":0"#, "bytes"), (#""format":1"#, #""format":2"#, "format 2"),
        (#""format":1"#, #""format":1,"later":1"#, "other keys"),
        (#""format":1"#, #""format":1,"format":1"#, "other keys"),
        (#""recipe":"cap""#, #""recipe":"../cap""#, "recipe: expected"), (#""limit":1.5"#, #""limit":0"#, "limit"),
        (#""limit":1.5"#, #""limit":-2"#, "limit"), (#""picture_height":40"#, #""picture_height":0"#, "pixels"),
        (".png", ".PNG", "names of a recipe's files"), (".png", "/../x.png", "names of a recipe's files"),
        ("normals/", "normals//", "names of a recipe's files"), (".doubted.", ".trusted.", "names of a recipe's files"),
    ]) func aManifestThatSaysWhatNoneMayIsRefused(text: String, other: String, words: String) throws {
        let file = try TestRecipe.file(replacing: text, with: other)
        let error = try #require(throws: RecipeFileError.self) { try read(file) }
        #expect("\(error)".contains(words), "\(error)")
    }

    @Test func aShotUnderAnotherOnesNameIsRefused() throws {
        var manifest = TestRecipe.manifest
        manifest.members[3].sha256 = manifest.members[4].sha256
        #expect(throws: RecipeFileError.self) { try TestRecipe.file(manifest) }
        manifest = TestRecipe.manifest
        manifest.members.removeSubrange(2...)
        #expect(throws: RecipeFileError.self) { try TestRecipe.file(manifest) }
    }

    @Test(arguments: ["1", "2", "5", "x", "L"]) func linksFoldersAndOtherKindsAreRefused(type: String) throws {
        let (file, start) = (try TestRecipe.file, try RecipeFileWriter.start(TestRecipe.manifest))
        let name = "recipe/settings.toml"
        let own = file[start.count..<start.count + 512]
        #expect(Array(own) == TestRecipe.header(name, size: TestRecipe.settings.count))
        let link = TestRecipe.header(name, size: TestRecipe.settings.count, type: type)
        #expect(throws: RecipeFileError.frame(member: "settings.toml")) {
            try read(file[..<start.count] + link + file[(start.count + 512)...])
        }
    }

    @Test func moreShotsThanAnyRecipeHasAreRefusedBeforeAnyIsRead() throws {
        var manifest = TestRecipe.manifest
        let shot = manifest.members[2]
        manifest.members += repeatElement(shot, count: 10_000)
        #expect(throws: RecipeFileError.self) { try RecipeFileWriter.start(manifest) }
    }
}
