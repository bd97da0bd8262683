import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Asks servers for files: through proxies and mirrors of the environment, and after redirects.
struct ModelServer {
    private static let maximumRedirects = 10

    private let environment: [String: String]
    private let direct: HTTPClient
    private let clients: [Proxy: HTTPClient]

    private struct Proxy: Hashable {
        let host: String
        let port: Int
    }

    /// - Parameter environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, also in small letters; FSAC_MODEL_MIRROR.
    init(environment: [String: String]) throws {
        self.environment = environment
        direct = Self.client(nil)
        var clients: [Proxy: HTTPClient] = [:]
        for name in ["https_proxy", "http_proxy"] {
            guard let proxy = try Self.proxy(environment, name), clients[proxy] == nil else { continue }
            clients[proxy] = Self.client(proxy)
        }
        self.clients = clients
    }

    private static func client(_ proxy: Proxy?) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: .seconds(15), read: .seconds(60))
        // Our own attempts are counted.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.proxy = proxy.map { .server(host: $0.host, port: $0.port) }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutdown() async throws {
        for client in [direct] + clients.values { try await client.shutdown() }
    }

    /// The reply to a GET, behind all redirects.
    func get(_ url: String, headers: [(String, String)]) async throws -> HTTPClientResponse {
        var url = try mirrored(url)
        for _ in 0..<Self.maximumRedirects {
            var request = HTTPClientRequest(url: url)
            // A range of compressed bytes would be a range of something else.
            request.headers.add(name: "Accept-Encoding", value: "identity")
            request.headers.add(name: "User-Agent", value: "fsacctl")
            for (name, value) in headers { request.headers.add(name: name, value: value) }
            let response = try await client(for: url).execute(request, timeout: .hours(24 * 7))
            guard [301, 302, 303, 307, 308].contains(response.status.code),
                let location = response.headers.first(name: "Location")
            else { return response }
            guard let next = URL(string: location, relativeTo: URL(string: url)), Self.isWeb(next) else {
                throw PullError.badURL(location, reason: "a redirect from \(url) to something else")
            }
            url = next.absoluteString
        }
        throw PullError.badURL(url, reason: "more than \(Self.maximumRedirects) redirects")
    }

    static func isWeb(_ url: URL) -> Bool {
        (url.scheme == "http" || url.scheme == "https") && url.host()?.isEmpty == false
    }

    /// The address on the mirror, which keeps path and query.
    private func mirrored(_ url: String) throws -> String {
        guard let mirror = environment["FSAC_MODEL_MIRROR"], !mirror.isEmpty else { return url }
        guard let base = URL(string: mirror), Self.isWeb(base), var parts = URLComponents(string: url) else {
            throw PullError.badURL(mirror, reason: "this in FSAC_MODEL_MIRROR")
        }
        parts.scheme = base.scheme
        parts.host = base.host()
        parts.port = base.port
        let prefix = base.path()
        parts.percentEncodedPath =
            (prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix) + parts.percentEncodedPath
        return parts.string ?? url
    }

    private func client(for url: String) throws -> HTTPClient {
        guard let parts = URL(string: url), let host = parts.host(), !isExempt(host),
            let proxy = try Self.proxy(environment, parts.scheme == "https" ? "https_proxy" : "http_proxy")
        else { return direct }
        return clients[proxy] ?? direct
    }

    /// This machine, and what NO_PROXY lists: hosts, domains with all below them, or `*`.
    private func isExempt(_ host: String) -> Bool {
        if ["localhost", "127.0.0.1", "::1"].contains(host) { return true }
        let list = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        return list.split(separator: ",").contains { entry in
            let name = entry.trimmingCharacters(in: .whitespaces).drop { $0 == "." }
            return name == "*" || !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }

    private static func proxy(_ environment: [String: String], _ name: String) throws -> Proxy? {
        guard let text = environment[name] ?? environment[name.uppercased()], !text.isEmpty else { return nil }
        guard let url = URL(string: text.contains("://") ? text : "http://" + text), let host = url.host() else {
            throw PullError.badURL(text, reason: "this in \(name.uppercased())")
        }
        return Proxy(host: host, port: url.port ?? 80)
    }
}
