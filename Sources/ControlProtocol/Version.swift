/// The version of the product; the changelog's newest heading.
package enum FsacVersion {
    package static let text = "0.1.0"
}
