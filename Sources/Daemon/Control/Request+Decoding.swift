import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// The complete body, at most `limit` bytes of memory; a client that leaves in the middle has sent nothing.
    func wholeBody(upTo limit: Int) async throws -> ByteBuffer {
        // What says itself that it is too long is refused before it is sent.
        let length = headers[.contentLength].flatMap { Int($0) } ?? 0
        guard length <= limit else {
            throw ControlError(
                code: .tooLarge, message: "request: a body of \(length) bytes: expected at most \(limit)")
        }
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw ControlError(code: .tooLarge, message: "request: the body is longer than \(limit) bytes")
        } catch {
            throw ControlError.invalidRequest("request: the body broke off: \(error)")
        }
    }

    /// The body as JSON; an empty body reads as `{}`.
    func decoded<Value: Decodable>(_ type: Value.Type) async throws -> Value {
        var buffer = try await wholeBody(upTo: ControlLimits.requestBytes)
        if buffer.readableBytes == 0 { buffer.writeString("{}") }
        do {
            return try ControlCoding.decode(type, from: buffer.readableBytesView)
        } catch {
            throw ControlError.invalidRequest("request: the body is not the JSON expected here: \(error)")
        }
    }

    /// - Throws: when the query names a parameter that there is not: a flag that is spelt wrongly must not count as absent.
    func checkParameters(known: [String]) throws {
        let unknown = Set(uri.queryParameters.map { String($0.key) }).subtracting(known)
        guard unknown.isEmpty else {
            throw ControlError.invalidRequest(
                "request: no such parameter: \(unknown.sorted().joined(separator: ", ")): expected "
                    + known.joined(separator: ", "))
        }
    }

    /// A query parameter as a number; absent = nil.
    func number<Number: FixedWidthInteger>(_ name: String) throws -> Number? {
        guard let text = uri.queryParameters.get(name) else { return nil }
        guard let number = Number(text) else {
            throw ControlError.invalidRequest("request: \(name)=\(text): expected a whole number")
        }
        return number
    }

    /// A query parameter that is `true` or `false`.
    func flag(_ name: String, default defaultValue: Bool) throws -> Bool {
        guard let text = uri.queryParameters.get(name) else { return defaultValue }
        guard let flag = Bool(text) else {
            throw ControlError.invalidRequest("request: \(name)=\(text): expected true or false")
        }
        return flag
    }
}
