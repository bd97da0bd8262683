import ArgumentParser
package import Core

/// The options of every offline command that fits a model: what a `[recipe]` table of the configuration can say.
///
/// What is left out is nil, not a default: only method and backbone together know what that is.
struct MethodOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The method.", discussion: MethodName.discussion, valueName: "method"))
    var method = MethodName(Methods.standard)

    @Option(help: "Layers of the backbone to join, with commas (default: the backbone's).")
    var layers: IntegerList?

    @Option(help: "Standard deviation of the anomaly map's smoothing, in patches.")
    var smoothing: Float?

    @Option(help: "What the part is called, for methods that read: \"metal bottle cap\" (with a CLIP backbone).")
    var object: String?

    @Option(help: "Where the limit stands, from 0 (few false rejects) to 1 (few escapes).")
    var sensitivity: Sensitivity?

    @OptionGroup var given: GivenOptions

    /// - Parameter inputSize: nil is the backbone's default.
    /// - Throws: `ValidationError` with the option's name; the words are those of the configuration's errors.
    func settings(for model: BackboneModel, inputSize: Int?) throws -> MethodSettings {
        let method = try given.applied(to: method.base)
        var settings = MethodSettings(
            method: method, layers: layers?.values ?? [], inputSize: inputSize,
            wording: object.map { Wording(object: $0, prompts: method.prompts) }
        ).withDefaults(
            inputSize: model.defaultInputSize, layers: model.defaultLayers, textLayers: model.textLayers)
        if let smoothing { settings.smoothing = smoothing }
        if let sensitivity { settings.sensitivity = sensitivity }
        if let problem = method.definition.problem(of: model.name, textLayers: model.textLayers) {
            throw ValidationError("--" + problem)
        }
        if object != nil, settings.wording == nil {
            throw ValidationError("--object: \(method.name) does not read: leave it out")
        }
        if let problem = settings.problem(layerCount: model.layerCount) { throw ValidationError("--" + problem) }
        return settings
    }
}

/// A method by its name, with its defaults. Names and texts come from ``Methods/all``: a new one is here without a
/// change.
struct MethodName: ExpressibleByArgument {
    let base: any Method

    init(_ base: any Method) { self.base = base }

    init?(argument: String) {
        guard let method = Methods.named(argument) else { return nil }
        base = method
    }

    static var allValueStrings: [String] { Methods.names }
    var defaultValueDescription: String { base.name }

    static let discussion = Methods.all.map { "\($0.name): \($0.about.text)." }.joined(separator: "\n")
}

/// The options of all methods, as the methods define them. ArgumentParser makes its options of what a mirror shows of
/// the empty value, and decodes them under the same names.
///
/// Not a property each, as elsewhere: a method's option is written once, in its own file, and the configuration,
/// `--help` and this derive from it. All options are known with each method; one that it does not have is refused with
/// the names of those it has.
struct GivenOptions: ParsableArguments, CustomReflectable {
    /// In the order of ``Methods/options``.
    private var flags: [(key: String, value: Bool)] = []
    /// As typed: what a value means is known once the method is.
    private var texts: [(key: String, value: String)] = []

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: NameKey.self)
        for option in Methods.options {
            let key = NameKey(stringValue: option.key)
            if option.isFlag {
                // Nil when it was not given: `--no-foreground` and nothing are different requests.
                let flag = try container.decode(Flag<Bool?>.self, forKey: key).wrappedValue
                if let flag { flags.append((option.key, flag)) }
            } else {
                let text = try container.decode(Option<String?>.self, forKey: key).wrappedValue
                if let text { texts.append((option.key, text)) }
            }
        }
    }

    /// Called for `--help` and for parsing, on a value of `init()`.
    var customMirror: Mirror {
        let children = Methods.options.map { option -> Mirror.Child in
            let name = NameSpecification.customLong(Self.name(option.key))
            let help = ArgumentHelp(stringLiteral: option.text)
            let definition: Any =
                option.isFlag
                ? Flag<Bool?>(name: name, inversion: .prefixedNo, help: help) : Option<String?>(name: name, help: help)
            return (option.key, definition)
        }
        return Mirror(self, children: children)
    }

    /// `fit-budget` of `fit_budget`.
    private static func name(_ key: String) -> String { key.replacing("_", with: "-") }

    /// The method with what was given.
    func applied(to method: any Method) throws -> any Method {
        var method = method
        do throws(MethodOptionError) {
            for (key, flag) in flags { try method.set(key, to: .flag(flag)) }
            for (key, text) in texts {
                let domain = method.definition.domain(of: key)
                // What is no value of the domain is refused as the word that it is.
                try method.set(key, to: domain?.value(of: text) ?? .choice(text))
            }
        } catch {
            let problem = if case .unknown = error { Self.name(error.problem) } else { error.problem }
            throw ValidationError("--\(Self.name(error.option)): \(problem)")
        }
        return method
    }
}

extension Sensitivity: ExpressibleByArgument {
    package init?(argument: String) {
        guard let value = Double(argument) else { return nil }
        self.init(value)
    }

    package var defaultValueDescription: String { "\(value)" }
}
