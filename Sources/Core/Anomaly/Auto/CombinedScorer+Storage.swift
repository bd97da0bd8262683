extension CombinedScorer {
    package struct Header: ScorerHeader {
        package static let kind = "combined"

        struct Component: Codable, Sendable, Equatable {
            let columns: Range<Int>
            /// One a turn that is told apart.
            let memories: [PatchMemory.Header]
        }

        struct Texture: Codable, Sendable, Equatable {
            let columns: Range<Int>
            let tolerance: Float
            let weight: Float
            /// Of models that do not say, ``TextureRule/cautious``.
            let rule: TextureRule?
        }

        struct Composition: Codable, Sendable, Equatable {
            let columns: Range<Int>
            let shots: Int
            let unit: Float
            let weight: Float
        }

        let featureWidth: Int
        let components: [Component]
        /// Of models that do not say, ``PatchExponent/fourth``.
        let exponent: PatchExponent?
        /// Of each fine view; nil when there is none.
        let fine: [[PatchMemory.Header]]?
        let fusion: ViewFusion?
        let texture: Texture?
        /// Nil where it does not count, and of models that do not say.
        let composition: Composition?
        /// The words' tolerance, where they are used.
        let words: Float?
        let choice: FitChoice

        enum CodingKeys: String, CodingKey {
            case components, composition, exponent, fine, fusion, texture, words, choice
            case featureWidth = "feature_width"
        }

        package func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer {
            try CombinedScorer(self, tensors)
        }
    }

    package var stored: StoredScorer {
        var tensors: [String: Tensor] = [:]
        for (index, component) in components.enumerated() {
            for (turn, memory) in component.memories.enumerated() {
                tensors.merge(memory.bank.tensors(Self.name(index, turn))) { own, _ in own }
            }
        }
        for (view, components) in fine.enumerated() {
            for (stage, component) in components.enumerated() {
                tensors.merge(component.memories[0].bank.tensors(Self.fineName(view, stage))) { own, _ in own }
            }
        }
        if let texture {
            for (name, values) in texture.vectors { tensors[name] = Tensor(shape: [values.count], values: values) }
        }
        if let composition {
            tensors[Self.compositionWords] = Tensor(composition.words)
            tensors[Self.compositionShots] = Tensor(composition.shots)
        }
        if let words { tensors.merge(words.anchors.tensors) { own, _ in own } }
        let header = Header(
            featureWidth: featureWidth,
            components: components.map { .init(columns: $0.columns, memories: $0.memories.map(\.header)) },
            exponent: exponent, fine: fine.isEmpty ? nil : fine.map { $0.map { $0.memories[0].header } },
            fusion: fusion,
            texture: texture.map {
                .init(columns: $0.columns, tolerance: $0.tolerance, weight: $0.weight, rule: $0.rule)
            },
            composition: composition.map {
                .init(columns: $0.columns, shots: $0.shots.rows, unit: $0.unit, weight: $0.weight)
            },
            words: words?.tolerance, choice: choice)
        return StoredScorer(header: header, tensors: tensors)
    }

    fileprivate static let compositionWords = "composition.words"
    fileprivate static let compositionShots = "composition.shots"

    private static func name(_ component: Int, _ turn: Int) -> String { "memory.\(component).\(turn)" }

    private static func fineName(_ view: Int, _ stage: Int) -> String { "fine.\(view).\(stage)" }

    /// As a memory of its own has them.
    private static func memory(_ name: String, _ tensors: [String: Tensor]) -> [String: Tensor] {
        var own: [String: Tensor] = [:]
        own[PatchMemory.memoryName] = tensors[name]
        own[PatchMemory.memoryName + PatchPlaces.tensorSuffix] = tensors[name + PatchPlaces.tensorSuffix]
        return own
    }

    private static func fine(
        _ header: Header, _ tensors: [String: Tensor]
    ) throws(DamagedSection) -> [[Component]] {
        let (stored, chosen) = (header.fine ?? [], header.choice.fine ?? [])
        guard stored.map(\.count) == chosen.map(\.components.count), stored.isEmpty == (header.fusion == nil),
            header.fusion?.isWellFormed(looks: stored.count) ?? true,
            header.fusion?.fine.map(\.view) ?? [] == chosen.map(\.view)
        else {
            throw DamagedSection(
                section: "fine views", expected: "as many as were chosen, with their shares",
                got: "\(stored.map(\.count)) memories of \(chosen.map(\.components.count))")
        }
        var views: [[Component]] = []
        for (view, (memories, chosen)) in zip(stored, chosen).enumerated() {
            var components: [Component] = []
            for (stage, (memory, choice)) in zip(memories, chosen.components).enumerated() {
                let name = fineName(view, stage)
                let memory = try PatchMemory(memory, Self.memory(name, tensors))
                guard choice.unit.isFinite, choice.unit > 0 else {
                    throw DamagedSection(section: name, expected: "a positive unit", got: "\(choice.unit)")
                }
                components.append(
                    Component(
                        stage: choice.stage, columns: 0..<memory.featureWidth, memories: [memory], unit: choice.unit))
            }
            views.append(components)
        }
        return views
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        guard (1...(1 << 20)).contains(header.featureWidth), !header.components.isEmpty,
            header.components.count == header.choice.components.count
        else {
            throw DamagedSection(
                section: "combined", expected: "as many components as were chosen, at least one",
                got: "\(header.components.count) of \(header.choice.components.count)")
        }
        var components: [Component] = []
        for (index, (stored, chosen)) in zip(header.components, header.choice.components).enumerated() {
            var memories: [PatchMemory] = []
            for (turn, memory) in stored.memories.enumerated() {
                memories.append(try PatchMemory(memory, Self.memory(Self.name(index, turn), tensors)))
            }
            guard stored.columns.lowerBound >= 0, stored.columns.upperBound <= header.featureWidth,
                !memories.isEmpty, memories.allSatisfy({ $0.featureWidth == stored.columns.count }),
                memories.count == header.components[0].memories.count, chosen.unit.isFinite, chosen.unit > 0
            else {
                throw DamagedSection(
                    section: "component \(index)", expected: "columns of \(header.featureWidth) and a positive unit",
                    got: "\(stored.columns), \(memories.map(\.featureWidth)) wide, unit \(chosen.unit)")
            }
            components.append(
                Component(stage: chosen.stage, columns: stored.columns, memories: memories, unit: chosen.unit))
        }
        self.init(
            components: components, exponent: header.exponent ?? .fourth, fine: try Self.fine(header, tensors),
            fusion: header.fusion,
            texture: try header.texture.map { texture throws(DamagedSection) in
                try TextureStatistics(texture, tensors, width: header.featureWidth)
            },
            composition: try header.composition.map { composition throws(DamagedSection) in
                try Composition(composition, tensors, width: header.featureWidth)
            }, words: try Self.words(header.words, tensors), featureWidth: header.featureWidth, choice: header.choice)
    }

    private static func words(_ tolerance: Float?, _ tensors: [String: Tensor]) throws(DamagedSection)
        -> WordComparison?
    {
        guard let tolerance else { return nil }
        guard tolerance > 0, tolerance.isFinite else {
            throw DamagedSection(section: "words", expected: "a positive tolerance", got: "\(tolerance)")
        }
        return WordComparison(anchors: try TextAnchors(tensors), tolerance: tolerance)
    }
}

