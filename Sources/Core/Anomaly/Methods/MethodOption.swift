/// What an option is set to.
package enum OptionValue: Sendable, Equatable {
    case flag(Bool)
    case number(Int)
    case real(Double)
    case choice(String)

    /// As in the configuration.
    package var text: String {
        switch self {
        case .flag(let flag): "\(flag)"
        case .number(let number): "\(number)"
        case .real(let number): "\(number)"
        case .choice(let name): "\"\(name)\""
        }
    }
}

extension OptionValue: Codable {
    /// The bare value, as in the configuration.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // What is none of the first three must be the last.
        if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Int.self) {
            self = .number(number)
        } else if let number = try? container.decode(Double.self) {
            self = .real(number)
        } else {
            self = .choice(try container.decode(String.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .flag(let flag): try container.encode(flag)
        case .number(let number): try container.encode(number)
        case .real(let number): try container.encode(number)
        case .choice(let name): try container.encode(name)
        }
    }
}

/// What an option can be set to.
package enum OptionDomain: Sendable, Equatable {
    case flag
    case number(ClosedRange<Int>)
    case numbers([Int])
    case real(ClosedRange<Double>)
    case choice([String])

    /// `a whole number from 1 to 4096`.
    package var words: String {
        switch self {
        case .flag: "true or false"
        case .number(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .numbers(let numbers): Self.alternatives(numbers.map(String.init))
        case .real(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let names): Self.alternatives(names.map { "\"\($0)\"" })
        }
    }

    package static func alternatives(_ words: [String]) -> String { list(words, "or") }

    /// `a, b and c`
    static func list(_ words: [String], _ conjunction: String) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
    }

    /// The value as an option of this domain has it; nil when it is of another type.
    package func typed(_ value: OptionValue) -> OptionValue? {
        switch (self, value) {
        case (.flag, .flag), (.number, .number), (.numbers, .number), (.real, .real), (.choice, .choice): value
        case (.real, .number(let number)): .real(Double(number))
        default: nil
        }
    }

    /// Whether an option can be set to it. A NaN is in no range.
    package func contains(_ value: OptionValue) -> Bool {
        switch (self, value) {
        case (.flag, .flag): true
        case (.number(let range), .number(let number)): range.contains(number)
        case (.numbers(let numbers), .number(let number)): numbers.contains(number)
        case (.real(let range), .real(let number)): range.contains(number)
        case (.choice(let names), .choice(let name)): names.contains(name)
        default: false
        }
    }

    /// What a text on a command line says; nil when it is no value of this type.
    package func value(of text: String) -> OptionValue? {
        switch self {
        case .flag: Bool(text).map(OptionValue.flag)
        case .number, .numbers: Int(text).map(OptionValue.number)
        case .real: Double(text).map(OptionValue.real)
        case .choice: .choice(text)
        }
    }
}

/// An option as people see it.
package struct OptionDescription: Sendable, Equatable {
    /// The key of the configuration; with hyphens, the option of a command line.
    package let key: String
    package let domain: OptionDomain
    /// What numbers count; nil where there is nothing to say.
    package let unit: String?
    /// What it does, a phrase that goes on with the domain's words.
    package let help: String
    /// Whether scores of models that differ in it can be on different scales, so that a limit for one is none for the other.
    package let changesScores: Bool
    /// What it was before there was such an option: what older documents mean, which do not have it. Nil when all have it.
    package var before: OptionValue?
}

