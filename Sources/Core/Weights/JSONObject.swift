import Foundation

/// A JSON object of somebody else's, read key by key with messages that name file and key.
struct JSONObject {
    indirect enum Value: Decodable, Equatable {
        case null
        case truth(Bool)
        case number(Double)
        case text(String)
        case array([Value])
        case object([String: Value])

        /// Values in values: no description of a model has more, and the decoder takes seconds and a stack for hundreds.
        private static let deepest = 16

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            guard decoder.codingPath.count <= Self.deepest else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "nested too deep")
            }
            if container.decodeNil() {
                self = .null
            } else if let truth = try? container.decode(Bool.self) {  // fails on other types, which come next
                self = .truth(truth)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let array = try? container.decode([Value].self) {
                self = .array(array)
            } else {
                self = .object(try container.decode([String: Value].self))
            }
        }

        /// As it would stand in a message.
        var words: String {
            switch self {
            case .null: "null"
            case .truth(let truth): "\(truth)"
            case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
            case .text(let text): "\"\(text)\""
            case .array(let items): "a list of \(items.count)"
            case .object: "an object"
            }
        }
    }

    /// Larger files describe no model.
    private static let maximumBytes = 1 << 20

    let file: String
    /// Keys that lead here, for messages.
    private let path: String
    let values: [String: Value]

    /// - Throws: `unreadable`, `malformed`.
    static func read(path: String) throws(WeightsError) -> JSONObject {
        var input = try WeightsInput(path: path)
        guard input.size <= maximumBytes else {
            throw .malformed(file: path, section: "file", expected: "at most 1 MiB", got: "\(input.size) bytes")
        }
        let bytes = try input.bytes(input.size, section: "file")
        // Whatever is wrong with it, the message is the same.
        guard let values = try? JSONDecoder().decode([String: Value].self, from: Data(bytes)) else {
            throw .malformed(file: path, section: "file", expected: "a JSON object", got: "something else")
        }
        return JSONObject(file: path, path: "", values: values)
    }

    func malformed(_ key: String, expected: String) -> WeightsError {
        .malformed(file: file, section: path + key, expected: expected, got: values[key]?.words ?? "none")
    }

    /// Whether there is something under a key.
    func has(_ key: String) -> Bool { values[key] != nil && values[key] != .null }

    func object(_ key: String) throws(WeightsError) -> JSONObject? {
        guard has(key) else { return nil }
        guard case .object(let inner) = values[key] else { throw malformed(key, expected: "an object") }
        return JSONObject(file: file, path: path + key + ".", values: inner)
    }

    func number(_ key: String) throws(WeightsError) -> Double? {
        guard has(key) else { return nil }
        guard case .number(let number) = values[key] else { throw malformed(key, expected: "a number") }
        return number
    }

    /// A size: positive and small enough to be one.
    func size(_ key: String, default value: Int? = nil) throws(WeightsError) -> Int {
        guard let number = try number(key) else {
            guard let value else { throw malformed(key, expected: "a whole number") }
            return value
        }
        guard let size = Int(exactly: number), (1...1 << 24).contains(size) else {
            throw malformed(key, expected: "a whole number above 0")
        }
        return size
    }

    func text(_ key: String) throws(WeightsError) -> String? {
        guard has(key) else { return nil }
        guard case .text(let text) = values[key] else { throw malformed(key, expected: "a text") }
        return text
    }

    func truth(_ key: String) throws(WeightsError) -> Bool {
        guard has(key) else { return false }
        guard case .truth(let truth) = values[key] else { throw malformed(key, expected: "true or false") }
        return truth
    }

    /// Three numbers, one a channel.
    func channels(_ key: String) throws(WeightsError) -> [Float]? {
        guard has(key) else { return nil }
        guard case .array(let items) = values[key], items.count == 3 else {
            throw malformed(key, expected: "three numbers")
        }
        let numbers = items.compactMap { if case .number(let number) = $0 { Float(number) } else { nil } }
        guard numbers.count == 3 else { throw malformed(key, expected: "three numbers") }
        return numbers
    }

    /// Only these keys may be set to something: what is not known here may change what the network computes.
    func allow(_ keys: Set<String>) throws(WeightsError) {
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where !keys.contains(key) {
            guard value != .null, value != .truth(false) else { continue }
            throw .malformed(
                file: file, section: path + key,
                expected: "a CLIP without it (plain vision transformer, plain text tower)",
                got: value.words)
        }
    }
}