extension TextureStatistics {
    fileprivate var vectors: [String: [Float]] {
        [
            "texture.mean": mean, "texture.deviation": deviation, "texture.centre": centre,
            "texture.variance": variance,
        ]
    }

    fileprivate init(
        _ header: CombinedScorer.Header.Texture, _ tensors: [String: Tensor], width: Int
    ) throws(DamagedSection) {
        func vector(_ name: String, _ count: Int) throws(DamagedSection) -> [Float] {
            guard let tensor = tensors["texture." + name], tensor.shape == [count] else {
                throw DamagedSection(
                    section: "texture." + name, expected: "[\(count)]",
                    got: tensors["texture." + name].map { "\($0.shape)" } ?? "none")
            }
            return tensor.values
        }
        let count = header.columns.count
        guard header.columns.lowerBound >= 0, header.columns.upperBound <= width, header.tolerance > 0,
            (0...1).contains(header.weight), header.rule?.isWellFormed ?? true
        else {
            throw DamagedSection(
                section: "texture",
                expected: "columns of \(width), a positive tolerance, a weight of 0 to 1 and a rule",
                got:
                    "\(header.columns), \(header.tolerance), \(header.weight), \(header.rule ?? TextureRule.cautious)")
        }
        self.init(
            columns: header.columns, mean: try vector("mean", count), deviation: try vector("deviation", count),
            centre: try vector("centre", 2 * count), variance: try vector("variance", 2 * count),
            tolerance: header.tolerance, weight: header.weight, rule: header.rule ?? .cautious)
    }
}

extension Composition {
    fileprivate init(
        _ header: CombinedScorer.Header.Composition, _ tensors: [String: Tensor], width: Int
    ) throws(DamagedSection) {
        guard header.columns.lowerBound >= 0, header.columns.upperBound <= width,
            (1...(1 << 16)).contains(header.shots),
            header.unit > 0, header.unit.isFinite, (0...1).contains(header.weight)
        else {
            throw DamagedSection(
                section: "composition", expected: "columns of \(width), a shot, a positive unit and a weight of 0 to 1",
                got: "\(header.columns), \(header.shots), \(header.unit), \(header.weight)")
        }
        let size = Self.books * Self.wordsOfBook
        self.init(
            columns: header.columns,
            words: try tensors.matrix(CombinedScorer.compositionWords, rows: size, columns: header.columns.count),
            shots: try tensors.matrix(
                CombinedScorer.compositionShots, rows: header.shots, columns: size * Self.cells),
            unit: header.unit, weight: header.weight)
    }
}
