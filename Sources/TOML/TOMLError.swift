/// Why a text is not TOML.
package struct TOMLError: Error, Equatable {
    /// From 1; columns are counted in Unicode scalars.
    package let line: Int
    package let column: Int
    package let reason: String
}
