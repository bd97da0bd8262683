/// What decides the scale of a model's scores, and its limit: of which backbone it is and what was asked of the fit. What a fit
/// chooses does not make another kind: its scores are calibrated.
package struct ModelKind: Codable, Sendable, Equatable {
    /// Which weights, at what size. The digest tells weights apart; the name is for people.
    package struct Backbone: Codable, Sendable {
        package var name: String
        /// SHA-256 of the weights, in hexadecimal; of joined backbones, one that stands for all of theirs.
        package var sha256: String
        /// That is asked for, in pixels; nil leaves it to the fit.
        package var inputSize: Int?
        /// In what some of its layers are computed; nil = all in single precision.
        package var precision: ReducedPrecision?

        package init(name: String, sha256: String, inputSize: Int? = nil, precision: ReducedPrecision? = nil) {
            self.name = name
            self.sha256 = sha256
            self.inputSize = inputSize
            self.precision = precision
        }

        enum CodingKeys: String, CodingKey {
            case name, sha256, precision
            case inputSize = "input_size"
        }
    }

    /// A model can judge only features of its own backbone.
    package var backbone: Backbone
    private var choice: AnyMethod
    package var layers: [Int]
    package var wording: Wording?
    package var area: InspectionArea
    /// Decides the limit, but no score.
    package var sensitivity: Sensitivity

    enum CodingKeys: String, CodingKey {
        case backbone, layers, wording, area, sensitivity
        case choice = "method"
    }

    /// - Parameter settings: what is asked for.
    package init(
        backbone: String, sha256: String, precision: ReducedPrecision? = nil, requested settings: MethodSettings
    ) {
        self.backbone = Backbone(
            name: backbone, sha256: sha256, inputSize: settings.inputSize, precision: precision)
        choice = AnyMethod(settings.method)
        layers = settings.layers
        wording = settings.wording
        area = settings.area
        sensitivity = settings.sensitivity
    }

    package var method: any Method { choice.method }
}

extension ModelKind.Backbone: Equatable {
    package static func == (one: Self, other: Self) -> Bool {
        one.sha256 == other.sha256 && one.inputSize == other.inputSize && one.precision == other.precision
    }
}

extension FittedModel {
    package var kind: ModelKind {
        ModelKind(
            backbone: backbone.name, sha256: backbone.sha256, precision: backbone.precision, requested: requested)
    }
}

extension ModelKind {
    /// Whether a limit for one is a limit for the other.
    package func sharesScale(with other: ModelKind) -> Bool {
        backbone == other.backbone && method.definition == other.method.definition
            && scoreValues == other.scoreValues && layers == other.layers && wording == other.wording
            && area == other.area
    }

    /// What those options are set to that change scores.
    private var scoreValues: [String: OptionValue] {
        let keys = method.definition.descriptions.filter(\.changesScores).map(\.key)
        return method.values.filter { keys.contains($0.key) }
    }
}

// MARK: For people, never compared

extension ModelKind.Backbone: CustomStringConvertible {
    package var description: String {
        "\(name)\(inputSize.map { " at \($0) px" } ?? "") (weights \(sha256.prefix(8)))"
            + (precision.map { " in \($0.rawValue)" } ?? "")
    }
}

extension ModelKind: CustomStringConvertible {
    /// The method, its options, and what else is asked for.
    package var methodWords: String {
        var phrases = [method.name]
        if !layers.isEmpty { phrases.append("layers \(layers.map(String.init).joined(separator: " "))") }
        let values = method.values
        phrases += method.definition.descriptions.compactMap { option in
            values[option.key].map { option.words($0) }
        }
        if let wording {
            phrases.append("\"\(wording.object)\"" + (wording.prompts == method.prompts ? "" : ", own prompts"))
        }
        if let area = area.text { phrases.append(area) }
        return phrases.joined(separator: ", ")
    }

    package var description: String { "\(backbone), \(methodWords)" }

    /// What another kind has otherwise, in words; nil when nothing.
    package func difference(from other: ModelKind) -> String? {
        guard self != other else { return nil }
        if backbone != other.backbone { return "backbone \(other.backbone), not \(backbone)" }
        if methodWords != other.methodWords { return "\(other.methodWords), not \(methodWords)" }
        return sensitivity == other.sensitivity
            ? "other prompts" : "sensitivity \(other.sensitivity.value), not \(sensitivity.value)"
    }
}

extension OptionDescription {
    /// `dimensions 100`, `local averaging`, `no foreground`.
    fileprivate func words(_ value: OptionValue) -> String {
        let name = key.replacing("_", with: " ")
        switch value {
        case .flag(let flag): return flag ? name : "no \(name)"
        case .choice(let choice): return "\(name) \(choice)"
        case .number(let number): return "\(name) \(number)"
        case .real(let number): return "\(name) \(number)" + (unit.map { " " + $0 } ?? "")
        }
    }
}
