import Core
package import TOML

/// A recipe's table by itself: what goes with a recipe to another station.
extension Configuration.RecipeSettings {
    /// The table, with every key, for defaults may be others in another version. ``init(toml:file:)`` reads the same settings.
    ///
    /// - Parameter comment: a line for people.
    package func toml(comment: String) -> String {
        var lines: [(CodingKeys, any TOMLWritable)] = [
            (.name, name), (.backbone, backbone), (.inputSize, inputSize), (.layers, layers),
            (.smoothing, smoothing), (.sensitivity, sensitivity), (.minBrightness, minBrightness),
            (.maxBrightness, maxBrightness), (.frozenFrames, frozenFrames), (.sceneShift, sceneShift.rawValue),
            (.teachParts, teachParts), (.roi, roi), (.ignore, ignore), (.object, object),
            (.normalStates, normalStates), (.abnormalStates, abnormalStates), (.promptTemplates, promptTemplates),
        ]
        lines.append((.choice, method.name))
        let options = method.values.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.toml)" }
        return (["# \(comment)", "[recipe]"] + lines.map { "\($0.0.stringValue) = \($0.1.toml)" } + options)
            .joined(separator: "\n") + "\n"
    }

    /// A file that is a `[recipe]` table and nothing else, held to all that a configuration's is held to.
    ///
    /// - Parameter file: the name in messages.
    package init(toml text: String, file: String) throws(ConfigurationError) {
        let top = try ConfigurationTable<TopKeys>(toml: text, file: file)
        var read: [Self] = []
        _ = try top.tables(.recipe, name: .name, into: &read)
        guard read.count == 1 else {
            throw .invalidValue(top.place(.recipe), expected: "one [recipe] table", got: "\(read.count)")
        }
        self = read[0]
    }

    private enum TopKeys: String, CodingKey, CaseIterable { case recipe }
}

extension OptionValue {
    fileprivate var toml: String {
        switch self {
        case .flag(let flag): flag.toml
        case .number(let number): number.toml
        case .real(let number): number.toml
        case .choice(let choice): choice.toml
        }
    }
}
