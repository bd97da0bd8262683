/// The JSON body of a request: an object whose fields are all among `CodingKeys`, each at most once. Read with
/// ``ControlCoding/decodeRequest(_:from:)``.
package protocol RequestFields: Codable, Sendable {
    associatedtype CodingKeys: CodingKey & CaseIterable
}

extension RequestFields {
    package static var names: [String] { CodingKeys.allCases.map(\.stringValue) }
}

/// What is wrong with the JSON body of a request.
package enum RequestProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// No UTF-8, or a zero byte in it.
    case notText
    case notAnObject
    case tooDeep(limit: Int)
    case unknown([String], known: [String])
    case repeated(String)
    /// What the decoder says.
    case unreadable(String, known: [String])

    package var description: String {
        switch self {
        case .notText: "the body: expected JSON in UTF-8"
        case .notAnObject: "the body: expected a JSON object"
        case .tooDeep(let limit): "the body: expected JSON that is at most \(limit) levels deep"
        case .unknown(let names, let known):
            "no such field: \(Self.shortened(names)): expected \(Self.list(known))"
        case .repeated(let name): "the field \(Self.shortened([name])) is there twice: which one counts?"
        case .unreadable(let words, let known): "the body: \(words): expected \(Self.list(known))"
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "no field" : names.joined(separator: ", ")
    }

    /// Of names that a client made up: they may be as long as a request.
    private static func shortened(_ names: [String]) -> String {
        let shown = names.prefix(5).map { $0.count > 40 ? "\($0.prefix(40))..." : $0 }
        return shown.joined(separator: ", ") + (names.count > 5 ? ", ..." : "")
    }
}

extension ControlCoding {
    /// A request's body. What is spelt wrongly must not count as absent: an unknown field is refused, unlike in a reply.
    package static func decodeRequest<Value: RequestFields>(
        _ type: Value.Type, from bytes: [UInt8]
    ) throws(RequestProblem) -> Value {
        let names = try JSONOutline(bytes).names
        let unknown = names.filter { !Value.names.contains($0) }
        guard unknown.isEmpty else { throw .unknown(unknown, known: Value.names) }
        for (index, name) in names.enumerated() where names[..<index].contains(name) { throw .repeated(name) }
        do {
            return try decode(type, from: bytes)
        } catch {
            throw .unreadable((error as? DecodingError)?.words ?? "\(error)", known: Value.names)
        }
    }
}

extension DecodingError {
    /// In a line: Swift's own description is for who debugs a program.
    fileprivate var words: String {
        switch self {
        case .keyNotFound(let key, _): "the field \(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            (context.codingPath.map { "\($0.stringValue): " } + [context.debugDescription]).joined()
        @unknown default: "\(self)"
        }
    }
}

/// What can be told of a JSON text before it is decoded, in one pass and without recursion. Of a text that is no JSON it may say
/// anything: the decoder comes next.
struct JSONOutline {
    /// Levels of objects and lists that a request may have.
    static let depthLimit = 32

    /// Of the fields of the outermost object, in their order.
    private(set) var names: [String] = []

    init(_ bytes: [UInt8]) throws(RequestProblem) {
        // The decoder takes other encodings, too, and JSON has no zero bytes.
        guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else { throw .notText }
        guard bytes.first(where: { !Self.isSpace($0) }) == UInt8(ascii: "{") else { throw .notAnObject }
        var (index, depth) = (0, 0)
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                let end = Self.endOfText(bytes, from: index)
                let next = bytes[end...].first { !Self.isSpace($0) }
                if depth == 1, next == UInt8(ascii: ":") { names.append(Self.text(bytes[index..<end])) }
                index = end
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                guard depth <= Self.depthLimit else { throw .tooDeep(limit: Self.depthLimit) }
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                index += 1
            default: index += 1
            }
        }
    }

    /// Behind the closing quotation mark.
    private static func endOfText(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, bytes.count)
    }

    /// What stands in quotation marks, with its escapes resolved. One that cannot be is no name that anybody knows.
    private static func text(_ quoted: ArraySlice<UInt8>) -> String {
        (try? ControlCoding.decode(String.self, from: quoted)) ?? String(decoding: quoted, as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains(byte)
    }
}
