/// The methods that there are.
package enum Methods {
    /// In the order in which people are told of them.
    package static let all: [any Method.Type] = [
        AutoMethod.self, PatchMemoryMethod.self, PatchCoreMethod.self, AnomalyDINOMethod.self, PaDiMMethod.self,
        SPADEMethod.self, FSACMethod.self, CLIPFSACMethod.self, WinCLIPMethod.self, ZeroShotMethod.self,
        AAClipMethod.self,
    ]

    /// What is used when nobody says otherwise.
    package static var standard: any Method { AutoMethod() }

    package static var names: [String] { all.map { $0.name } }

    /// With its defaults; nil when there is none of that name.
    package static func named(_ name: String) -> (any Method)? { all.first { $0.name == name }?.init() }
}

/// Why a method cannot be told something.
package enum MethodOptionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// - Parameters:
    ///   - known: the options that it has.
    ///   - others: methods that have this one.
    case unknown(option: String, method: String, known: [String], others: [String])
    /// A value of another type, or out of range.
    case invalid(option: String, method: String, expected: String, got: String)

    package var option: String {
        switch self {
        case .unknown(let option, _, _, _), .invalid(let option, _, _, _): option
        }
    }

    /// What is wrong, without the option's name.
    package var problem: String {
        switch self {
        case .unknown(_, let method, let known, let others):
            "not an option of \(method), which has \(known.isEmpty ? "none" : OptionDomain.list(known, "and")): leave it out, or choose "
                + OptionDomain.alternatives(others)
        case .invalid(_, let method, let expected, let got): "expected \(expected) for \(method), got \(got)"
        }
    }

    package var description: String { "\(option): \(problem)" }
}

extension Method {
    /// Its options, as people see them.
    package static var descriptions: [OptionDescription] { options.map(\.description) }

    /// What an option can be set to; nil when it has no such option.
    package static func domain(of key: String) -> OptionDomain? { descriptions.first { $0.key == key }?.domain }

    /// What every option is set to, by its key.
    package var values: [String: OptionValue] {
        Self.options.reduce(into: [:]) { $0[$1.description.key] = $1.get(self) }
    }

    package mutating func set(_ key: String, to value: OptionValue) throws(MethodOptionError) {
        guard let option = Self.options.first(where: { $0.description.key == key }) else {
            let others = Methods.all.filter { $0.descriptions.contains { $0.key == key } }.map { $0.name }
            throw .unknown(option: key, method: name, known: Self.descriptions.map(\.key), others: others)
        }
        let domain = option.description.domain
        guard let typed = domain.typed(value), domain.contains(typed) else {
            throw .invalid(option: key, method: name, expected: domain.words, got: value.text)
        }
        option.set(&self, typed)
    }

    /// The first option that is set to what it cannot be; nil if all are sound.
    package var problem: MethodOptionError? {
        for option in Self.options {
            let (description, value) = (option.description, option.get(self))
            guard !description.domain.contains(value) else { continue }
            return .invalid(
                option: description.key, method: name, expected: description.domain.words, got: value.text)
        }
        return nil
    }

    func isEqual(to other: any Method) -> Bool { other as? Self == self }
}

/// A method with its options, of whatever type: to compare and to store it.
package struct AnyMethod: Sendable, Equatable {
    package var method: any Method

    package init(_ method: any Method) { self.method = method }

    package static func == (one: AnyMethod, other: AnyMethod) -> Bool { one.method.isEqual(to: other.method) }
}

extension AnyMethod: Codable {
    enum CodingKeys: String, CodingKey {
        case name, options
    }

    /// - Throws: `DecodingError` when there is no such method, an option is missing, or one is what it cannot be.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let values = try container.decode([String: OptionValue].self, forKey: .options)
        do {
            try self.init(name: container.decode(String.self, forKey: .name), values)
        } catch let error as UnknownMethod {
            throw DecodingError.dataCorruptedError(forKey: .name, in: container, debugDescription: "\(error)")
        } catch let error as MethodOptionError {
            throw DecodingError.dataCorruptedError(forKey: .options, in: container, debugDescription: "\(error)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(method.name, forKey: .name)
        try container.encode(method.values, forKey: .options)
    }

    /// - Parameter values: of all options, by their keys.
    /// - Throws: ``UnknownMethod``, `MethodOptionError`.
    init(name: String, _ values: [String: OptionValue]) throws {
        guard var method = Methods.named(name) else { throw UnknownMethod(name: name) }
        var values = values
        for description in method.definition.descriptions where values[description.key] == nil {
            values[description.key] = description.before
            guard description.before == nil else { continue }
            throw MethodOptionError.invalid(
                option: description.key, method: name, expected: description.domain.words, got: "none")
        }
        for (key, value) in values.sorted(by: { $0.key < $1.key }) { try method.set(key, to: value) }
        self.init(method)
    }
}

/// A document or a configuration names a method that there is not.
package struct UnknownMethod: Error, CustomStringConvertible {
    package let name: String

    package var description: String {
        "method: expected \(OptionDomain.alternatives(Methods.names)), got \(name)"
    }
}
