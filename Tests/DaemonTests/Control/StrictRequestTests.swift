import ControlProtocol
import Daemon
import Testing

/// What is spelt wrongly is refused, whatever the request. The routes are those that the daemon itself names.
@Suite struct StrictRequestTests {
    /// That nothing has begun.
    private func expectNothingDone(_ line: ControlHarness) {
        #expect(line.refit.status(of: "bottle").request == 0)
        #expect(line.recipe.view.normals.isEmpty)
        #expect(line.book.entries.map(\.name) == ["bottle"])
    }

    @Test func theDaemonNamesItsPathsAndTheirMethods() async throws {
        try await ControlHarness.serve { line async throws in
            let routes = try await line.routes().map { "\($0.method) \($0.path)" }
            #expect(routes.count >= 29)
            for route in ["GET /healthz", "PUT /v1/limit", "DELETE /v1/normals/1", "GET /v1/inspections/1/heatmap"] {
                #expect(routes.contains(route))
            }
            let refused = try await line.request("DELETE", "/v1/limit")
            #expect(refused.status == 405 && refused.errorCode == .methodNotAllowed)
            #expect(refused.text.contains("expected GET, PUT"))
            #expect(try await line.request("DELETE", "/v1/normals/operations").status == 405)
        }
    }

    @Test func aParameterThatARouteDoesNotKnowIsRefusedByEveryRoute() async throws {
        try await ControlHarness.serve { line async throws in
            for route in try await line.routes() {
                for query in ["recipee=bottle", "dryrun=true", "=1", "", "%72ecipe=bottle"].map({ "\($0)&x=1" }) {
                    let reply = try await line.request(route.method, "\(route.path)?\(query)")
                    #expect(reply.status == 400, "\(route) \(query)")
                    #expect(reply.text.contains("no such parameter") && reply.text.contains("expected"))
                }
            }
            expectNothingDone(line)
        }
    }

