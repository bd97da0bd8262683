import Core
import Foundation
import Platform
import RecipeFile
import Settings

/// Recipe files of other stations. An input is the manifest's JSON, a zero byte, and what stands behind the manifest in the file.
enum RecipeFiles {
    /// Seals the manifest, as whoever makes a file up would, and reads it in pieces as an import does.
    static func read(_ bytes: [UInt8]) throws {
        let json = Array(bytes.prefix { $0 != 0 })
        let file = start(Seal.sealed(json)) + bytes.dropFirst(json.count + 1)
        var (reader, seen) = (RecipeFileReader(length: file.count), 0)
        for begin in stride(from: 0, to: file.count, by: 999) {
            try reader.take(file[begin..<min(begin + 999, file.count)]) { piece in
                guard case .member(let member, let content) = piece else { return }
                seen += content.count
                precondition(!member.name.hasPrefix("/") && !member.name.contains(".."), "recipe: \(member.name)")
                switch member {
                case .settings:
                    let text = String(decoding: content, as: UTF8.self)
                    _ = try Configuration.RecipeSettings(toml: text, file: member.name)
                case .golden: _ = try Golden(bytes: content, file: member.name)
                case .limit, .shot: break
                }
            }
        }
        try reader.finish()
        precondition(reader.isComplete && seen <= file.count, "recipe: \(seen) bytes of \(file.count)")
    }

    /// The manifest as the first member.
    private static func start(_ sealed: [UInt8]) -> [UInt8] {
        func octal(_ number: Int, _ digits: Int) -> [UInt8] {
            let text = String(number, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
        }
        var header = [UInt8](repeating: 0, count: 512)
        let fields: [(Int, [UInt8])] = [
            (0, Array("recipe/manifest.json".utf8)), (100, Array("0000644\u{0}0000000\u{0}0000000".utf8)),
            (124, octal(sealed.count, 11)), (136, octal(315_532_800, 11)), (156, Array("0".utf8)),
            (257, Array("ustar\u{0}00".utf8)),
        ]
        for (place, field) in fields { header.replaceSubrange(place..<place + field.count, with: field) }
        let sum = header.reduce(256) { $0 + Int($1) }
        header.replaceSubrange(148..<156, with: octal(sum, 6) + [0, 0x20])
        return header + sealed + [UInt8](repeating: 0, count: (512 - sealed.count % 512) % 512)
    }

    /// One that is read.
    static var made: [UInt8] {
        let (settings, shot) = (Configuration.RecipeSettings().toml(comment: "fuzz"), Array("a picture".utf8))
        let golden = [UInt8](repeating: 1, count: 300)
        let members: [(RecipeMember, [UInt8])] = [
            (.settings, Array(settings.utf8)), (.golden, golden),
            (.shot(sha256: hexadecimal(SHA256.digest(of: shot)), isDoubted: false, fileExtension: "png"), shot),
        ]
        let manifest = RecipeManifest(
            recipe: "cap", origin: .init(station: "press-4", version: "1", time: "2026", user: nil),
            backbone: .init(name: "tiny", sha256: String(repeating: "ab", count: 32), precision: nil),
            pictureHeight: nil, pictureWidth: nil,
            model: .init(
                generation: 1, fittedLimit: 1, evidence: "", choice: [], limit: 1, limitBy: nil, taughtBy: nil,
                needsPictureSize: false),
            notCarried: [], members: members.map { RecipeManifest.Member($0, $1) })
        guard let sealed = try? manifest.sealed(), case .sound(let json) = Seal.open(sealed) else { return [] }
        let rest = members.flatMap { RecipeFileWriter.section(.init($0, $1), $1) } + RecipeFileWriter.end
        return json + [0] + rest
    }
}
