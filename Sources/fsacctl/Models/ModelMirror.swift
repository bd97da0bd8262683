import Foundation

/// The server that takes the place of every other one: $FSAC_MODEL_MIRROR.
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

    static func isWeb(_ url: URL) -> Bool {
        (url.scheme == "http" || url.scheme == "https") && url.host()?.isEmpty == false
    }

    /// The address on the mirror, which keeps path and query.
    func url(of url: String) -> String {
        guard let base, var address = URLComponents(string: url) else { return url }
        address.scheme = base.scheme
        address.host = base.host()
        address.port = base.port
        let prefix = base.path()
        address.percentEncodedPath =
            (prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix) + address.percentEncodedPath
        return address.string ?? url
    }
}
