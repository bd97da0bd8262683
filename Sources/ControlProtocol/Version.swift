/// The version of the product; the changelog's newest heading. `Tools/make_deb.sh` reads it from this line. Client and
/// daemon do not compare theirs; the client asks about it when it cannot read a reply.
package enum FsacVersion {
    package static let text = "0.1.0"
}
