import ControlProtocol
import Hummingbird
import NIOCore
import NIOPosix

/// Runs work that waits for the disk or computes for long on threads made for it: an event loop or the cooperative
/// pool (two threads on a line PC) would stand still.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await NIOThreadPool.singleton.runIfActive(work)
}

extension Request {
    /// The body as JSON; an empty body reads as `{}`.
    func decoded<Value: Decodable>(_ type: Value.Type) async throws -> Value {
        var buffer = try await body.collect(upTo: ControlLimits.requestBytes)
        if buffer.readableBytes == 0 { buffer.writeString("{}") }
        do {
            return try ControlCoding.decode(type, from: buffer.readableBytesView)
        } catch {
            throw ControlError.invalidRequest("request: the body is not the JSON expected here: \(error)")
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
