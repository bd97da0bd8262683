package import Core
package import TOML

extension Configuration.RecipeSettings: NamedTable {
    package init(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        self.init()
        try table.readName(.name, into: &name)
        try readMethod(table)
        try readArea(table)
        try readWording(table)
        try table.read(.minBrightness, into: &minBrightness, in: 0...255)
        try table.read(.maxBrightness, into: &maxBrightness, in: 0...255)
        try table.read(.frozenFrames, into: &frozenFrames, in: 0...1000)
        try table.read(.sceneShift, into: &sceneShift)
        try table.read(.teachParts, into: &teachParts, in: 0...StreamLimits.parts)
        guard teachParts == 0 || teachParts >= StreamLimits.fewest else {
            throw .invalidValue(
                table.place(.teachParts), expected: "0 (off) or \(StreamLimits.fewest) to \(StreamLimits.parts)",
                got: "\(teachParts)")
        }
        guard minBrightness < maxBrightness else {
            throw .contradiction(
                table.place(.minBrightness),
                remedy: "got min_brightness \(minBrightness) and max_brightness \(maxBrightness): "
                    + "no picture lies between: lower the first or raise the second")
        }
        // Each frame is the same as itself.
        guard frozenFrames != 1 else {
            throw .invalidValue(table.place(.frozenFrames), expected: "0 (off) or 2 to 1000", got: "1")
        }
    }

    private mutating func readMethod(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.backbone, into: &backbone, expected: "a model's name, or the path of its weights") {
            !$0.isEmpty && $0.utf8.count <= 1024
        }
        // What the backbone takes is known once it is loaded, see ConfiguredMethod.
        try table.read(.inputSize, into: &inputSize, in: 0...2048)
        try table.read(.layers, into: &layers, in: 1...64)
        method = try table.method(.choice, default: method)
        try table.read(.smoothing, into: &smoothing, in: 0...10)
        try table.read(.sensitivity, into: &sensitivity, in: 0...1)
    }

    /// The options of all methods, each once: one that this recipe's method does not have is refused by name, and not
    /// as a key that nobody knows.
    package static var furtherKeys: [String] { Methods.options.map(\.key) }

    private mutating func readWording(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.object, into: &object, expected: "1 to 100 characters") {
            // One character may have any number of bytes.
            (1...100).contains($0.count) && $0.utf8.count <= 1000
        }
        let expected = "a list of texts of at most 200 characters with one {} in each"
        try table.read(.normalStates, into: &normalStates, expected: expected, where: PromptEnsemble.isPattern)
        try table.read(.abnormalStates, into: &abnormalStates, expected: expected, where: PromptEnsemble.isPattern)
        try table.read(.promptTemplates, into: &promptTemplates, expected: expected, where: PromptEnsemble.isPattern)
        let texts: [(CodingKeys, [String])] = [
            (.object, [object]), (.normalStates, normalStates), (.abnormalStates, abnormalStates),
            (.promptTemplates, promptTemplates),
        ]
        for (key, texts) in texts {
            for case (let expected, let got)? in texts.map(PromptText.problem) {
                throw .invalidValue(table.place(key), expected: expected, got: got)
            }
        }
    }

    /// What is said of good and bad parts: each list that the file gives takes the place of the method's.
    var wording: Wording {
        var prompts = method.prompts
        if !normalStates.isEmpty { prompts.normal = normalStates }
        if !abnormalStates.isEmpty { prompts.abnormal = abnormalStates }
        if !promptTemplates.isEmpty { prompts.templates = promptTemplates }
        return Wording(object: object, prompts: prompts)
    }

    private mutating func readArea(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        let rectangle = "[x, y, width, height] in pixels, the sides at least 1, or []"
        // Whether it lies in the frame is known with the first frame: FrameGuards.
        if let numbers = try table.pixels(.roi, expected: rectangle) {
            guard numbers.isEmpty || (numbers.count == 4 && numbers[2] > 0 && numbers[3] > 0) else {
                throw .invalidValue(table.place(.roi), expected: rectangle, got: "\(numbers)")
            }
            roi = numbers
        }
        let polygons = "a list of polygons, each of at least 3 points [x, y] in pixels"
        ignore = try table.polygons(.ignore, expected: polygons) ?? ignore
        if let short = ignore.first(where: { $0.count < 3 }) {
            throw .invalidValue(table.place(.ignore), expected: polygons, got: "a polygon of \(short.count) points")
        }
    }
}

extension Configuration.RecipeSettings {
    /// What of the frame is inspected.
    package var area: InspectionArea {
        InspectionArea(
            roi: roi.count == 4 ? PixelRectangle(x: roi[0], y: roi[1], width: roi[2], height: roi[3]) : nil,
            ignore: ignore.map { polygon in polygon.map { PixelPoint(x: $0[0], y: $0[1]) } })
    }
}

extension ConfigurationTable {
    /// The method of that name, with those of its options that the file has. An option is absent or the operator's word, whatever
    /// its default.
    ///
    /// - Throws: an option that another method has, too.
    fileprivate func method(_ key: Key, default method: any Method) throws(ConfigurationError) -> any Method {
        var name = method.name
        let names = OptionDomain.choice(Methods.names).words
        try read(key, into: &name, expected: names) { Methods.named($0) != nil }
        guard var method = Methods.named(name) else { preconditionFailure("a method without a definition: \(name)") }
        for option in Configuration.RecipeSettings.furtherKeys {
            guard let value = try optionValue(option, of: method) else { continue }
            do throws(MethodOptionError) {
                try method.set(option, to: value)
            } catch {
                switch error {
                case .unknown: throw .contradiction(place(option), remedy: error.problem)
                case .invalid(_, _, let expected, let got):
                    throw .invalidValue(place(option), expected: expected, got: got)
                }
            }
        }
        return method
    }

    /// Nil = the file does not have it.
    private func optionValue(_ key: String, of method: any Method) throws(ConfigurationError) -> OptionValue? {
        guard let found = table[key] else { return nil }
        let value: OptionValue? =
            switch found {
            case .boolean(let flag): .flag(flag)
            case .integer(let number): .number(number)
            case .float(let number): .real(number)
            case .string(let text): .choice(text)
            case .time, .array, .table, .tables: nil
            }
        let domain = method.definition.domain(of: key)
        if let value, domain.map({ $0.typed(value) != nil }) ?? true { return value }
        throw .wrongType(
            place(key), expected: domain?.words ?? "an option of another type", got: found.description)
    }
}
