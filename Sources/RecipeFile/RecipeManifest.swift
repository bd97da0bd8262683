package import ControlProtocol
import Platform

/// What a recipe file is: its first member, `manifest.json`, sealed (``Seal``). Everything behind it follows from it, to the byte.
package struct RecipeManifest: Codable, Sendable, Equatable {
    package static let currentFormat = 1

    /// Who made the file.
    package struct Origin: Codable, Sendable, Equatable {
        package var station: String
        /// Of fsac.
        package var version: String
        /// RFC 3339, UTC, by the clock of that station.
        package var time: String
        /// The name that the system there has for who asked; absent without one.
        package var user: String?

        package init(station: String, version: String, time: String, user: String?) {
            self.station = station
            self.version = version
            self.time = time
            self.user = user
        }
    }

    package struct Backbone: Codable, Sendable, Equatable {
        package var name: String
        /// Of the weights; of joined backbones one that stands for all of theirs.
        package var sha256: String
        /// In what some of its layers are computed; absent = all in single precision.
        package var precision: String?

        package init(name: String, sha256: String, precision: String?) {
            self.name = name
            self.sha256 = sha256
            self.precision = precision
        }
    }

    /// The model in use there. The one here is fitted from the shots, and has to come to the same.
    package struct Model: Codable, Sendable, Equatable {
        package var generation: Int
        /// That the shots gave.
        package var fittedLimit: Float
        /// What that rests on, in words.
        package var evidence: String
        /// What the fit chose and why, a line each.
        package var choice: [String]
        /// At which parts were rejected, and who set that; absent = calibration.
        package var limit: Float
        package var limitBy: LimitOrigin?
        /// Parts of the line that had taught it; absent = none.
        package var taughtBy: Int?
        /// It can judge pictures of the shots' size only.
        package var needsPictureSize: Bool

        package init(
            generation: Int, fittedLimit: Float, evidence: String, choice: [String], limit: Float,
            limitBy: LimitOrigin?, taughtBy: Int?, needsPictureSize: Bool
        ) {
            self.generation = generation
            self.fittedLimit = fittedLimit
            self.evidence = evidence
            self.choice = choice
            self.limit = limit
            self.limitBy = limitBy
            self.taughtBy = taughtBy
            self.needsPictureSize = needsPictureSize
        }

        enum CodingKeys: String, CodingKey {
            case generation, evidence, choice, limit
            case fittedLimit = "fitted_limit"
            case limitBy = "limit_by"
            case taughtBy = "taught_by"
            case needsPictureSize = "needs_picture_size"
        }
    }

    package struct Member: Codable, Sendable, Equatable {
        package var name: String
        package var bytes: Int
        /// Lower-case hexadecimal.
        package var sha256: String

        package init(_ member: RecipeMember, _ bytes: [UInt8]) {
            (name, self.bytes) = (member.name, bytes.count)
            sha256 = hexadecimal(SHA256.digest(of: bytes))
        }
    }

    package var format = Self.currentFormat
    /// Its name there.
    package var recipe: String
    package var origin: Origin
    package var backbone: Backbone
    /// Of the shots, in pixels; absent when they have several sizes.
    package var pictureHeight: Int?
    package var pictureWidth: Int?
    package var model: Model
    /// What belongs to the recipe there and is not in the file, a sentence each.
    package var notCarried: [String]
    /// In the order of the file.
    package var members: [Member]

    package init(
        recipe: String, origin: Origin, backbone: Backbone, pictureHeight: Int?, pictureWidth: Int?, model: Model,
        notCarried: [String], members: [Member]
    ) {
        self.recipe = recipe
        self.origin = origin
        self.backbone = backbone
        self.pictureHeight = pictureHeight
        self.pictureWidth = pictureWidth
        self.model = model
        self.notCarried = notCarried
        self.members = members
    }

    enum CodingKeys: String, CodingKey {
        case format, recipe, origin, backbone, model, members
        case pictureHeight = "picture_height"
        case pictureWidth = "picture_width"
        case notCarried = "not_carried"
    }
}

// MARK: As bytes

