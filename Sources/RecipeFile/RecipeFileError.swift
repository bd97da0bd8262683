/// Why a file is not taken for a recipe; nothing was changed by reading it.
package enum RecipeFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It begins as no recipe file does.
    case notARecipe
    /// Made by a version to come.
    case format(Int, known: Int)
    /// Its list of contents is not what a version of that format writes; in words.
    case manifest(String)
    /// What stands before a member or behind it is not what belongs there.
    case frame(member: String)
    case digest(member: String, expected: String, got: String)
    /// In bytes; `isWhole` = as many as there are, else there may be more.
    case length(expected: Int, got: Int)

    package var description: String {
        switch self {
        case .notARecipe:
            "recipe file: it does not begin as a file of `fsacctl recipe export` does: another file, or a damaged one"
        case .format(let format, let known):
            "recipe file: format \(format), this version reads \(known): update fsac on this station"
        case .manifest(let problem): "recipe file: manifest.json: \(problem): export it again"
        case .frame(let member): "recipe file: damaged before or behind \(member): export or copy it again"
        case .digest(let member, let expected, let got):
            "recipe file: \(member): expected sha-256 \(expected), got \(got): damaged: export or copy it again"
        case .length(let expected, let got):
            "recipe file: expected \(expected) bytes, got \(got): "
                + (got < expected ? "cut off: export or copy it again" : "something stands behind its end")
        }
    }
}