    @Test func aFieldThatARouteDoesNotKnowIsRefusedByEveryRoute() async throws {
        try await ControlHarness.serve { line async throws in
            for route in try await line.routes() {
                let reply = try await UnixClient.request(
                    route.method, route.path, socket: line.socket, headers: ["Content-Type: application/json"],
                    body: Array(#"{"vaule":0.3}"#.utf8))
                #expect(reply.status == 400, "\(route)")
                #expect(reply.text.contains("no such field: vaule: expected"), "\(route)")
            }
            expectNothingDone(line)
        }
    }

    @Test func aBodyThatEndsInNonsenseStartsNothing() async throws {
        try await ControlHarness.serve { line async throws in
            for route in try await line.routes() where route.method != "GET" {
                for body in ["zz\r\n", "2\r\n{}\r\nzz\r\n", "2\r\n{}", "ffffffffffffffffff\r\n"] {
                    let client = try UnixClient(line.socket)
                    client.send(
                        "\(route.method) \(route.path) HTTP/1.1\r\nHost: fsac\r\nContent-Type: application/json\r\n"
                            + "Transfer-Encoding: chunked\r\n\r\n\(body)")
                    client.endSending()
                    #expect(await client.receive().hasPrefix("HTTP/1.1 400"), "\(route) \(body)")
                }
            }
            expectNothingDone(line)
        }
    }

    @Test(arguments: [
        ("PUT", "/v1/limit", "", "expected JSON with value"), ("POST", "/v1/recipes/use", "", "expected JSON with"),
        ("POST", "/v1/recipes/copy", "{}", "from is missing"), ("POST", "/v1/recipes/use", "[]", "a JSON object"),
        ("POST", "/v1/recipes/use", #"{"recipe":"a","r\u0065cipe":"bottle"}"#, "twice"),
        ("POST", "/v1/recipes/use", #"{"recipe":"bottle"} {}"#, "JSON"),
        ("POST", "/v1/trigger", #"{"prat":"x"}"#, "no such field: prat: expected camera, part, id"),
        ("POST", "/v1/trigger", #"{"part":7}"#, "part: "),
        ("POST", "/v1/trigger", "{\"part\":\"\u{0}\"}", "UTF-8"),
        ("GET", "/v1/limit?recipe=bottle&recipe=bottle", "", "twice"),
        ("GET", "/v1/history?limit=1&limit=2", "", "twice"), ("GET", "/v1/limit?recipe=%zz", "", "expected text"),
        ("GET", "/v1/limit?recipe=%ff", "", "expected text"), ("DELETE", "/v1/normals/1?refit=no", "", "true or false"),
    ])
    func theRefusalSaysWhatIsExpected(method: String, target: String, body: String, words: String) async throws {
        try await ControlHarness.serve { line async throws in
            let reply = try await line.request(method, target, body: body)
            #expect(reply.status == 400 && reply.errorCode == .invalidRequest)
            #expect(reply.text.contains(words), "\(reply.text)")
            expectNothingDone(line)
        }
    }

    @Test func anAddressOverTheBoundIs414() async throws {
        try await ControlHarness.serve { line async throws in
            let long = String(repeating: "a", count: ControlLimits.targetBytes)
            #expect(try await line.request("GET", "/v1/limit?recipe=\(long)").status == 414)
        }
    }
}

@Suite struct RequestFieldsTests {
    private func read(_ text: String) throws -> UseRecipeRequest {
        try ControlCoding.decodeRequest(UseRecipeRequest.self, from: Array(text.utf8))
    }

    @Test(arguments: [
        #"{"recipe":"a"}"#, #" {"camera":null , "recipe" : "a"}"#, #"{"r\u0065cipe":"a"}"#,
    ])
    func aBodyWithKnownFieldsIsRead(text: String) throws {
        #expect(try read(text) == UseRecipeRequest(recipe: "a"))
    }

    @Test func whatStandsInATextIsNoField() throws {
        #expect(try read(#"{"recipe":"\"x\":{\"y\":[","camera":"}"}"#).recipe == #""x":{"y":["#)
    }

    @Test(
        arguments: [
            (#"{"recipe":"a","x":{"recipe":1}}"#, .unknown(["x"], known: ["recipe", "camera"])),
            (#"{"recipe":"a","recipe":"b"}"#, .repeated("recipe")), ("", .notAnObject), ("null", .notAnObject),
            (#"{"recipe":"# + String(repeating: "[", count: 5000), .tooDeep(limit: 32)),
        ] as [(String, RequestProblem)])
    func anythingElseIsRefused(text: String, problem: RequestProblem) {
        #expect(throws: problem) { try read(text) }
    }

    @Test(arguments: [[0xC0, 0xAE], [0xFF], [0xED, 0xA0, 0x80], [0]] as [[UInt8]])
    func bytesThatAreNoTextAreRefused(bytes: [UInt8]) {
        let body = Array(#"{"recipe":""#.utf8) + bytes + Array(#""}"#.utf8)
        #expect(throws: RequestProblem.notText) {
            try ControlCoding.decodeRequest(UseRecipeRequest.self, from: body)
        }
    }

    @Test func aRefusalIsShortHoweverLongTheNames() {
        let body = #"{"\#(String(repeating: "x", count: 10_000))":1}"#
        #expect(throws: RequestProblem.self) { try read(body) }
        do { _ = try read(body) } catch { #expect("\(error)".utf8.count < 200) }
    }

    @Test func noPrefixOfABodyAndNoChangedByteEndsTheProgram() {
        let body = Array(#"{"camera":"t\u00f6p\\","recipe":["\"",{"a":-1.5e3}]}"#.utf8)
        for count in body.indices {
            _ = try? ControlCoding.decodeRequest(UseRecipeRequest.self, from: Array(body[..<count]))
        }
        for index in body.indices {
            for byte: UInt8 in [0x22, 0x5C, 0x7B, 0x7D, 0x5B, 0x3A, 0x80, 0] {
                var changed = body
                changed[index] = byte
                _ = try? ControlCoding.decodeRequest(UseRecipeRequest.self, from: changed)
            }
        }
    }
}