extension RecipeManifest {
    static let name = "manifest.json"
    /// Of the sealed manifest: 10,000 shots take 1.7 MB.
    static let mostBytes = 4 << 20
    private static let mostMembers = 10_000
    /// Of all members together.
    private static let mostContentBytes = 8 << 30
    private static let mostTextBytes = 4096

    /// The bytes of the file's first member.
    ///
    /// - Throws: ``RecipeFileError/manifest(_:)`` when it is not what an import would take: too many shots, or too large ones.
    package func sealed() throws -> [UInt8] {
        try check()
        return Seal.sealed([UInt8](try ControlCoding.encode(self)))
    }

    /// Reads and checks what ``sealed()`` wrote; anything else is refused, an unknown key, too.
    init(sealed bytes: [UInt8]) throws(RecipeFileError) {
        struct Format: Decodable { var format: Int }

        guard case .sound(let content) = Seal.open(bytes) else {
            throw .manifest("damaged: its checksum does not hold")
        }
        // First of all: of a format to come nothing else is known.
        guard let format = try? ControlCoding.decode(Format.self, from: content).format else {
            throw .manifest("it names no format")
        }
        guard format == Self.currentFormat else { throw .format(format, known: Self.currentFormat) }
        let again: [UInt8]
        do {
            self = try ControlCoding.decode(RecipeManifest.self, from: content)
            again = [UInt8](try ControlCoding.encode(self))
        } catch {
            throw .manifest(ErrorWords.of(error))
        }
        // What is unknown, there twice or written otherwise shows by not coming back.
        guard again == content else {
            throw .manifest("expected what this version writes, got other keys or another form")
        }
        try check()
    }

    /// Everything but the shots' pictures.
    private func check() throws(RecipeFileError) {
        guard PlainName.isValid(recipe) else { throw .manifest("recipe: expected \(PlainName.rule)") }
        let texts =
            [origin.station, origin.version, origin.time, origin.user ?? "", backbone.name, backbone.precision ?? ""]
            + [model.evidence] + model.choice + notCarried
        guard texts.allSatisfy({ $0.utf8.count <= Self.mostTextBytes }), texts.count <= 1000 else {
            throw .manifest("expected texts of at most \(Self.mostTextBytes) bytes")
        }
        guard Self.isDigest(backbone.sha256) else { throw .manifest("backbone: expected a sha-256") }
        guard [model.limit, model.fittedLimit].allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw .manifest("limit: expected a finite number above 0")
        }
        for side in [pictureHeight, pictureWidth] {
            guard side.map((1...65_535).contains) ?? true else { throw .manifest("a picture of \(side ?? 0) pixels") }
        }
        try checkMembers()
    }

    private func checkMembers() throws(RecipeFileError) {
        guard members.count <= Self.mostMembers else {
            throw .manifest("\(members.count) members: expected at most \(Self.mostMembers)")
        }
        var (found, shots, sum) = (Set<RecipeMember>(), Set<String>(), 0)
        for member in members {
            // Of whoever made the file up: shown shortened.
            let shown = PrintableText.line(member.name, atMost: 100)
            guard let kind = RecipeMember(name: member.name), found.insert(kind).inserted else {
                throw .manifest("'\(shown)': expected each name once, and only names of a recipe's files")
            }
            guard (1...ControlLimits.imageBytes).contains(member.bytes), Self.isDigest(member.sha256) else {
                throw .manifest("\(shown): expected 1 to \(ControlLimits.imageBytes) bytes and a sha-256")
            }
            sum += member.bytes
            guard case .shot(let sha256, _, _) = kind else { continue }
            guard sha256 == member.sha256, shots.insert(sha256).inserted else {
                throw .manifest("\(shown): expected a shot's own sha-256 for its name, and each shot once")
            }
        }
        guard found.contains(.settings), found.contains(.golden), !shots.isEmpty else {
            throw .manifest("expected settings, a golden picture and at least one shot")
        }
        guard sum <= Self.mostContentBytes else {
            throw .manifest("\(sum) bytes: expected at most \(Self.mostContentBytes)")
        }
    }

    static func isDigest(_ text: String) -> Bool { isHexadecimal(text, bytes: SHA256.byteCount) }
}
