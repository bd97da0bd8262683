import Foundation

/// The server that takes the place of every other one: $FSAC_MODEL_MIRROR. For sites whose computers reach one host of
/// their own.
///
/// Messages and the list of addresses for an air gap keep the publisher's, which is what a person can look up.
struct ModelMirror {
    private let base: URL?

    /// - Throws: ``PullError/badURL(_:reason:)`` of a mirror that has no address.
    init(environment: [String: String]) throws(PullError) {
        guard let text = environment["FSAC_MODEL_MIRROR"], !text.isEmpty else {
            base = nil
            return
        }
        guard let url = URL(string: text), Self.isWeb(url) else {
            throw .badURL(text, reason: "this in FSAC_MODEL_MIRROR")
        }
        base = url
    }

    /// The schemes that curl is allowed, too; `file:` and the like are no download.
    static func isWeb(_ url: URL) -> Bool {
        (url.scheme == "http" || url.scheme == "https") && url.host()?.isEmpty == false
    }

    /// The address on the mirror, which keeps path and query.
    func url(of url: String) -> String {
        guard let base, var address = URLComponents(string: url) else { return url }
        // Port and all: nothing of the publisher's server stays but the path.
        address.scheme = base.scheme
        address.host = base.host()
        address.port = base.port
        let prefix = base.path()
        address.percentEncodedPath =
            (prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix) + address.percentEncodedPath
        return address.string ?? url
    }
}
