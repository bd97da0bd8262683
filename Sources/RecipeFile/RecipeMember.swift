import Platform

/// What a recipe file holds beside its manifest. A name in the file is only ever read as one of these, and what is written to a disk
/// is named by them: no path comes out of a file.
package enum RecipeMember: Hashable, Sendable {
    /// The `[recipe]` table.
    case settings
    /// A limit that a person set or accepted, with what it rests on.
    case limit
    /// A made-up picture, what the backbone said of it and the model's score.
    case golden
    /// A picture's bytes as they came; `isDoubted` as of the stored shot.
    case shot(sha256: String, isDoubted: Bool, fileExtension: String)

    /// The folder that a file is unpacked to by `tar`.
    static let folder = "recipe/"
    private static let (shots, doubted) = ("normals/", ".doubted")

    /// As the manifest says it.
    package var name: String {
        switch self {
        case .settings: "settings.toml"
        case .limit: "limit.json"
        case .golden: "golden.safetensors"
        case .shot(let sha256, let isDoubted, let fileExtension):
            "\(Self.shots)\(sha256)\(isDoubted ? Self.doubted : "").\(fileExtension)"
        }
    }

    /// Nil = none of them, exactly as it is written.
    package init?(name: String) {
        for member in [Self.settings, .limit, .golden] where member.name == name {
            self = member
            return
        }
        guard name.hasPrefix(Self.shots), name.utf8.count <= 90 else { return nil }
        let pieces = name.dropFirst(Self.shots.count).split(separator: ".", omittingEmptySubsequences: false)
        guard pieces.count == 2 || pieces.count == 3, let first = pieces.first, let last = pieces.last else {
            return nil
        }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        guard RecipeManifest.isDigest(String(first)), (1...5).contains(last.utf8.count),
            last.utf8.allSatisfy(letters.contains)
        else { return nil }
        self = .shot(sha256: String(first), isDoubted: pieces.count == 3, fileExtension: String(last))
        // Whatever stands between.
        guard self.name == name else { return nil }
    }
}
