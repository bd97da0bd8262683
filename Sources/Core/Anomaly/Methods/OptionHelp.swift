/// What people read of an option, of all methods that have it.
package struct OptionHelp: Sendable {
    /// Methods to which it does the same.
    package struct Use: Sendable {
        package let option: OptionDescription
        /// In the order of ``Methods/all``.
        package fileprivate(set) var defaults: [(method: String, value: OptionValue)]

        /// Who has it, what it does, what it can be, and what it is when nobody says.
        package var text: String {
            let names = defaults.map(\.method).joined(separator: ", ")
            return "\(names): \(option.help): \(option.domain.words). Default: \(defaultText)."
        }

        private var defaultText: String {
            var groups: [(value: OptionValue, methods: [String])] = []
            for (method, value) in defaults {
                if let index = groups.firstIndex(where: { $0.value == value }) {
                    groups[index].methods.append(method)
                } else {
                    groups.append((value, [method]))
                }
            }
            guard groups.count > 1 else { return defaults[0].value.text }
            return groups.map { "\($0.value.text) for \($0.methods.joined(separator: ", "))" }.joined(separator: "; ")
        }
    }

    package let key: String
    package fileprivate(set) var uses: [Use]

    package var text: String { uses.map(\.text).joined(separator: " ") }
    package var isFlag: Bool { uses[0].option.domain == .flag }
}

extension Methods {
    /// Every option once, in the order in which the methods name them.
    package static let options: [OptionHelp] = all.reduce(into: []) { helps, method in
        let defaults = method.init().values
        for option in method.descriptions {
            guard let value = defaults[option.key] else { continue }
            let own = (method: method.name, value: value)
            let new = OptionHelp.Use(option: option, defaults: [own])
            guard let index = helps.firstIndex(where: { $0.key == option.key }) else {
                helps.append(OptionHelp(key: option.key, uses: [new]))
                continue
            }
            if let use = helps[index].uses.firstIndex(where: { $0.option == option }) {
                helps[index].uses[use].defaults.append(own)
            } else {
                helps[index].uses.append(new)
            }
        }
    }
}

extension MethodDescription {
    /// What it does, and whose it is.
    package var text: String { summary + (reference.map { " (\($0))" } ?? "") }
}
