import Foundation

/// The parameters of a request's query.
struct ControlQuery: Sendable, Equatable {
    private let known: [String]
    private var values: [String: String] = [:]

    /// - Throws: when there is a name that is not known, one that is there twice, or a value that is no text.
    init(_ query: String?, known: [String]) throws(ControlError) {
        self.known = known
        for piece in (query ?? "").split(separator: "&", omittingEmptySubsequences: false) where query?.isEmpty == false
        {
            let name = String(piece.prefix { $0 != "=" })
            guard known.contains(name) else {
                throw .invalidRequest(
                    "request: no such parameter: \(name.prefix(40)): expected "
                        + (known.isEmpty ? "none" : known.joined(separator: ", ")))
            }
            guard values[name] == nil else {
                throw .invalidRequest("request: the parameter \(name) is there twice: which one counts?")
            }
            guard let value = piece.dropFirst(name.count + 1).removingPercentEncoding else {
                throw .invalidRequest("request: \(name): expected text in UTF-8, with % before two hexadecimal digits")
            }
            values[name] = value
        }
    }

    /// Nil = absent.
    func text(_ name: String) -> String? {
        precondition(known.contains(name), "a route that does not declare its parameter \(name)")
        return values[name]
    }

    /// A whole number; nil = absent.
    func number<Number: FixedWidthInteger>(_ name: String) throws(ControlError) -> Number? {
        guard let text = text(name) else { return nil }
        guard let number = Number(text) else {
            throw .invalidRequest("request: \(name)=\(text.prefix(40)): expected a whole number")
        }
        return number
    }

    func flag(_ name: String, default defaultValue: Bool) throws(ControlError) -> Bool {
        guard let text = text(name) else { return defaultValue }
        guard let flag = Bool(text) else {
            throw .invalidRequest("request: \(name)=\(text.prefix(40)): expected true or false")
        }
        return flag
    }
}