/// Something that a method can be told, and where its value keeps it.
package struct MethodOption<Owner: Method>: Sendable {
    package let description: OptionDescription
    package let get: @Sendable (Owner) -> OptionValue
    /// - Precondition: the value is of the domain.
    let set: @Sendable (inout Owner, OptionValue) -> Void

    package static func flag(
        _ key: String, _ path: any WritableKeyPath<Owner, Bool> & Sendable, help: String
    ) -> Self {
        Self(description: .init(key: key, domain: .flag, unit: nil, help: help, changesScores: true)) {
            .flag($0[keyPath: path])
        } set: { owner, value in
            if case .flag(let flag) = value { owner[keyPath: path] = flag }
        }
    }

    package static func number(
        _ key: String, _ path: any WritableKeyPath<Owner, Int> & Sendable, in range: ClosedRange<Int>,
        unit: String? = nil, changesScores: Bool = true, before: Int? = nil, help: String
    ) -> Self {
        whole(
            path,
            .init(
                key: key, domain: .number(range), unit: unit, help: help, changesScores: changesScores,
                before: before.map { .number($0) }))
    }

    package static func number(
        _ key: String, _ path: any WritableKeyPath<Owner, Int> & Sendable, of numbers: [Int], help: String
    ) -> Self {
        whole(path, .init(key: key, domain: .numbers(numbers), unit: nil, help: help, changesScores: true))
    }

    private static func whole(
        _ path: any WritableKeyPath<Owner, Int> & Sendable, _ description: OptionDescription
    ) -> Self {
        Self(description: description) {
            .number($0[keyPath: path])
        } set: { owner, value in
            if case .number(let number) = value { owner[keyPath: path] = number }
        }
    }

    package static func real(
        _ key: String, _ path: any WritableKeyPath<Owner, Double> & Sendable, in range: ClosedRange<Double>,
        unit: String? = nil, help: String
    ) -> Self {
        Self(description: .init(key: key, domain: .real(range), unit: unit, help: help, changesScores: true)) {
            .real($0[keyPath: path])
        } set: { owner, value in
            if case .real(let number) = value { owner[keyPath: path] = number }
        }
    }

    /// - Parameter choices: those that the method knows.
    package static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ key: String, _ path: any WritableKeyPath<Owner, Choice> & Sendable,
        of choices: [Choice] = Array(Choice.allCases), changesScores: Bool = true, before: Choice? = nil, help: String
    ) -> Self {
        let domain = OptionDomain.choice(choices.map(\.rawValue))
        return Self(
            description: .init(
                key: key, domain: domain, unit: nil, help: help, changesScores: changesScores,
                before: before.map { .choice($0.rawValue) })
        ) {
            .choice($0[keyPath: path].rawValue)
        } set: { owner, value in
            if case .choice(let name) = value, let choice = Choice(rawValue: name) { owner[keyPath: path] = choice }
        }
    }
}

// MARK: What several methods have

extension MethodOption {
    static func localAveraging(_ path: any WritableKeyPath<Owner, Bool> & Sendable) -> Self {
        .flag("local_averaging", path, help: "whether a feature is averaged with its 8 neighbours")
    }

    static func rotations(_ path: any WritableKeyPath<Owner, Int> & Sendable) -> Self {
        .number(
            "rotations", path, of: [1, 2, 4, 8],
            help: "copies of each shot turned by equal steps of a full turn, 1 when parts always lie the same way")
    }

    static func coresetBudget(_ path: any WritableKeyPath<Owner, Int> & Sendable) -> Self {
        .number(
            "coreset_budget", path, in: 0...1_000_000, unit: "patches",
            help: "patches that are remembered at most, 0 for all")
    }

    static func foreground(_ path: any WritableKeyPath<Owner, Bool> & Sendable) -> Self {
        .flag(
            "foreground", path,
            help: "whether only the part is learnt and judged, told from a plain background by its features; where no "
                + "part stands out in the first shot, everything counts, and a piece that is missing at the part's edge is "
                + "background")
    }

    static func fitBudget(_ path: any WritableKeyPath<Owner, Double> & Sendable) -> Self {
        .real(
            "fit_budget", path, in: 1...3600, unit: "s",
            help:
                "the time that a fit may take, in seconds of two slow cores; with less there are fewer turned copies and "
                + "synthetic anomalies")
    }
}
