/// The kind of a model as it was written beside model documents of version 2: two sentences that were compared letter by letter.
/// A limit that an operator set then is known by them still.
package struct ModelKindText: Codable, Sendable, Equatable {
    /// Name, weights and input size.
    package var backbone: String
    /// The method and those of its settings that change scores.
    package var method: String

    /// What version 2 said of a model of this kind. Frozen: nothing new may be said here.
    package init(_ kind: ModelKind) {
        backbone = "\(kind.backbone)"
        let (method, values) = (kind.method, kind.method.values)
        var phrases = [method.name == "patch-memory" ? "patch memory" : method.name]
        if !kind.layers.isEmpty { phrases.append("layers \(kind.layers.map(String.init).joined(separator: " "))") }
        if method.localAveraging { phrases.append("3x3 averaged") }
        phrases += values.sorted { $0.key < $1.key }.compactMap { Self.words($0.key, $0.value) }
        // Version 2 had no other: nothing that it wrote is of such a kind.
        if let views = values["views"], views != .choice("coarse") { phrases.append("views \(views.text)") }
        if method.name == "clip-fsac" {
            phrases += ["preset", "descriptor", "epochs"].compactMap { key in
                values[key].map { Self.words(ofTraining: $0) }
            }
        }
        if let wording = kind.wording {
            phrases.append("\"\(wording.object)\"" + (wording.prompts == method.prompts ? "" : ", own prompts"))
        }
        if let area = kind.area.text { phrases.append(area) }
        self.method = phrases.joined(separator: ", ")
    }

    private static func words(_ key: String, _ value: OptionValue) -> String? {
        switch (key, value) {
        case ("aggregation", .choice("top_percent")): "top 1 %"
        case ("aggregation", .choice("maximum")): "maximum"
        case ("aggregation", .choice("patchcore")): "re-weighted maximum"
        case ("coreset_budget", .number(let number)): "\(number == 0 ? "all" : "\(number)") patches"
        case ("rotations", .number(let number)): "\(number) rotations"
        case ("foreground", .flag(true)): "foreground"
        case ("dimensions", .number(let number)): "\(number) dimensions"
        case ("neighbours", .number(let number)): "\(number) neighbours"
        case ("fit_budget", .real(let number)): "fitted within \(number) s"
        default: nil
        }
    }

    private static func words(ofTraining value: OptionValue) -> String {
        switch value {
        case .number(0): "epochs as they help"
        case .number(let number): "\(number) epochs"
        case .choice(let name): name
        case .flag, .real: value.text
        }
    }
}
