package import Core

extension Configuration.Recipe: NamedTable {
    init(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        self.init()
        try table.readName(.name, into: &name)
        try readMethod(table)
        try readArea(table)
        try readWording(table)
        try table.read(.minBrightness, into: &minBrightness, in: 0...255)
        try table.read(.maxBrightness, into: &maxBrightness, in: 0...255)
        try table.read(.frozenFrames, into: &frozenFrames, in: 0...1000)
        try table.read(.sceneShift, into: &sceneShift)
        guard minBrightness < maxBrightness else {
            throw .contradiction(
                table.place(.minBrightness),
                remedy: "got min_brightness \(minBrightness) and max_brightness \(maxBrightness): "
                    + "no picture lies between: lower the first or raise the second")
        }
        guard frozenFrames != 1 else {
            throw .invalidValue(table.place(.frozenFrames), expected: "0 (off) or 2 to 1000", got: "1")
        }
    }

    private mutating func readMethod(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.backbone, into: &backbone, expected: "a model's name, or the path of its weights") {
            !$0.isEmpty && $0.utf8.count <= 1024
        }
        try table.read(.inputSize, into: &inputSize, in: 0...2048)
        try table.read(.method, into: &method)
        try table.read(.layers, into: &layers, in: 1...64)
        try table.read(.localAveraging, into: &localAveraging)
        try table.read(.rotations, into: &rotations, in: 1...8)
        if ![1, 2, 4, 8].contains(rotations) {
            throw .invalidValue(table.place(.rotations), expected: "1, 2, 4 or 8", got: "\(rotations)")
        }
        try table.read(.coresetBudget, into: &coresetBudget, in: 0...1_000_000)
        try table.read(.aggregation, into: &aggregation)
        try table.read(.foreground, into: &foreground)
        try table.read(.dimensions, into: &dimensions, in: 1...4096)
        try table.read(.neighbours, into: &neighbours, in: 1...1000)
        try table.read(.fitBudget, into: &fitBudget, in: 1...3600)
        try table.read(.preset, into: &preset)
        try table.read(.descriptor, into: &descriptor)
        try table.read(.epochs, into: &epochs, in: 0...10_000)
        try table.read(.batch, into: &batch, in: 1...64)
        try table.read(.map, into: &map)
        try table.read(.smoothing, into: &smoothing, in: 0...10)
        try table.read(.sensitivity, into: &sensitivity, in: 0...1)
    }

    private mutating func readWording(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        try table.read(.object, into: &object, expected: "1 to 100 characters") { (1...100).contains($0.count) }
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

    /// What is said of good and bad parts.
    var wording: Wording {
        var prompts = method.prompts
        if !normalStates.isEmpty { prompts.normal = normalStates }
        if !abnormalStates.isEmpty { prompts.abnormal = abnormalStates }
        if !promptTemplates.isEmpty { prompts.templates = promptTemplates }
        return Wording(object: object, prompts: prompts)
    }

    private mutating func readArea(_ table: ConfigurationTable<CodingKeys>) throws(ConfigurationError) {
        let rectangle = "[x, y, width, height] in pixels, the sides at least 1, or []"
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

extension Configuration.Recipe {
    /// What of the frame is inspected.
    package var area: InspectionArea {
        InspectionArea(
            roi: roi.count == 4 ? PixelRectangle(x: roi[0], y: roi[1], width: roi[2], height: roi[3]) : nil,
            ignore: ignore.map { polygon in polygon.map { PixelPoint(x: $0[0], y: $0[1]) } })
    }
}
