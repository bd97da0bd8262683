import ControlProtocol
import Foundation
import HTTPTypes
import Hummingbird
import Platform

/// Answers browsers, and only those that were led here by somebody who means this computer.
struct PageResponder: HTTPResponder {
    /// What a page may do in the browser that shows it: nothing but what this server serves, in nobody's frame.
    private static let headers: HTTPFields = {
        var headers: HTTPFields = [
            .contentSecurityPolicy: "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            .xContentTypeOptions: "nosniff",
        ]
        for (name, value) in [
            ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"),
            ("X-Frame-Options", "DENY"),
        ] {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return headers
    }()
    private static let fetchSite = HTTPField.Name("Sec-Fetch-Site")
    /// No form of another site can send it, and no script of one without asking first.
    private static let mark = HTTPField.Name("X-Fsac")
    /// What whoever acts calls themselves, percent-encoded; of it so many bytes are kept.
    private static let (name, nameBytes) = (HTTPField.Name("X-Fsac-Name"), 60)
    private static let pin = HTTPField.Name("X-Fsac-Pin")

    let routes: ControlResponder
    /// In small letters.
    private let hosts: Set<String>
    /// Of one that takes anything but questions.
    private let acting: PINGate?

    init(routes: ControlResponder, hosts: [String], acting: PINGate?) {
        self.routes = routes
        self.acting = acting
        self.hosts = Set((hosts + ["localhost", "127.0.0.1", "[::1]"]).map { $0.lowercased() })
    }

    func respond(to request: Request, context: ControlContext) async throws -> Response {
        var response = try await ErrorEnvelope().handle(request, context: context) { request, context in
            try check(request)
            if let acting, request.method != .get {
                try checkAction(request)
                try await acting.check(Self.value(Self.pin, request))
            }
            return try await routes.respond(to: request, context: context)
        }
        for field in Self.headers { response.headers[field.name] = field.value }
        // A new version of the daemon brings a new page, and another journal other pictures by the same numbers.
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// Another site's page can have a browser ask here under that site's own name, when its name server says that it is here.
    private func check(_ request: Request) throws(ControlError) {
        guard let host = request.head.authority.flatMap(Self.host), hosts.contains(host) else {
            throw ControlError(
                code: .invalidRequest,
                message: "request: this is no name of the station: expected localhost, or one of page.hosts in the "
                    + "configuration", status: .misdirectedRequest)
        }
        // Links may lead to the page; what it reads is for itself alone.
        let site = Self.fetchSite.flatMap { request.headers[$0] } ?? "none"
        guard request.uri.path == "/" || site == "none" || site == "same-origin" else {
            throw ControlError(
                code: .invalidRequest, message: "request: asked for by the page of another site", status: .forbidden)
        }
    }

    /// Only the page that was served here acts: what a browser says of itself, and what it does not let others' scripts say.
    private func checkAction(_ request: Request) throws(ControlError) {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        guard [.post, .put].contains(request.method), type == "application/json", Self.value(Self.mark, request) == "1",
            Self.value(Self.fetchSite, request) == "same-origin", let host = request.head.authority,
            request.headers[.origin]?.lowercased() == "http://\(host.lowercased())"
        else {
            throw ControlError(
                code: .invalidRequest, message: "request: only the operator's page that was opened here may act",
                status: .forbidden)
        }
    }

    /// Who acts.
    ///
    /// - Throws: of a name that is no text.
    @Sendable static func author(of request: Request) throws(ControlError) -> ChangeAuthor {
        guard let encoded = value(name, request) else { return .page(named: nil) }
        guard let text = encoded.removingPercentEncoding else {
            throw .invalidRequest("request: X-Fsac-Name: expected percent-encoded UTF-8")
        }
        let line = PrintableText.line(text, atMost: nameBytes).trimmingCharacters(in: .whitespaces)
        return .page(named: line.isEmpty ? nil : line)
    }

    private static func value(_ name: HTTPField.Name?, _ request: Request) -> String? {
        name.flatMap { request.headers[$0] }
    }

    /// Without the port, in small letters.
    private static func host(of authority: String) -> String? {
        authority.wholeMatch(of: /(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::[0-9]+)?/).map { $0.1.lowercased() }
    }
}
