import CCurl
import Foundation
import Glibc
import Platform

/// One HTTP request and its reply, by libcurl. It blocks its thread (``onThread(_:)``), and nothing piles up: who receives a
/// piece of the body holds the server back meanwhile.
package struct Exchange: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    package enum Route: Sendable {
        /// `timeout` is for the whole exchange; nil = it may last for ever.
        case socket(path: String, timeout: Duration?)
        /// Over the network, through the proxies that curl finds in the environment, and after redirects.
        case web
        /// To a host that somebody named, never after a redirect. `timeout` is for the whole exchange; `ca`: certificates that the
        /// host's is to be signed by, nil = the system's.
        case receiver(timeout: Duration, ca: String?)
    }

    /// What a reply begins with, and at its end also what came behind the body. Of redirects it is the last one's.
    package struct Reply {
        package let status: Int
        /// By name in small letters.
        package let headers: [String: String]
    }

    package enum Failure: Error {
        /// It or a redirect is no address that may be asked.
        case address(String)
        /// There was no reply; `errno` is what the system said of the connection, or 0.
        case unreachable(String, errno: CInt)
        /// The reply ended before its end.
        case cut(Reply, String)
    }

    package let url: String
    package let route: Route
    package var method = Method.get
    /// `Name: value`
    package var headers: [String] = []
    /// Of POST and PUT.
    package var body: [UInt8] = []

    package init(url: String, route: Route, method: Method = .get, headers: [String] = []) {
        self.url = url
        self.route = route
        self.method = method
        self.headers = headers
    }

    /// Waits for the whole reply.
    ///
    /// - Parameter receive: gets the body's pieces as they come. What it throws ends the exchange and is thrown here.
    /// - Throws: ``Failure``.
    package func perform(_ receive: (Reply, UnsafeRawBufferPointer) throws -> Void) throws -> Reply {
        // Once a process: curl's own initialisation is not for several threads.
        precondition(Self.isReady, "libcurl cannot be initialised")
        // A handle for each exchange: no connection is kept, and a new one to a socket costs next to nothing.
        guard let curl = curl_easy_init() else { throw Failure.unreachable("out of memory", errno: ENOMEM) }
        defer { curl_easy_cleanup(curl) }
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        // Without these two, curl waits a second for a "100 Continue", and calls every body a form.
        for header in ["Expect:", "Content-Type:"] + headers { list = curl_slist_append(list, header) }
        set(curl, CURLOPT_HTTPHEADER, list)
        set(curl, CURLOPT_URL, url)
        // Its time-outs are not to come as signals, which belong to the whole program.
        set(curl, CURLOPT_NOSIGNAL, 1)
        setMethod(curl)
        setRoute(curl)
        // Curl keeps the closure's address, but only until the request is over.
        return try withoutActuallyEscaping(receive) { receive in
            var receiver = Receiver(curl: curl, receive: receive)
            return try withUnsafeMutablePointer(to: &receiver) { try perform(curl, $0) }
        }
    }

    private func perform(_ curl: UnsafeMutableRawPointer, _ receiver: UnsafeMutablePointer<Receiver>) throws -> Reply {
        let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        defer { words.deallocate() }
        set(curl, CURLOPT_ERRORBUFFER, words)
        set(curl, CURLOPT_WRITEDATA, receiver)
        check(
            fsac_curl_set_receiver(curl) { bytes, _, count, context in
                guard let bytes, let receiver = context?.assumingMemoryBound(to: Receiver.self) else { return 0 }
                return receiver.pointee.take(UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
            })
        let code = curl_easy_perform(curl)
        // Before curl's own code, which only says that the receiver refused.
        if let error = receiver.pointee.error { throw error }
        let reply = Reply(curl)
        if code == CURLE_OK { return reply }
        // Curl's buffer knows the host and the certificate; its codes have general words.
        let text = words.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: words)
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_TOO_MANY_REDIRECTS: throw Failure.address(text)
        case _ where (200..<300).contains(reply.status): throw Failure.cut(reply, text)
        default: throw Failure.unreachable(text, errno: CInt(truncatingIfNeeded: number(curl, CURLINFO_OS_ERRNO)))
        }
    }

    private func setMethod(_ curl: UnsafeMutableRawPointer) {
        if method == .post || method == .put {
            set(curl, CURLOPT_POST, 1)
            check(fsac_curl_set_size(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            // Never without an address: curl would read standard input.
            (body.isEmpty ? [0] : body).withUnsafeBytes { set(curl, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) }
        }
        // CURLOPT_POST alone would make a PUT a POST.
        set(curl, CURLOPT_CUSTOMREQUEST, method.rawValue)
    }

    private func setRoute(_ curl: UnsafeMutableRawPointer) {
        switch route {
        case .socket(let path, let timeout):
            set(curl, CURLOPT_UNIX_SOCKET_PATH, path)
            set(curl, CURLOPT_PROTOCOLS_STR, "http")
            // The proxies of the environment are for the network.
            set(curl, CURLOPT_NOPROXY, "*")
            if let timeout { set(curl, CURLOPT_TIMEOUT_MS, Int(timeout / .milliseconds(1))) }
        case .web:
            set(curl, CURLOPT_PROTOCOLS_STR, "http,https")
            // Releases and model hubs send on to other hosts, never to a file or another protocol.
            set(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
            set(curl, CURLOPT_FOLLOWLOCATION, 1)
            set(curl, CURLOPT_MAXREDIRS, 10)
            set(curl, CURLOPT_CONNECTTIMEOUT, 15)
            // A minute without a byte.
            set(curl, CURLOPT_LOW_SPEED_LIMIT, 1)
            set(curl, CURLOPT_LOW_SPEED_TIME, 60)
            set(curl, CURLOPT_USERAGENT, "fsacctl")
            set(curl, CURLOPT_NOPROXY, Self.hostsWithoutProxy)
        case .receiver(let timeout, let ca):
            set(curl, CURLOPT_PROTOCOLS_STR, "http,https")
            set(curl, CURLOPT_TIMEOUT_MS, Int(timeout / .milliseconds(1)))
            set(curl, CURLOPT_USERAGENT, "fsac-gateway")
            set(curl, CURLOPT_NOPROXY, Self.hostsWithoutProxy)
            if let ca { set(curl, CURLOPT_CAINFO, ca) }
        }
    }

    /// What curl would take from the environment, and this machine: a server on it is never behind a proxy.
    private static let hostsWithoutProxy: String = {
        let environment = ProcessInfo.processInfo.environment
        let list = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        return list == "*" ? list : "localhost,127.0.0.1,::1,\(list)"
    }()

    private static let isReady: Bool = {
        // A connection, or a reader of our output, that is gone is an error of the call that writes.
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()
}

/// The reply on its way: what libcurl calls back.
private struct Receiver {
    let curl: UnsafeMutableRawPointer
    let receive: (Exchange.Reply, UnsafeRawBufferPointer) throws -> Void
    private var reply: Exchange.Reply?
    private(set) var error: (any Error)?

    init(
        curl: UnsafeMutableRawPointer, receive: @escaping (Exchange.Reply, UnsafeRawBufferPointer) throws -> Void
    ) {
        self.curl = curl
        self.receive = receive
    }

    /// Nothing may be thrown through curl, which is C: the error is kept until it has returned.
    ///
    /// - Returns: whether there shall be more.
    mutating func take(_ piece: UnsafeRawBufferPointer) -> Bool {
        let reply = self.reply ?? Exchange.Reply(curl)
        self.reply = reply
        do {
            try receive(reply, piece)
            return true
        } catch {
            self.error = error
            return false
        }
    }
}

extension Exchange.Reply {
    /// Of the last request that was sent.
    fileprivate init(_ curl: UnsafeMutableRawPointer) {
        status = number(curl, CURLINFO_RESPONSE_CODE)
        var headers: [String: String] = [:]
        let kinds = UInt32(CURLH_HEADER | CURLH_TRAILER)
        var header = curl_easy_nextheader(curl, kinds, -1, nil)
        while let this = header {
            headers[String(cString: this.pointee.name).lowercased()] = String(cString: this.pointee.value)
            header = curl_easy_nextheader(curl, kinds, -1, this)
        }
        self.headers = headers
    }

    package var isSuccess: Bool { (200..<300).contains(status) }
}

private func number(_ curl: UnsafeMutableRawPointer, _ info: CURLINFO) -> Int {
    var value = 0
    check(fsac_curl_get_number(curl, info, &value))
    return value
}

private func set(_ curl: UnsafeMutableRawPointer, _ option: CURLoption, _ value: UnsafeRawPointer?) {
    check(fsac_curl_set_pointer(curl, option, value))
}

private func set(_ curl: UnsafeMutableRawPointer, _ option: CURLoption, _ value: Int) {
    check(fsac_curl_set_number(curl, option, value))
}

/// All options are ones that the oldest libcurl that we build with knows.
private func check(_ code: CURLcode) {
    precondition(code == CURLE_OK, "libcurl: \(String(cString: curl_easy_strerror(code)))")
}

/// Does what blocks on a thread of its own: the cooperative pool has one thread a core, and a wait there would stop
/// everybody.
package func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        NamedThread.start("fsac-http") { continuation.resume(with: Result(catching: work)) }
    }
}
