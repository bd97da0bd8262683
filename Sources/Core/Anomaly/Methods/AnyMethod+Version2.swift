/// How documents of version 2 have a method: its name among the settings, with the options of all methods beside it, whether they
/// were the method's or not; those of `clip-fsac` in a table of their own.
extension AnyMethod {
    private enum Version2Keys: String, CodingKey {
        case method
        case clipFSAC = "clip_fsac"
    }

    /// - Parameter decoder: of the settings.
    init(version2 name: String, _ decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Version2Keys.self)
        let own = try container.decodeIfPresent([String: OptionValue].self, forKey: .clipFSAC) ?? [:]
        do {
            guard let definition = Methods.named(name)?.definition else { throw UnknownMethod(name: name) }
            var values: [String: OptionValue] = [:]
            let shared = try decoder.container(keyedBy: NameKey.self)
            for option in definition.descriptions {
                let key = NameKey(stringValue: option.key)
                values[option.key] = try own[option.key] ?? shared.decodeIfPresent(OptionValue.self, forKey: key)
            }
            if values["epochs"] == .choice("auto") { values["epochs"] = .number(0) }
            try self.init(name: name, values)
        } catch let error as UnknownMethod {
            throw DecodingError.dataCorruptedError(forKey: .method, in: container, debugDescription: "\(error)")
        } catch let error as MethodOptionError {
            throw DecodingError.dataCorruptedError(forKey: .method, in: container, debugDescription: "\(error)")
        }
    }
}
