import Platform

/// A recipe as one file, to be carried to another station: a tar file (``TarBlock``) of `manifest.json` and the members that it names,
/// in its order. It is written and read in one pass.
package enum RecipeFileWriter {
    /// What the file begins with.
    package static func start(_ manifest: RecipeManifest) throws -> [UInt8] {
        let bytes = try manifest.sealed()
        guard bytes.count <= RecipeManifest.mostBytes else {
            throw RecipeFileError.manifest("\(bytes.count) bytes: expected at most \(RecipeManifest.mostBytes)")
        }
        return section(RecipeManifest.name, bytes)
    }

    /// What a member is written as.
    package static func section(_ member: RecipeManifest.Member, _ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count == member.bytes, "recipe file: \(member.name) of \(bytes.count) bytes")
        return section(member.name, bytes)
    }

    package static let end = TarBlock.end

    private static func section(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        TarBlock.header(RecipeMember.folder + name, size: bytes.count) + bytes
            + [UInt8](repeating: 0, count: TarBlock.padded(bytes.count) - bytes.count)
    }
}
