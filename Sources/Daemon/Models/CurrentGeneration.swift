import ControlProtocol
import Platform

/// Which shots there are, in short.
struct ShotList: Equatable, Sendable {
    /// Of a roll-back that an older version wrote down without them.
    static let unknown = Self(digest: "")

    /// Lower-case hexadecimal.
    let digest: String

    init(_ normals: [StoredNormal]) {
        let names = normals.map(\.sha256).sorted().joined(separator: "\n")
        digest = hexadecimal(SHA256.digest(of: names.utf8))
    }

    fileprivate init(digest: String) {
        self.digest = digest
    }
}

extension ShotList: Codable {
    init(from decoder: any Decoder) throws { digest = try String(from: decoder) }

    func encode(to encoder: any Encoder) throws { try digest.encode(to: encoder) }
}

/// What the file `current` says: the generation in use, and whether an operator went back to it. After a roll-back a
/// newer generation is on disk on purpose; otherwise one newer than `current` is a fit whose last step was cut off.
struct CurrentGeneration: Codable, Equatable, Sendable {
    var generation: Int
    /// Those that were in use before it and that no operator went back from, the oldest first: known to be good, if one has to
    /// take its place.
    var before: [Int] = []
    /// Those that were there at the roll-back: once there are others a fit is due. Nil = nobody went back.
    var shotsAtRollback: ShotList?

    enum CodingKeys: String, CodingKey {
        case generation, before
        case shotsAtRollback = "shots_at_rollback"
    }

    /// Nil = no fit has made so many: what claims it is no generation, and numbers never run out.
    static func number(_ digits: some StringProtocol) -> Int? { Int(digits).flatMap { isNumber($0) ? $0 : nil } }

    private static func isNumber(_ number: Int) -> Bool { (1...1 << 53).contains(number) }

    /// What is in use after it.
    func next(_ generation: Int) -> CurrentGeneration {
        CurrentGeneration(generation: generation, before: before + [self.generation])
    }

    /// After an operator chose another one: those that were used after an older one are no longer known to be good.
    func replaced(by generation: Int, shots: ShotList?) -> CurrentGeneration {
        var new = generation > self.generation ? next(generation) : self
        new.generation = generation
        new.before.removeAll { $0 >= generation }
        new.shotsAtRollback = shots
        return new
    }
}

extension CurrentGeneration {
    /// As older versions wrote it: the number, and perhaps `rolled-back` and the digest of the shots. Which generations were gone
    /// back from they did not note.
    private init?(text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let generation = words.first.flatMap({ Self.number($0) }) else { return nil }
        let isRolledBack = words.dropFirst().first == "rolled-back"
        self.init(
            generation: generation,
            shotsAtRollback: isRolledBack
                ? words.dropFirst(2).first.map { ShotList(digest: String($0)) } ?? .unknown : nil)
    }

    init(_ bytes: [UInt8], path: String) throws(DocumentError) {
        let current: CurrentGeneration?
        if bytes.first == UInt8(ascii: "{") {
            do {
                current = try ControlCoding.decode(CurrentGeneration.self, from: bytes)
            } catch {
                throw .malformed(path: path, reason: ErrorWords.of(error))
            }
        } else {
            current = CurrentGeneration(text: String(decoding: bytes, as: UTF8.self))
        }
        guard let current, Self.isNumber(current.generation) else {
            throw .malformed(path: path, reason: "expected the number of a generation")
        }
        self = current
    }
}
